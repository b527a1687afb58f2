// The usual output of a command that put one transaction on the ledger.
#pragma once

#include "host/cli/arguments.hpp"
#include "host/cli/session.hpp"
#include "sdk/client/client.hpp"

namespace qc::cli {

/// {"tx","index", …extra} and "✓ headline" with the ledger position; with "decision" where a
/// proposal was opened or voted on, which says so while votes are missing.
Output submitted_output(const client::Submitted& done, const std::string& headline,
                        const Json& extra = Json::object());

/// What a command puts on the ledger, and what it says of it.
struct Deed {
  std::string op;
  Json body;
  std::string headline;  ///< empty: the operation's name
  Json extra = Json::object();
};
/// The whole of a command that signs one transaction with the member's key: connects, submits,
/// keeps the receipt. Errors: as open_session(), Session::submit().
Result<Output> submit_one(const ConnectionOptions& to, const Deed& deed);

}  // namespace qc::cli
