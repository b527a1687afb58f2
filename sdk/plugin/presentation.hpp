// Internal: evidence under a grant (docs/formats.md, Asset and Grant).
#pragma once

#include "sdk/plugin/product.hpp"

namespace qc::plugin {

/// A "decide" message after its form is checked. Points into the message.
struct DecideOrder {
  std::string access;
  std::string grant;
  std::string purpose;
  std::string subject;    ///< account
  bool standing = false;  ///< evidence is issued afresh for this access, not presented once
  crypto::PublicKey holder;
  std::string consumer;  ///< account
  crypto::PublicKey consumer_key;
  const Json* scope = nullptr;
  const Json* issuers = nullptr;
  const Json* presentations = nullptr;
  std::int64_t now_s = 0;
};

/// Reads the message and holds it against the grant: product, consumer, purpose, release, key and
/// time. Errors: "decide.…" and "json.…" naming the field.
Result<DecideOrder> read_order(const Own& own, const Json& message, std::int64_t now_s);

/// Opens every presentation and holds each against the grant's scope: item, version, asset, exactly
/// the granted fields, issuer's signature, chain, expiry. Under a grant for once: SM3 of the
/// ciphertext, key binding to consumer and grant. Under a standing one: issued afresh by the
/// department, for this access and consumer. Fails when something required is missing. Errors:
/// "decide.…" naming the field, "issued.…", those of sdk/crypto.
Result<std::vector<Evidence>> open_presentations(const Own& own, const DecideOrder& order);

}  // namespace qc::plugin
