// A grant and the ciphertext that comes with it.
#pragma once

#include "host/exchange/context.hpp"

namespace qc::exchange {

/// POST /v1/grants: stores the presentations that the subject encrypted to the grant's key, then
/// submits the grant that commits to them; removes them again when the ledger refuses.
Result<Json> create_grant(const Context& context, const std::string& caller, const Json& body);

}  // namespace qc::exchange
