// Regular work of a product under standing grants: what is due, read off the ledger.
#pragma once

#include "host/exchange/context.hpp"

namespace qc::exchange {

class DueIndex;

/// GET /v1/products/{id}:due, for the product's owner: the accesses that its schedule asks for now
/// and that the rules would let through, each with the body of an `access.open` to be signed
/// ("due"); and what is held back, with the rules' or the plugin's code ("held"). What was
/// done is what the ledger has; `index` says only which grants are to be looked at. Errors:
/// "product.not_found", "auth.forbidden".
Result<Json> due_accesses(const Context& context, DueIndex& index, const std::string& caller,
                          const std::string& product);

/// What the above asks of one grant.
struct DueTerms {
  std::string chain, product;
  std::int64_t now_s = 0;
  std::string stopped;  ///< the code for which the product decides nothing at present, or ""
};

/// At most one of `due` and `held` is not null; neither when the work of this due time was done,
/// and for a grant that ended, is not standing, or of a product without a schedule.
struct Due {
  Json due, held;
  std::int64_t next_s = 0;  ///< when the next due time begins; 0 = none follows
};
Due due_of_grant(const chain::StateReader& state, const std::string& grant, const DueTerms& terms);

}  // namespace qc::exchange
