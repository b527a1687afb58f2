// quancheng regulator …: every flow, its purpose and its outcome, never a value.
#include "host/cli/commands.hpp"
#include "host/cli/directory.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "host/cli/trace.hpp"

namespace qc::cli {
namespace {

struct FlowOptions {
  ConnectionOptions to;
  std::int64_t after = -1;
};

std::string items_text(const Json& items) {
  if (!items.is_array()) return {};
  std::string out;
  for (const Json& item : items) {
    out += out.empty() ? "" : ", ";
    if (item.is_string()) {
      out += item.get<std::string>();
    } else {
      out += text_of(item, "item") + "[" + joined(item.value("fields", Json::array())) + "]";
    }
  }
  return out;
}

Result<Output> flows(const FlowOptions& options) {
  QC_ASSIGN(Session session, open_session(options.to, Signer::kNeeded));
  const std::string query = options.after < 0 ? "" : "?after=" + std::to_string(options.after);
  Output output;
  QC_ASSIGN(output.json, session.client->get("/v1/supervision/flows" + query));
  QC_ASSIGN(const Json list, array_of(output.json, "flows"));
  for (const Json& flow : list) {
    const std::int64_t at = flow.value("time_ms", std::int64_t{0}) / 1000;
    output.text += "  " + padded(value_text(flow.value("index", Json(0))), 6) + time_text(at) +
                   "  " + padded(operation(text_of(flow, "op")), 34) +
                   padded(text_of(flow, "consumer"), 10) + padded(text_of(flow, "outcome"), 18) +
                   text_of(flow, "purpose") + "  " + items_text(flow.value("items", Json())) + "\n";
  }
  if (list.empty()) output.text = "  无 none\n";
  return output;
}

struct TraceOptions {
  ConnectionOptions to;
  std::string account;
};

Result<Output> trace(const TraceOptions& options) {
  QC_ASSIGN(Session session, open_session(options.to, Signer::kNeeded));
  QC_ASSIGN(const VerifiedTrace verified,
            fetch_trace(*session.client, options.account, session.receipts));
  return trace_output(verified);
}

}  // namespace

void add_regulator(Command root) {
  Command group = root.sub("regulator", "监管 · supervision");
  auto flow = std::make_shared<FlowOptions>();
  Command command = group.sub("flows", "数据流转监测 · every flow, without values");
  add_connection(command, flow->to);
  command.number("--after", flow->after, "此账本位置之后 · only later than this ledger index", -1,
                 INT64_MAX);
  command.action([flow] { return flows(*flow); });
  auto one = std::make_shared<TraceOptions>();
  Command sub = group.sub("trace", "一个账户的全程 · every event of one account, verified");
  add_connection(sub, one->to);
  sub.text("account", one->account, "账户 · account", Need::kRequired);
  sub.action([one] { return trace(*one); });
}

}  // namespace qc::cli
