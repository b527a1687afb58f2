// Making a consumer's request from a product and a few wishes.
#pragma once

#include <cstdint>
#include <string>

#include "sdk/base/json.hpp"

namespace qc::cli {

struct RequestWishes {
  std::string subject;
  /// Shown to the subject and signed; "": what is so of any decision, or of any watching.
  std::string necessity, impact;
  std::int64_t valid_days = 7, uses = 1, data_life_days = 0, expires_hours = 24;
};

/// The body of request.create, within what `product` (catalogue entry) allows; 0 days of data life
/// means the product's. `consumer` is the member entry of the one who asks, `key` the JWK of the
/// one who will receive. Error: "product.invalid" when the catalogue entry lacks a member.
Result<Json> make_request(const Json& product, const Json& consumer, const Json& key,
                          const RequestWishes& wishes, std::int64_t now_s);

}  // namespace qc::cli
