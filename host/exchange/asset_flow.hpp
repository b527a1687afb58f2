// Filling a safe box: issue, read, erase.
#pragma once

#include "host/exchange/context.hpp"

namespace qc::exchange {

/// POST /v1/assets:issue: the department's plugin issues to the subject's key; the ciphertext is
/// stored before the ledger speaks of it, and removed again when the ledger refuses.
Result<Json> issue_asset(const Context& context, const std::string& caller, const Json& body);

Result<Json> list_assets(const Context& context, const std::string& caller);
Result<Json> get_asset(const Context& context, const std::string& caller, const std::string& asset);

/// DELETE /v1/assets/{id}: the signed event first, then the deletion; a crash between the two is
/// finished at the next start.
Result<Json> erase_asset(const Context& context, const std::string& caller,
                         const std::string& asset, const Json& body);

}  // namespace qc::exchange
