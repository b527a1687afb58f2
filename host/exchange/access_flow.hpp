// One access: on the ledger before anything leaves, decided or handed over, released, answered.
#pragma once

#include "host/exchange/context.hpp"

namespace qc::exchange {

/// POST /v1/accesses. Order of events: `access.open` durable (the rules check the grant and count
/// the use) -> the product plugin decides, or the presentations are read -> `access.release`
/// durable (the rules check the grant again) -> the answer. A failure after the opening is itself
/// released as denied or failed, and the error names that transaction.
Result<Json> access(const Context& context, const std::string& caller, const Json& body);

/// Releases as failed every access that was opened before a crash and never released.
/// Returns how many.
Result<std::size_t> finish_interrupted(const Context& context);

}  // namespace qc::exchange
