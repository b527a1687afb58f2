// quancheng ledger …: audit a ledger folder, read heads.
#include <chrono>
#include <cstdio>

#include "host/chain/audit.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/directory.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "sdk/base/files.hpp"
#include "sdk/proof/receipt.hpp"

namespace qc::cli {
namespace {

struct AuditOptions {
  std::string directory, trusted_head, host_key;
};

/// A bar on standard error, redrawn at most ten times a second.
class ProgressBar {
 public:
  explicit ProgressBar(bool shown) : shown_(shown) {}
  ~ProgressBar() {
    if (drawn_) std::fprintf(stderr, "\r\033[K");
  }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  void update(std::uint64_t done, std::uint64_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (!shown_ || total == 0 || (drawn_ && now - last_ < std::chrono::milliseconds(100))) return;
    last_ = now;
    drawn_ = true;
    constexpr std::uint64_t kWidth = 40;
    const auto filled = static_cast<std::size_t>(std::min(done, total) * kWidth / total);
    std::fprintf(stderr, "\r[%s%s] %llu / %llu", std::string(filled, '#').c_str(),
                 std::string(kWidth - filled, ' ').c_str(), static_cast<unsigned long long>(done),
                 static_cast<unsigned long long>(total));
    std::fflush(stderr);
  }

 private:
  bool shown_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_{};
};

Output report_output(const chain::AuditReport& report, std::int64_t elapsed_ms) {
  Output output;
  output.json = {{"ok", report.ok},
                 {"chain", report.chain},
                 {"transactions", report.transactions},
                 {"batches", report.batches},
                 {"log_root", report.log_root},
                 {"subject_root", report.subject_root},
                 {"elapsed_ms", elapsed_ms}};
  output.text = report.ok ? "✓ 账本完好 the ledger holds\n" : "✗ 账本有误 the ledger is damaged\n";
  output.text += line("网络 network", report.chain) +
                 line("交易 transactions", std::to_string(report.transactions)) +
                 line("批次 batches", std::to_string(report.batches)) +
                 line("用时 time", std::to_string(elapsed_ms) + " ms");
  if (report.ok) {
    output.text +=
        line("日志根 log root", report.log_root) + line("主体根 subject root", report.subject_root);
    return output;
  }
  output.exit = kUnverified;
  output.json["code"] = report.code;
  output.json["message"] = report.message;
  output.json["file"] = report.file;
  output.json["offset"] = report.offset;
  output.json["index"] = report.index;
  output.json["tx"] = report.tx;
  output.text += line("缺陷 defect", report.code + ": " + report.message) +
                 line("文件 file", report.file + " @ " + std::to_string(report.offset));
  if (report.index >= 0)
    output.text += line("交易 transaction", "#" + std::to_string(report.index) + " " + report.tx);
  return output;
}

Result<Output> verify(const AuditOptions& options, bool show_bar) {
  chain::AuditOptions audit;
  audit.directory = options.directory;
  if (!options.host_key.empty()) {
    QC_ASSIGN(audit.trusted_host, read_public_key(options.host_key));
  }
  if (!options.trusted_head.empty()) {
    QC_ASSIGN(audit.trusted_head, read_file(options.trusted_head, 1U << 16U));
    while (!audit.trusted_head.empty() && audit.trusted_head.back() <= ' ') {
      audit.trusted_head.pop_back();
    }
  }
  ProgressBar bar(show_bar);
  audit.progress = [&bar](std::uint64_t done, std::uint64_t total) { bar.update(done, total); };
  const auto start = std::chrono::steady_clock::now();
  QC_ASSIGN(const chain::AuditReport report, chain::audit_ledger(audit));
  const auto elapsed = std::chrono::steady_clock::now() - start;
  return report_output(report,
                       std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count());
}

struct HeadOptions {
  ConnectionOptions to;
  std::string out;
};

Result<Output> head(const HeadOptions& options) {
  QC_ASSIGN(Session session, open_session(options.to, Signer::kOptional));
  QC_ASSIGN(const Json answer, session.client->get("/v1/heads/latest"));
  const std::string text = text_of(answer, "head");
  QC_ASSIGN(const proof::TreeHead opened,
            proof::open_head(text, session.client->host_key(), session.client->chain()));
  if (!options.out.empty()) QC_TRY(write_file(options.out, text + "\n", FileMode::kPublic));
  Output output;
  output.json = {{"head", text},
                 {"chain", opened.chain},
                 {"size", opened.size},
                 {"log_root", to_hex(opened.log_root)},
                 {"subject_root", to_hex(opened.subject_root)},
                 {"time_ms", opened.time_ms}};
  output.text = "✓ 树头签名有效 the signed tree head holds\n" + line("网络 network", opened.chain) +
                line("交易 transactions", std::to_string(opened.size)) +
                line("日志根 log root", to_hex(opened.log_root)) +
                line("主体根 subject root", to_hex(opened.subject_root)) +
                line("时间 time", time_text(opened.time_ms / 1000));
  return output;
}

}  // namespace

void add_ledger(Command root, const RunMode& mode) {
  Command group = root.sub("ledger", "账本 · ledger");
  auto options = std::make_shared<AuditOptions>();
  Command command = group.sub("verify", "离线审计账本目录 · audit a ledger folder offline");
  command.text("directory", options->directory, "账本目录 · ledger folder", Need::kRequired);
  command.text("--trusted-head", options->trusted_head,
               "须包含的树头文件 · head (file) that the ledger must extend");
  command.text("--host-key", options->host_key, "信任的主机公钥 · trusted host key (JWK file)");
  command.action([options, &mode] { return verify(*options, mode.terminal && !mode.json); });
  auto to = std::make_shared<HeadOptions>();
  Command sub = group.sub("head", "最新签名树头 · latest signed tree head");
  add_connection(sub, to->to);
  sub.text("--out", to->out, "保存为文件 · keep it as a file");
  sub.action([to] { return head(*to); });
}

}  // namespace qc::cli
