#include "host/cli/witness.hpp"

#include <system_error>

#include "host/cli/witnessed.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/jose.hpp"

namespace qc::cli {
namespace {

constexpr const char* kMemoryFile = "witness.json";
constexpr std::size_t kMaxHeadText = 4096;

/// Not an answer about the ledger: the host is away, or too busy.
bool is_absence(const Error& error) {
  return error.retryable || error.code == "client.unreachable" ||
         error.code == "client.bad_response_signature";
}

/// The host's signatures alone show it, or its answers do.
Error witness_error(const proof::ConflictVerdict& verdict, std::string message) {
  const bool proven = verdict.contradiction != proof::Contradiction::kNone;
  const char* open_question =
      verdict.second.size < verdict.first.size ? "witness.rolled_back" : "witness.unproven";
  return conflict(proven ? "witness.fork" : open_question, std::move(message));
}

}  // namespace

Result<Witness> Witness::open(client::Client& client, crypto::PrivateKey key, Options options) {
  Witness witness(client, std::move(key), std::move(options));
  QC_TRY(witness.load());
  return witness;
}

Status Witness::load() {
  const auto file = options_.folder / kMemoryFile;
  const auto text = read_file(file, 1U << 20U);
  if (!text.ok()) return text.error().code == "file.not_found" ? Status() : text.error();
  const auto bad = [&](const std::string& why) {
    return invalid("witness.state_invalid",
                   why +
                       "; what was co-signed before is not forgotten by "
                       "removing the file: ask first why it is so",
                   file.string());
  };
  const auto json = parse_json(*text);
  if (!json.ok()) return bad("not readable");
  const JsonReader reader(*json, "witness.json");
  const auto head = reader.text("head", kMaxHeadText);
  const auto cosignature = reader.text("cosignature", kMaxHeadText);
  const auto delivered = reader.boolean("delivered");
  if (!head.ok() || !cosignature.ok() || !delivered.ok()) return bad("not whole");
  const auto opened = proof::open_head(*head, client_.host_key(), client_.chain());
  if (!opened.ok()) return bad("of another network or host: " + opened.error().message);
  const auto own = proof::open_cosignature(*cosignature, key_.public_key(), client_.chain());
  if (!own.ok() || own->size != opened->size) return bad("co-signed with another key");
  memory_ = {*head, *cosignature, *delivered};
  return {};
}

Status Witness::keep(const Memory& memory) {
  const Json json = {{"v", 1},
                     {"head", memory.head},
                     {"cosignature", memory.cosignature},
                     {"delivered", memory.delivered}};
  QC_TRY(write_file(options_.folder / kMemoryFile, json.dump(2) + "\n", FileMode::kPrivate));
  memory_ = memory;
  return {};
}

Result<WitnessRound> Witness::deliver(WitnessRound round) {
  round.head = memory_.head;
  round.cosignature = memory_.cosignature;
  if (memory_.delivered) return round;
  const auto taken = client_.post("/v1/heads/cosignatures", {{"cosignature", memory_.cosignature}});
  if (!taken.ok() && is_absence(taken.error())) return taken.error();
  // What the host will not take any more is a matter of the host: the next head is co-signed anew.
  if (!taken.ok()) round.refused = taken.error().code;
  Memory delivered = memory_;
  delivered.delivered = true;
  QC_TRY(keep(delivered));
  return round;
}

Error Witness::scream(const proof::HeadConflict& heads, const std::string& why) {
  const auto verdict = proof::judge(heads, client_.host_key(), client_.chain());
  if (!verdict.ok()) return verdict.error();
  const auto file = options_.evidence.empty()
                        ? options_.folder / ("evidence-" + std::to_string(verdict->first.size) +
                                             "-" + std::to_string(verdict->second.size) + ".json")
                        : options_.evidence;
  const Json json = proof::to_json(heads, client_.host_key(), client_.chain());
  const Status written = write_file(file, json.dump(2) + "\n", FileMode::kPublic);
  const std::string sizes = "co-signed " + std::to_string(verdict->first.size) + ", shown " +
                            std::to_string(verdict->second.size) + " transactions: ";
  Error error = witness_error(*verdict, sizes + why);
  error.field = written.ok() ? file.string() : "not written: " + written.error().message;
  return error;
}

Result<WitnessRound> Witness::follow(const std::string& head, const proof::TreeHead& now) {
  QC_ASSIGN(const proof::TreeHead last,
            proof::open_head(memory_.head, client_.host_key(), client_.chain()));
  proof::HeadConflict heads{memory_.head, head, std::nullopt, {}};
  if (now.size == last.size) {
    QC_ASSIGN(const auto verdict, proof::judge(heads, client_.host_key(), client_.chain()));
    if (verdict.contradiction == proof::Contradiction::kNone) {
      return WitnessRound{"unchanged", now.size, {}, {}, {}};
    }
    return scream(heads, "the host signed two heads of one size");
  }
  const bool grown = now.size > last.size;
  const proof::TreeHead& smaller = grown ? last : now;
  const proof::TreeHead& greater = grown ? now : last;
  const auto proof = fetch_consistency(client_, smaller.size, greater.size);
  if (!proof.ok() && is_absence(proof.error())) return proof.error();
  if (!proof.ok()) return scream(heads, "no proof is given: " + proof.error().code);
  heads.root = proof->from_root;
  heads.path = proof->path;
  const Status extends = proof::verify_consistency(smaller.size, smaller.log_root, greater.size,
                                                   greater.log_root, proof->path);
  if (!extends.ok()) return scream(heads, extends.error().message);
  if (smaller.time_ms > greater.time_ms) return scream(heads, "the longer is the earlier one");
  return WitnessRound{grown ? "cosigned" : "stale", now.size, {}, {}, {}};
}

Result<WitnessRound> Witness::look() {
  QC_ASSIGN(const Json answer, client_.get("/v1/heads/latest"));
  QC_ASSIGN(const std::string head, JsonReader(answer).text("head", kMaxHeadText));
  QC_ASSIGN(const proof::TreeHead now, proof::open_head(head, client_.host_key(), client_.chain()));
  WitnessRound round{"cosigned", now.size, {}, {}, {}};
  if (!memory_.head.empty()) {
    QC_ASSIGN(round, follow(head, now));
  }
  if (round.outcome == "cosigned") {
    QC_ASSIGN(std::string cosignature, proof::cosign_head(head, key_));
    QC_TRY(keep({head, std::move(cosignature), false}));
  }
  return deliver(std::move(round));
}

}  // namespace qc::cli
