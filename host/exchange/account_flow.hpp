// Whose key is whose: opening a safe box, recovering it, renewing the identity credential. Each
// time the identity plugin proves who holds the key.
#pragma once

#include "host/exchange/context.hpp"

namespace qc::exchange {

/// POST /v1/accounts:open: the registrar binds `key` to a new account.
Result<Json> open_account(const Context& context, const crypto::PublicKey& key, const Json& body);

/// POST /v1/accounts:recover: the registrar binds `key` to the account that the person has; the old
/// key is refused from then on and the person's grants are paused.
Result<Json> recover_account(const Context& context, const crypto::PublicKey& key,
                             const Json& body);

/// POST /v1/accounts:prove: an identity credential for the caller's present key.
Result<Json> prove_account(const Context& context, const std::string& caller, const Json& body);

}  // namespace qc::exchange
