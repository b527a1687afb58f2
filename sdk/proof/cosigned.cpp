#include "sdk/proof/cosigned.hpp"

#include <algorithm>

#include "sdk/crypto/jose.hpp"

namespace qc::proof {
namespace {

constexpr std::size_t kMaxCosignedBytes = 4096;
constexpr std::size_t kMaxConsistencyPath = 64;  // levels of a tree of 2^64 leaves

Result<Consistency> read_consistency(const Json& json) {
  const JsonReader reader(json, "consistency");
  QC_TRY(reader.expect_only({"from", "to", "from_root", "path"}));
  Consistency out;
  QC_ASSIGN(const std::int64_t from, reader.integer("from", 1, INT64_MAX));
  QC_ASSIGN(const std::int64_t to, reader.integer("to", from, INT64_MAX));
  out.from = static_cast<std::uint64_t>(from);
  out.to = static_cast<std::uint64_t>(to);
  QC_ASSIGN(const std::string root, reader.text("from_root", 64, 64));
  const auto hash = hash_from_hex(root);
  if (!hash) return hash.error().at("consistency.from_root");
  out.from_root = *hash;
  QC_ASSIGN(const std::vector<std::string> path, reader.texts("path", kMaxConsistencyPath, 64));
  for (const std::string& text : path) {
    const auto node = hash_from_hex(text);
    if (!node) return node.error().at("consistency.path");
    out.path.push_back(*node);
  }
  return out;
}

/// One co-signed head against one receipt.
class Weighing {
 public:
  Weighing(const Receipt& receipt, const TreeHead& own, const WitnessEvidence& evidence)
      : receipt_(receipt), own_(own), evidence_(evidence) {}

  /// Two heads that the host signed and that no one ledger has, whoever co-signed one of them.
  std::optional<HeadConflict> fork(const std::string& head, const crypto::PublicKey& host,
                                   std::string_view chain) const {
    const auto opened = open_head(head, host, chain);
    if (!opened) return std::nullopt;
    HeadConflict conflict{receipt_.head, head, std::nullopt, {}};
    const auto contradicts = [&] {
      const auto verdict = judge(conflict, host, chain);
      return verdict && verdict->contradiction != Contradiction::kNone;
    };
    if (contradicts()) return conflict;
    for (const Consistency* said : about(opened->size)) {
      conflict.root = said->from_root;
      conflict.path = said->path;
      if (contradicts()) return conflict;
    }
    return std::nullopt;
  }

  /// Fills in `word`; the error says why it does not count.
  Status judge_word(const CosignedHead& shown, const crypto::PublicKey& host,
                    std::string_view chain, WitnessWord& word) const {
    const auto parsed = crypto::jws_parse(shown.cosignature, kMaxCosignedBytes);
    if (!parsed) return invalid("head.invalid", parsed.error().message);
    word.kid = parsed->kid();
    const auto trusted =
        std::find_if(evidence_.trusted.begin(), evidence_.trusted.end(),
                     [&](const TrustedWitness& one) { return one.key.kid() == word.kid; });
    if (trusted == evidence_.trusted.end()) {
      return unauthenticated("verify.unknown_key", "no trusted member has this key");
    }
    word.witness = trusted->name;
    QC_ASSIGN(const TreeHead head, open_cosignature(shown.cosignature, trusted->key, chain));
    word.size = head.size;
    QC_ASSIGN(const TreeHead signed_by_host, open_head(shown.head, host, chain));
    if (!same_statement(head, signed_by_host)) {
      return invalid("verify.wrong_head", "the host signed another head than the witness");
    }
    if (head.size <= receipt_.index) {
      return invalid("verify.earlier_head", "co-signed before the transaction was there");
    }
    return same_ledger(head);
  }

 private:
  std::vector<const Consistency*> about(std::uint64_t size) const {
    const auto [from, to] = std::minmax(size, own_.size);
    std::vector<const Consistency*> out;
    for (const Consistency& said : evidence_.consistency) {
      if (said.from == from && said.to == to) out.push_back(&said);
    }
    return out;
  }

  Status same_ledger(const TreeHead& head) const {
    if (head.size == own_.size) {
      if (same_statement(head, own_)) return {};
      return invalid("verify.wrong_head", "another head of the receipt's size");
    }
    const bool later = head.size > own_.size;
    const TreeHead& smaller = later ? own_ : head;
    const TreeHead& greater = later ? head : own_;
    Status proven =
        invalid("verify.unproven", "no proof of consistency from " + std::to_string(smaller.size) +
                                       " to " + std::to_string(greater.size) + " is given");
    for (const Consistency* said : about(head.size)) {
      proven = verify_consistency(smaller.size, smaller.log_root, greater.size, greater.log_root,
                                  said->path);
      if (proven) break;
    }
    return proven;
  }

  const Receipt& receipt_;
  const TreeHead& own_;
  const WitnessEvidence& evidence_;
};

}  // namespace

Result<Consistency> consistency_from_json(const Json& json) {
  auto read = read_consistency(json);
  if (!read) return invalid("proof.invalid", read.error().message, read.error().field);
  return read;
}

Result<WitnessedReceipt> weigh_witnesses(const Receipt& receipt, const WitnessEvidence& evidence,
                                         const crypto::PublicKey& host, std::string_view chain) {
  QC_ASSIGN(const TreeHead own, open_head(receipt.head, host, chain));
  const Weighing weighing(receipt, own, evidence);
  WitnessedReceipt out;
  for (const CosignedHead& shown : evidence.heads) {
    WitnessWord word;
    const Status counts = weighing.judge_word(shown, host, chain, word);
    if (counts) {
      out.witnesses.insert(word.witness);
    } else {
      word.code = counts.error().code;
      word.why = counts.error().message;
    }
    out.words.push_back(std::move(word));
    if (!out.fork) out.fork = weighing.fork(shown.head, host, chain);
  }
  return out;
}

}  // namespace qc::proof
