// quancheng witness: watches a host's ledger for a member; checks the evidence that it kept.
#include <chrono>
#include <cstdio>
#include <thread>

#include "host/chain/append_file.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "host/cli/witness.hpp"
#include "sdk/base/files.hpp"

namespace qc::cli {
namespace {

struct WitnessOptions {
  ConnectionOptions to;
  std::string state_dir, evidence;
  bool once = false;
  std::int64_t interval_s = 10;
};

struct EvidenceOptions {
  std::string file, host_key, chain;
};

Output round_output(const WitnessRound& round) {
  Output output;
  output.json = {{"outcome", round.outcome},
                 {"size", round.size},
                 {"head", round.head},
                 {"cosignature", round.cosignature}};
  const char* said = "树头未变 the head is unchanged";
  if (round.outcome == "cosigned") said = "树头一致,已联署 the head is consistent, co-signed";
  if (round.outcome == "stale") said = "主机给出旧树头,账本一致 an older head of the same ledger";
  output.text =
      "✓ " + std::string(said) + "\n" + line("交易 transactions", std::to_string(round.size));
  if (!round.refused.empty()) {
    output.json["refused"] = round.refused;
    output.text += line("主机未收 not taken by the host", round.refused);
  }
  return output;
}

/// Goes on through absences, which are reported; ends only with what no witness can pass over.
Result<Output> watch(const WitnessOptions& options) {
  if (options.state_dir.empty()) {
    return invalid("usage.missing", "the folder of the witness's memory", "--state-dir");
  }
  QC_ASSIGN(const Session session, open_session(options.to, Signer::kNeeded));
  QC_TRY(make_private_directory(options.state_dir));
  QC_ASSIGN(const auto lock, chain::DirectoryLock::take(options.state_dir));
  QC_ASSIGN(Witness witness,
            Witness::open(*session.client, *session.key, {options.state_dir, options.evidence}));
  while (true) {
    const auto round = witness.look();
    if (options.once) {
      if (!round.ok()) return round.error();
      return round_output(*round);
    }
    if (round.ok()) {
      std::fprintf(stderr, "%s %llu %s\n", round->outcome.c_str(),
                   static_cast<unsigned long long>(round->size), round->refused.c_str());
    } else if (exit_of(round.error()) == kUnreachable || round.error().retryable) {
      std::fprintf(stderr, "%s\n", line_of(round.error()).c_str());
    } else {
      return round.error();
    }
    std::this_thread::sleep_for(std::chrono::seconds(options.interval_s));
  }
}

Json head_json(const proof::TreeHead& head) {
  return {{"size", head.size},
          {"log_root", to_hex(head.log_root)},
          {"subject_root", to_hex(head.subject_root)},
          {"time_ms", head.time_ms}};
}

Result<Output> check_evidence(const EvidenceOptions& options) {
  QC_ASSIGN(const Json document, read_document(options.file));
  QC_ASSIGN(const proof::Evidence evidence, proof::evidence_from_json(document));
  QC_ASSIGN(const crypto::PublicKey host, read_public_key(options.host_key));
  if (!(host == evidence.host)) {
    return invalid("evidence.invalid", "about another host key than the trusted one", "host_jwk");
  }
  const std::string chain = options.chain.empty() ? evidence.chain : options.chain;
  QC_ASSIGN(const proof::ConflictVerdict verdict, proof::judge(evidence.conflict, host, chain));
  const bool proven = verdict.contradiction != proof::Contradiction::kNone;
  Output output;
  output.json = {{"proven", proven},
                 {"contradiction", proof::name_of(verdict.contradiction)},
                 {"chain", chain},
                 {"first", head_json(verdict.first)},
                 {"second", head_json(verdict.second)}};
  output.text = proven ? "✗ 主机自相矛盾 the host's own signatures contradict each other\n"
                       : "– 两个树头本身不矛盾 these two heads do not contradict each other\n";
  output.text += line("矛盾 contradiction", proof::name_of(verdict.contradiction)) +
                 line("先前 first",
                      std::to_string(verdict.first.size) + " " + to_hex(verdict.first.log_root)) +
                 line("其后 second",
                      std::to_string(verdict.second.size) + " " + to_hex(verdict.second.log_root));
  output.exit = proven ? kForked : kUnverified;
  return output;
}

}  // namespace

void add_witness(Command root) {
  Command command = root.sub("witness", "见证账本 · check and co-sign a host's heads; see forks");
  auto options = std::make_shared<WitnessOptions>();
  add_connection(command, options->to);
  command.text("--state-dir", options->state_dir, "本机记忆目录 · folder of this witness's memory");
  command.text("--evidence", options->evidence,
               "证据文件 · file for evidence of a fork; else in the folder");
  command.flag("--once", options->once, "只核对一次 · one round only");
  command.number("--interval", options->interval_s, "间隔(秒) · seconds between rounds", 1, 86400);
  command.action([options] { return watch(*options); });
  auto evidence = std::make_shared<EvidenceOptions>();
  Command check = command.sub(
      "check-evidence", "离线核对分叉证据 · check evidence of a fork offline", Need::kOptional);
  check.text("file", evidence->file, "证据文件 · evidence", Need::kRequired);
  check.text("--host-key", evidence->host_key, "信任的主机公钥 · trusted host key (JWK file)",
             Need::kRequired);
  check.text("--chain", evidence->chain, "网络标识 · network id to insist on");
  check.action([evidence] { return check_evidence(*evidence); });
}

}  // namespace qc::cli
