// quancheng receipt …: check receipts without a network.
#include <filesystem>
#include <map>
#include <set>

#include "host/cli/commands.hpp"
#include "host/cli/receipts.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "host/cli/witnessed.hpp"
#include "sdk/base/files.hpp"
#include "sdk/proof/completeness.hpp"

namespace qc::cli {
namespace {

/// A fork outweighs what does not verify, and that a file that cannot be read.
Exit worse(Exit a, Exit b) {
  const auto weight = [](Exit exit) {
    return exit == kOk ? 0 : exit == kForked ? 3 : exit == kLocal ? 1 : 2;
  };
  if (weight(b) == 2) b = kUnverified;
  return weight(a) >= weight(b) ? a : b;
}

struct ReceiptOptions {
  std::vector<std::string> files;
  std::string host_key, chain;
  std::vector<std::string> witnessed, members;
  std::int64_t min_witnesses = 0;
  std::string evidence;
};

/// With what co-signatures are held against the receipts.
Result<proof::WitnessEvidence> read_evidence_of(const ReceiptOptions& options) {
  proof::WitnessEvidence evidence;
  if (options.witnessed.empty() && options.members.empty() && options.min_witnesses == 0) {
    return evidence;
  }
  if (options.witnessed.empty()) {
    return invalid("usage.missing", "the co-signatures", "--witnessed");
  }
  if (options.members.empty()) {
    return invalid("usage.missing", "the keys of members that you trust as witnesses", "--members");
  }
  QC_ASSIGN(evidence.trusted, read_trusted(options.members));
  for (const std::string& path : options.witnessed) QC_TRY(read_witnessed(path, evidence));
  return evidence;
}

Json word_json(const proof::WitnessWord& word) {
  return {{"witness", word.witness},     {"kid", word.kid},   {"size", word.size},
          {"counts", word.code.empty()}, {"code", word.code}, {"why", word.why}};
}

/// Says in `row` who stands behind the receipt. Errors: "witness.fork", with the evidence in a file
/// when one is named; "verify.too_few_witnesses".
Status weigh(const ReceiptOptions& options, const proof::WitnessEvidence& evidence,
             const crypto::PublicKey& host, const proof::Receipt& receipt, Json& row) {
  QC_ASSIGN(const proof::WitnessedReceipt weighed,
            proof::weigh_witnesses(receipt, evidence, host, options.chain));
  row["witnesses"] = weighed.witnesses;
  row["cosignatures"] = Json::array();
  for (const proof::WitnessWord& word : weighed.words) {
    row["cosignatures"].push_back(word_json(word));
  }
  if (weighed.fork) {
    if (!options.evidence.empty()) {
      const Json document = proof::to_json(*weighed.fork, host, options.chain);
      QC_TRY(write_file(options.evidence, document.dump(2) + "\n", FileMode::kPublic));
    }
    return conflict("witness.fork",
                    "the host signed this receipt's head and another one of another ledger")
        .at(options.evidence);
  }
  if (weighed.witnesses.size() >= static_cast<std::size_t>(options.min_witnesses)) return {};
  return invalid("verify.too_few_witnesses",
                 "co-signed by " + std::to_string(weighed.witnesses.size()) + " of the " +
                     std::to_string(options.min_witnesses) + " witnesses that are wanted");
}

std::string witnesses_text(const Json& row) {
  std::string text =
      "  " + line("联署 co-signed by",
                  row["witnesses"].empty() ? std::string("–") : joined(row["witnesses"]));
  for (const Json& word : row["cosignatures"]) {
    if (word["counts"].get<bool>()) continue;
    const std::string who = text_of(word, text_of(word, "witness").empty() ? "kid" : "witness");
    text +=
        "  " + line("未计 not counted", who + " #" + std::to_string(word["size"].get<int64_t>()) +
                                            " " + text_of(word, "code"));
  }
  return text;
}

Result<Output> verify_receipts(const ReceiptOptions& options) {
  QC_ASSIGN(const crypto::PublicKey host, read_public_key(options.host_key));
  QC_ASSIGN(const proof::WitnessEvidence evidence, read_evidence_of(options));
  Output output;
  output.json["receipts"] = Json::array();
  std::size_t failed = 0;
  for (const std::string& file : options.files) {
    const auto checked = check_receipt_file(file, host, options.chain);
    Json row = {{"file", file}, {"ok", checked.ok()}};
    Status holds = checked.ok() ? Status() : checked.error();
    if (checked.ok()) {
      row["tx"] = checked.value().tx;
      row["op"] = checked.value().op;
      row["index"] = checked.value().index;
      row["size"] = checked.value().size;
      row["time_ms"] = checked.value().time_ms;
      if (!evidence.trusted.empty()) {
        holds = weigh(options, evidence, host, checked.value().receipt, row);
      }
      output.text += (holds.ok() ? "✓ " : "✗ ") + padded(operation(checked.value().op), 34) + "#" +
                     padded(std::to_string(checked.value().index), 8) +
                     time_text(checked.value().time_ms / 1000) + "  " + file + "\n";
      if (row.contains("witnesses")) output.text += witnesses_text(row);
    } else {
      output.text += "✗ " + file + "\n";
    }
    if (!holds.ok()) {
      ++failed;
      row["ok"] = false;
      row["problem"] = problem_of(holds.error());
      output.text += "  " + line_of(holds.error()) + "\n";
      output.exit = worse(output.exit, exit_of(holds.error()));
    }
    output.json["receipts"].push_back(row);
  }
  output.json["verified"] = options.files.size() - failed;
  output.json["failed"] = failed;
  return output;
}

struct WitnessedOptions {
  ConnectionOptions to;
  std::vector<std::string> files;
  std::string out;
};

Result<Output> fetch_cosignatures(const WitnessedOptions& options) {
  QC_ASSIGN(const Session session, open_session(options.to, Signer::kOptional));
  client::Client& client = *session.client;
  std::vector<WantedWitnesses> wanted;
  for (const std::string& file : options.files) {
    QC_ASSIGN(const CheckedReceipt checked,
              check_receipt_file(file, client.host_key(), client.chain()));
    wanted.push_back({checked.index, checked.size});
  }
  QC_ASSIGN(const FetchedWitnesses fetched, fetch_witnessed(client, wanted, options.out));
  Output output;
  output.json = {{"cosignatures", fetched.cosignatures}, {"proofs", fetched.proofs}};
  output.text = "✓ 联署已保存 co-signatures kept, not checked yet\n" +
                line("目录 folder", options.out) +
                line("联署 co-signatures", std::to_string(fetched.cosignatures)) +
                line("一致性证明 consistency proofs", std::to_string(fetched.proofs));
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

void add_verify(Command& group) {
  auto options = std::make_shared<ReceiptOptions>();
  Command command = group.sub("verify", "离线验证存证文件 · check receipt files offline");
  command.texts("file", options->files, "存证文件 · receipt files", Need::kRequired);
  command.text("--host-key", options->host_key, "信任的主机公钥 · trusted host key (JWK file)",
               Need::kRequired);
  command.text("--chain", options->chain, "网络标识 · network id", Need::kRequired);
  command.texts(
      "--witnessed", options->witnessed,
      "见证联署文件或目录 · co-signatures: folder of `receipt witnessed`, or *.witnessed");
  command.texts("--members", options->members,
                "信任的见证成员 · members trusted as witnesses (descriptions or JWK files)");
  command.number("--min-witnesses", options->min_witnesses,
                 "至少几个见证 · fewer witnesses are an error", 0, 1000);
  command.text("--evidence", options->evidence,
               "分叉证据文件 · file for evidence when the host contradicts itself");
  command.action([options] { return verify_receipts(*options); });
}

void add_witnessed(Command& group) {
  auto options = std::make_shared<WitnessedOptions>();
  Command command = group.sub(
      "witnessed", "下载见证联署 · fetch witnesses' co-signatures to check receipts with offline");
  add_connection(command, options->to);
  command.texts("file", options->files, "存证文件 · receipt files", Need::kRequired);
  command.text("--out", options->out, "目标目录 · folder for them", Need::kRequired);
  command.action([options] { return fetch_cosignatures(*options); });
}

void add_complete(Command& group) {
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

}  // namespace

void add_receipt(Command root) {
  Command group = root.sub("receipt", "存证 · receipts");
  add_verify(group);
  add_witnessed(group);
  add_complete(group);
}

}  // namespace qc::cli
