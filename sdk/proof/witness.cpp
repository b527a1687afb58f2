#include "sdk/proof/witness.hpp"

#include "sdk/crypto/jose.hpp"

namespace qc::proof {
namespace {

constexpr std::size_t kMaxEvidenceHead = 4096;
constexpr std::size_t kMaxEvidencePath = 64;  // levels of a tree of 2^64 leaves

Result<Evidence> read_evidence(const Json& json) {
  const JsonReader reader(json, "evidence");
  QC_TRY(reader.expect_only({"v", "chain", "host_jwk", "first", "second", "root", "path"}));
  QC_TRY(reader.integer("v", 1, 1));
  HeadConflict conflict;
  QC_ASSIGN(std::string chain, reader.text("chain", 64));
  QC_ASSIGN(const Json* jwk, reader.object("host_jwk"));
  auto host = crypto::PublicKey::from_jwk(*jwk);
  if (!host) return host.error().at("evidence.host_jwk");
  QC_ASSIGN(conflict.first, reader.text("first", kMaxEvidenceHead));
  QC_ASSIGN(conflict.second, reader.text("second", kMaxEvidenceHead));
  QC_ASSIGN(const std::string root, reader.text("root", 64, 0));
  if (!root.empty()) {
    const auto hash = hash_from_hex(root);
    if (!hash) return hash.error().at("evidence.root");
    conflict.root = *hash;
  }
  QC_ASSIGN(const std::vector<std::string> path, reader.texts("path", kMaxEvidencePath, 64));
  for (const std::string& text : path) {
    const auto hash = hash_from_hex(text);
    if (!hash) return hash.error().at("evidence.path");
    conflict.path.push_back(*hash);
  }
  return Evidence{std::move(chain), std::move(host).value(), std::move(conflict)};
}

/// The greater head's tree has, at the smaller one's size, the root that the conflict names; and it
/// is not the smaller one's.
bool begins_otherwise(const HeadConflict& conflict, const TreeHead& smaller,
                      const TreeHead& greater) {
  return conflict.root && *conflict.root != smaller.log_root &&
         verify_consistency(smaller.size, *conflict.root, greater.size, greater.log_root,
                            conflict.path)
             .ok();
}

Contradiction contradiction_in(const HeadConflict& conflict, const TreeHead& first,
                               const TreeHead& second) {
  if (first.size == second.size) {
    return same_statement(first, second) ? Contradiction::kNone : Contradiction::kSameSize;
  }
  const bool grown = first.size < second.size;
  const TreeHead& smaller = grown ? first : second;
  const TreeHead& greater = grown ? second : first;
  if (smaller.size != 0 && begins_otherwise(conflict, smaller, greater)) {
    return Contradiction::kPrefix;
  }
  // A head's time is its last batch's, and a ledger's batches do not go back in time.
  return smaller.time_ms > greater.time_ms ? Contradiction::kTime : Contradiction::kNone;
}

}  // namespace

bool same_statement(const TreeHead& a, const TreeHead& b) {
  return a.size == b.size && a.log_root == b.log_root && a.subject_root == b.subject_root &&
         a.time_ms == b.time_ms;
}

Result<std::string> cosign_head(std::string_view head_jws, const crypto::PrivateKey& witness) {
  const auto head = crypto::jws_parse(head_jws, kMaxEvidenceHead);
  if (!head) return invalid("head.invalid", head.error().message, "head");
  return crypto::jws_sign(witness, head->payload, kCosignatureTyp);
}

Result<TreeHead> open_cosignature(std::string_view jws, const crypto::PublicKey& witness,
                                  std::string_view chain) {
  return open_head(jws, witness, chain, kCosignatureTyp);
}

Result<ConflictVerdict> judge(const HeadConflict& conflict, const crypto::PublicKey& host,
                              std::string_view chain) {
  ConflictVerdict verdict;
  QC_ASSIGN(verdict.first, open_head(conflict.first, host, chain));
  QC_ASSIGN(verdict.second, open_head(conflict.second, host, chain));
  verdict.contradiction = contradiction_in(conflict, verdict.first, verdict.second);
  return verdict;
}

std::string_view name_of(Contradiction contradiction) {
  switch (contradiction) {
    case Contradiction::kSameSize:
      return "same_size";
    case Contradiction::kPrefix:
      return "prefix";
    case Contradiction::kTime:
      return "time";
    case Contradiction::kNone:
      break;
  }
  return "none";
}

Json to_json(const HeadConflict& conflict, const crypto::PublicKey& host, std::string_view chain) {
  Json path = Json::array();
  for (const Hash32& hash : conflict.path) path.push_back(to_hex(hash));
  return {{"v", 1},
          {"chain", chain},
          {"host_jwk", host.to_jwk()},
          {"first", conflict.first},
          {"second", conflict.second},
          {"root", conflict.root ? to_hex(*conflict.root) : ""},
          {"path", std::move(path)}};
}

Result<Evidence> evidence_from_json(const Json& json) {
  auto evidence = read_evidence(json);
  if (!evidence) {
    return invalid("evidence.invalid", evidence.error().message, evidence.error().field);
  }
  return evidence;
}

}  // namespace qc::proof
