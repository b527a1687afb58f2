#include "host/cli/submitted.hpp"

#include "host/cli/show.hpp"

namespace qc::cli {

Output submitted_output(const client::Submitted& done, const std::string& headline,
                        const Json& extra) {
  Output output;
  output.json = extra;
  output.json["tx"] = done.tx;
  output.json["index"] = done.index;
  if (!done.decision.empty()) output.json["decision"] = done.decision;
  const std::string waiting = done.decision == "OPEN" ? "待表决 waiting for votes: " : "";
  output.text = "✓ " + waiting + headline + "\n" +
                line("账本位置 ledger index", std::to_string(done.index)) +
                line("交易 transaction", done.tx);
  return output;
}

Result<Output> submit_one(const ConnectionOptions& to, const Deed& deed) {
  QC_ASSIGN(Session session, open_session(to, Signer::kNeeded));
  QC_ASSIGN(const client::Submitted done, session.submit(deed.op, deed.body));
  return submitted_output(done, deed.headline.empty() ? operation(deed.op) : deed.headline,
                          deed.extra);
}

}  // namespace qc::cli
