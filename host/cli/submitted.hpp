// The usual output of a command that put one transaction on the ledger.
#pragma once

#include "host/cli/arguments.hpp"
#include "sdk/client/client.hpp"

namespace qc::cli {

/// {"tx","index", …extra} and "✓ headline" with the ledger position; with "decision" where a
/// proposal was opened or voted on, which says so while votes are missing.
Output submitted_output(const client::Submitted& done, const std::string& headline,
                        const Json& extra = Json::object());

}  // namespace qc::cli
