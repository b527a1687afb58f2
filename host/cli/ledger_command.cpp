// quancheng ledger …: audit a ledger folder, copy it, take receipts out of it; read heads.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "host/chain/audit.hpp"
#include "host/chain/offline.hpp"
#include "host/chain/recovery.hpp"
#include "host/chain/snapshot.hpp"
#include "host/cli/audit_memory.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/directory.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/keystore.hpp"
#include "sdk/proof/receipt.hpp"

namespace qc::cli {
namespace {

struct AuditOptions {
  std::string directory, trusted_head, host_key;
};

/// Shows an audit's progress on standard error: a bar on a terminal, redrawn at most ten times a
/// second; elsewhere a line now and then.
class ProgressView {
 public:
  explicit ProgressView(bool terminal) : terminal_(terminal) {}
  ~ProgressView() {
    if (drawn_) std::fprintf(stderr, "\r\033[K");
  }
  ProgressView(const ProgressView&) = delete;
  ProgressView& operator=(const ProgressView&) = delete;

  void update(const chain::AuditProgress& progress) {
    const auto now = Clock::now();
    if (progress.total_bytes == 0 || now - shown_at_ < (terminal_ ? kRedraw : kLine)) return;
    shown_at_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double share =
        static_cast<double>(progress.done_bytes) / static_cast<double>(progress.total_bytes);
    const auto rate = static_cast<double>(progress.transactions) / std::max(seconds, 1e-3);
    const auto transactions = static_cast<unsigned long long>(progress.transactions);
    if (!terminal_) {
      std::fprintf(stderr, "%5.1f %%  %llu 笔交易 transactions  %.0f/s\n", 100 * share,
                   transactions, rate);
      return;
    }
    drawn_ = true;
    constexpr std::size_t kWidth = 40;
    const auto filled = std::min(kWidth, static_cast<std::size_t>(share * kWidth));
    std::fprintf(stderr, "\r\033[K[%s%s] %5.1f %%  %llu 笔交易 transactions  %.0f/s",
                 std::string(filled, '#').c_str(), std::string(kWidth - filled, ' ').c_str(),
                 100 * share, transactions, rate);
    std::fflush(stderr);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr Clock::duration kRedraw = std::chrono::milliseconds(100);
  static constexpr Clock::duration kLine = std::chrono::seconds(5);
  bool terminal_;
  bool drawn_ = false;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point shown_at_ = start_;
};

Output report_output(const chain::AuditReport& report, std::int64_t elapsed_ms) {
  const std::uint64_t rate = report.transactions * 1000 /
                             static_cast<std::uint64_t>(std::max<std::int64_t>(elapsed_ms, 1));
  Output output;
  output.json = {{"ok", report.ok},
                 {"chain", report.chain},
                 {"transactions", report.transactions},
                 {"batches", report.batches},
                 {"log_root", report.log_root},
                 {"subject_root", report.subject_root},
                 {"snapshots", report.snapshots},
                 {"snapshots_unknown", report.snapshots_unknown},
                 {"elapsed_ms", elapsed_ms},
                 {"per_second", rate}};
  output.text = report.ok ? "✓ 账本完好 the ledger holds\n" : "✗ 账本有误 the ledger is damaged\n";
  output.text +=
      line("网络 network", report.chain) +
      line("交易 transactions", std::to_string(report.transactions)) +
      line("批次 batches", std::to_string(report.batches)) +
      line("用时 time", std::to_string(elapsed_ms) + " ms, " + std::to_string(rate) + " /s");
  if (report.ok) {
    output.text +=
        line("日志根 log root", report.log_root) + line("主体根 subject root", report.subject_root);
    if (report.snapshots != 0) {
      output.text += line("状态摘要 state digests", std::to_string(report.snapshots) + " ✓");
    }
    if (report.snapshots_unknown != 0) {
      output.text += line("未核对的摘要 digests not compared (another version's state)",
                          std::to_string(report.snapshots_unknown));
    }
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

/// As `ledger head --out` writes it.
Result<std::string> read_head_file(const std::string& file) {
  QC_ASSIGN(std::string head, read_file(file, 1U << 16U));
  while (!head.empty() && head.back() <= ' ') head.pop_back();
  return head;
}

Result<Output> verify(const AuditOptions& options, bool terminal) {
  chain::AuditOptions audit;
  audit.directory = options.directory;
  if (!options.host_key.empty()) {
    QC_ASSIGN(audit.trusted_host, read_public_key(options.host_key));
  }
  if (!options.trusted_head.empty()) {
    QC_ASSIGN(audit.trusted_head, read_head_file(options.trusted_head));
  }
  keep_freed_memory();
  const auto start = std::chrono::steady_clock::now();
  const auto audited = [&] {
    ProgressView view(terminal);
    audit.progress = [&view](const chain::AuditProgress& progress) { view.update(progress); };
    return chain::audit_ledger(audit);
  }();
  if (!audited) return audited.error();
  const auto elapsed = std::chrono::steady_clock::now() - start;
  return report_output(*audited,
                       std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count());
}

struct ProveOptions {
  std::string directory, transaction, out;
};

/// An index is decimal and short; an id has 64 hexadecimal digits.
Result<chain::ProveOptions> wanted(const ProveOptions& options) {
  chain::ProveOptions prove;
  prove.directory = options.directory;
  constexpr std::size_t kMostDigits = 18;
  const std::string& text = options.transaction;
  if (text.size() <= kMostDigits && !text.empty() &&
      text.find_first_not_of("0123456789") == std::string::npos) {
    prove.index = std::stoull(text);
    return prove;
  }
  const auto id = hash_from_hex(text);
  if (!id) {
    return invalid("usage.invalid", "neither an index nor a transaction's id", "transaction");
  }
  prove.id = *id;
  return prove;
}

Result<Output> prove(const ProveOptions& options) {
  QC_ASSIGN(const chain::ProveOptions what, wanted(options));
  QC_ASSIGN(const chain::OfflineProof proof, chain::prove_offline(what));
  const Json document = {{"transaction", proof.transaction},
                         {"receipt", proof::to_json(proof.receipt)}};
  Output output;
  output.json = document;
  if (options.out.empty()) {
    output.text = document.dump(2) + "\n";
    return output;
  }
  QC_TRY(write_file(options.out, document.dump(2) + "\n", FileMode::kPublic));
  output.text = "✓ 存证已写出 receipt written\n" + line("文件 file", options.out) +
                line("网络 network", proof.chain) +
                line("账本位置 ledger index", std::to_string(proof.receipt.index)) +
                line("交易 transaction", proof.receipt.tx) +
                line("账本长度 ledger size", std::to_string(proof.receipt.size)) +
                line("主机公钥 host key", proof.host.kid());
  return output;
}

struct CopyOptions {
  std::string directory, out;
  std::int64_t from = 0;
  std::int64_t to = -1;
};

Result<Output> export_files(const CopyOptions& options) {
  chain::ExportOptions copy;
  copy.directory = options.directory;
  copy.out = options.out;
  copy.from = static_cast<std::uint64_t>(options.from);
  if (options.to >= 0) copy.to = static_cast<std::uint64_t>(options.to);
  QC_ASSIGN(const chain::ExportReport report, chain::export_ledger(copy));
  Output output;
  output.json = {{"chunks", report.chunks},
                 {"bytes", report.bytes},
                 {"first", report.first},
                 {"last", report.last}};
  output.text = "✓ 账本已导出 ledger copied\n" +
                line("文件数 chunks", std::to_string(report.chunks)) +
                line("字节 bytes", std::to_string(report.bytes)) +
                line("交易 transactions",
                     "#" + std::to_string(report.first) + " … #" + std::to_string(report.last));
  return output;
}

struct SnapshotOptions {
  std::string directory, out, key, passphrase_file;
};

/// Signed by the host, so of a stopped host's ledger.
Result<Output> snapshot(const SnapshotOptions& options) {
  QC_ASSIGN(
      const std::string passphrase,
      obtain_passphrase(options.passphrase_file, "主机密钥口令 passphrase of the host's key"));
  QC_ASSIGN(const crypto::PrivateKey key, crypto::load_key(options.key, passphrase));
  const std::filesystem::path directory = options.directory;
  QC_ASSIGN(const auto genesis, chain::read_genesis(directory / "chunks"));
  if (!genesis) return not_found("audit.no_ledger", "the folder holds no ledger");
  chain::LedgerOptions open;
  open.directory = directory;
  open.chain = genesis->chain;
  QC_ASSIGN(const auto ledger, chain::Ledger::open(std::move(open), key));
  QC_ASSIGN(const chain::SnapshotReport report,
            chain::write_snapshot(*ledger, {directory, options.out}));
  Output output;
  output.json = {{"snapshot", report.snapshot},
                 {"size", report.size},
                 {"digest", report.digest},
                 {"bytes", report.bytes}};
  output.text = "✓ 快照已写出，状态摘要已上链 snapshot written, its digest on the ledger\n" +
                line("快照 snapshot", report.snapshot) +
                line("交易 transactions", std::to_string(report.size)) +
                line("状态摘要 state digest", report.digest) +
                line("字节 bytes", std::to_string(report.bytes));
  return output;
}

struct RestoreOptions {
  std::string snapshot, out, host_key, newest_head;
};

Result<Output> restore(const RestoreOptions& options) {
  QC_ASSIGN(const crypto::PublicKey host, read_public_key(options.host_key));
  std::string newest_head;
  if (!options.newest_head.empty()) {
    QC_ASSIGN(newest_head, read_head_file(options.newest_head));
  }
  QC_ASSIGN(const chain::RestoreReport report,
            chain::restore_snapshot({options.snapshot, options.out, host, newest_head}));
  Output output;
  output.json = {{"chain", report.chain},         {"snapshot", report.snapshot},
                 {"size", report.size},           {"transactions", report.transactions},
                 {"behind_to", report.behind_to}, {"digest", report.digest}};
  output.text = "✓ 快照与账本相符 the snapshot is the one that the ledger states\n" +
                line("网络 network", report.chain) + line("快照 snapshot", report.snapshot) +
                line("状态摘要 state digest", report.digest) +
                line("交易 transactions", std::to_string(report.transactions)) +
                line("账本目录 ledger folder", options.out);
  if (report.behind_to > report.transactions) {
    output.text +=
        line("尚缺交易 still missing", "#" + std::to_string(report.transactions) + " … #" +
                                           std::to_string(report.behind_to - 1));
  } else if (report.behind_to == 0) {
    output.text += line("尚缺交易 still missing", "? (--newest-head)");
  }
  return output;
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

void add_snapshot(Command& group) {
  auto making = std::make_shared<SnapshotOptions>();
  Command command = group.sub(
      "snapshot", "停机时制作状态快照 · copy a stopped host's state, its digest on the ledger");
  command.text("directory", making->directory, "账本目录 · ledger folder", Need::kRequired);
  command.text("out", making->out, "目标目录 · folder for the snapshot", Need::kRequired);
  command.text("--key", making->key, "主机私钥文件 · the host's key file", Need::kRequired);
  command.text("--passphrase-file", making->passphrase_file,
               "口令文件(0600) · file with the passphrase; else asked for");
  command.action([making] { return snapshot(*making); });
}

void add_restore(Command& group) {
  auto making = std::make_shared<RestoreOptions>();
  Command command =
      group.sub("restore", "由快照恢复账本目录 · make a ledger folder from a snapshot");
  command.text("snapshot", making->snapshot, "快照目录 · folder of the snapshot", Need::kRequired);
  command.text("out", making->out, "目标目录 · folder for the ledger", Need::kRequired);
  command.text("--host-key", making->host_key, "信任的主机公钥 · trusted host key (JWK file)",
               Need::kRequired);
  command.text(
      "--newest-head", making->newest_head,
      "已知的最新树头文件 · newest head (file) known of that ledger: what a host must have "
      "before it starts");
  command.action([making] { return restore(*making); });
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
  auto proving = std::make_shared<ProveOptions>();
  Command prove_command = group.sub("prove", "离线取出存证文件 · take a receipt file out offline");
  prove_command.text("directory", proving->directory, "账本目录 · ledger folder", Need::kRequired);
  prove_command.text("transaction", proving->transaction,
                     "交易编号或账本位置 · transaction id or ledger index", Need::kRequired);
  prove_command.text("--out", proving->out, "保存为文件 · write it to this file");
  prove_command.action([proving] { return prove(*proving); });
  auto copying = std::make_shared<CopyOptions>();
  Command export_command = group.sub("export", "导出账本文件 · copy the ledger's files");
  export_command.text("directory", copying->directory, "账本目录 · ledger folder", Need::kRequired);
  export_command.text("out", copying->out, "目标目录 · folder for the copy", Need::kRequired);
  export_command.number("--from", copying->from, "首笔交易位置 · first ledger index", 0, INT64_MAX);
  export_command.number("--to", copying->to, "末笔交易位置 · last ledger index", -1, INT64_MAX);
  export_command.action([copying] { return export_files(*copying); });
  add_snapshot(group);
  add_restore(group);
  auto to = std::make_shared<HeadOptions>();
  Command sub = group.sub("head", "最新签名树头 · latest signed tree head");
  add_connection(sub, to->to);
  sub.text("--out", to->out, "保存为文件 · keep it as a file");
  sub.action([to] { return head(*to); });
}

}  // namespace qc::cli
