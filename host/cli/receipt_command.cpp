// quancheng receipt …: check receipts without a network.
#include <filesystem>
#include <map>
#include <set>

#include "host/cli/commands.hpp"
#include "host/cli/receipts.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "sdk/base/files.hpp"
#include "sdk/proof/completeness.hpp"

namespace qc::cli {
namespace {

struct ReceiptOptions {
  std::vector<std::string> files;
  std::string host_key, chain;
};

Result<Output> verify_receipts(const ReceiptOptions& options) {
  QC_ASSIGN(const crypto::PublicKey host, read_public_key(options.host_key));
  Output output;
  output.json["receipts"] = Json::array();
  std::size_t failed = 0;
  for (const std::string& file : options.files) {
    const auto checked = check_receipt_file(file, host, options.chain);
    Json row = {{"file", file}, {"ok", checked.ok()}};
    if (checked.ok()) {
      row["tx"] = checked.value().tx;
      row["op"] = checked.value().op;
      row["index"] = checked.value().index;
      row["size"] = checked.value().size;
      row["time_ms"] = checked.value().time_ms;
      output.text += "✓ " + padded(operation(checked.value().op), 34) + "#" +
                     padded(std::to_string(checked.value().index), 8) +
                     time_text(checked.value().time_ms / 1000) + "  " + file + "\n";
    } else {
      ++failed;
      row["problem"] = problem_of(checked.error());
      output.text += "✗ " + file + "\n  " + line_of(checked.error()) + "\n";
      const Exit exit = exit_of(checked.error()) == kLocal ? kLocal : kUnverified;
      if (output.exit != kUnverified) output.exit = exit;
    }
    output.json["receipts"].push_back(row);
  }
  output.json["verified"] = options.files.size() - failed;
  output.json["failed"] = failed;
  return output;
}

struct CompleteOptions {
  std::string file, receipts, host_key, chain;
};

/// Checks the receipts in the folder; each must be of an event in the list. Returns how many there
/// are.
Result<std::size_t> match_receipts(const CompleteOptions& options, const crypto::PublicKey& host,
                                   const proof::Completeness& shown) {
  std::map<std::uint64_t, std::string> events;
  for (const proof::SubjectEvent& event : shown.events) {
    events.emplace(event.index, to_hex(event.tx));
  }
  std::error_code error;
  std::filesystem::directory_iterator it(options.receipts, error);
  std::set<std::uint64_t> matched;
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    const std::filesystem::path path = it->path();
    if (path.extension() != ".json") continue;
    QC_ASSIGN(const CheckedReceipt checked, check_receipt_file(path, host, options.chain));
    const auto event = events.find(checked.index);
    if (event == events.end()) continue;  // a receipt of somebody else's event may lie beside
    if (event->second != checked.tx) {
      return invalid("verify.wrong_transaction", "the list has another transaction at this place",
                     path.filename().string());
    }
    matched.insert(checked.index);
  }
  if (error) return unavailable("file.io", "cannot list the receipts: " + error.message());
  return matched.size();
}

Result<Output> verify_complete(const CompleteOptions& options) {
  constexpr std::size_t kMostBytes = 1U << 30U;
  QC_ASSIGN(const crypto::PublicKey host, read_public_key(options.host_key));
  QC_ASSIGN(const std::string text, read_file(options.file, kMostBytes));
  QC_ASSIGN(const Json json, parse_json(text, {kMostBytes, 16}));
  QC_ASSIGN(const proof::Completeness shown, proof::completeness_from_json(json));
  QC_ASSIGN(const proof::TreeHead head, proof::verify_completeness(shown, host, options.chain));
  std::size_t receipts = 0;
  if (!options.receipts.empty()) {
    QC_ASSIGN(receipts, match_receipts(options, host, shown));
  }
  Output output;
  output.json = {{"account", shown.account},      {"complete", true},
                 {"events", shown.events.size()}, {"size", head.size},
                 {"time_ms", head.time_ms},       {"receipts", receipts}};
  output.text = "✓ 无遗漏 nothing about this subject was left out\n" +
                line("主体 subject", shown.account) +
                line("事件 events", std::to_string(shown.events.size())) +
                line("账本长度 ledger size", std::to_string(head.size)) +
                line("时间 time", time_text(head.time_ms / 1000));
  if (!options.receipts.empty()) {
    output.text += line("存证 receipts", std::to_string(receipts));
  }
  return output;
}

}  // namespace

void add_receipt(Command root) {
  Command group = root.sub("receipt", "存证 · receipts");
  auto options = std::make_shared<ReceiptOptions>();
  Command command = group.sub("verify", "离线验证存证文件 · check receipt files offline");
  command.texts("file", options->files, "存证文件 · receipt files", Need::kRequired);
  command.text("--host-key", options->host_key, "信任的主机公钥 · trusted host key (JWK file)",
               Need::kRequired);
  command.text("--chain", options->chain, "网络标识 · network id", Need::kRequired);
  command.action([options] { return verify_receipts(*options); });
  auto list = std::make_shared<CompleteOptions>();
  Command complete = group.sub(
      "complete",
      "离线验证某主体的事件无遗漏 · check offline that no event of a subject is left out");
  complete.text("file", list->file,
                "完整性文件 · <receipts>.completeness.json, as a trace with --receipts keeps it",
                Need::kRequired);
  complete.text("--host-key", list->host_key, "信任的主机公钥 · trusted host key (JWK file)",
                Need::kRequired);
  complete.text("--chain", list->chain, "网络标识 · network id", Need::kRequired);
  complete.text("--receipts", list->receipts, "存证目录 · folder of receipts to hold against it");
  complete.action([list] { return verify_complete(*list); });
}

}  // namespace qc::cli
