// quancheng receipt …: check receipts without a network.
#include "host/cli/commands.hpp"
#include "host/cli/receipts.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"

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
}

}  // namespace qc::cli
