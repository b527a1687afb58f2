// The trace 全程追溯 of one subject, checked here: every receipt, and that nothing was left out.
#pragma once

#include <string>
#include <vector>

#include "host/cli/arguments.hpp"
#include "host/cli/receipts.hpp"

namespace qc::cli {

struct TraceEvent {
  Proved proved;
  std::int64_t time_ms = 0;
  std::string actor;
  Json summary;
  bool signature_checked = false;  ///< the signer's key is known here and its signature holds
};

struct VerifiedTrace {
  std::string account;
  std::vector<TraceEvent> events;
  Json completeness;                ///< the host's list of all events, with its proof
  std::uint64_t complete_size = 0;  ///< ledger size up to which nothing was left out
};

/// Fetches the trace and the completeness proof and checks: each transaction against its receipt,
/// signatures of members, host and `own` key, and that the hash-linked list of events is exactly
/// the one in a signed head's subject map. Errors: "receipt.*", "head.*", "proof.*",
/// "verify.incomplete", "verify.bad_signature".
Result<VerifiedTrace> fetch_trace(client::Client& client, const std::string& account,
                                  const ReceiptFolder& receipts);

Output trace_output(const VerifiedTrace& trace);

}  // namespace qc::cli
