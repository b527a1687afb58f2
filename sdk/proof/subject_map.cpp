#include "sdk/proof/subject_map.hpp"

#include <algorithm>

#include "sdk/crypto/sm3_public.hpp"

namespace qc::proof {
namespace {

constexpr std::size_t kMaxDepth = 256;  // bits of a key

std::array<std::uint8_t, 8> big_endian(std::uint64_t value) {
  std::array<std::uint8_t, 8> out{};
  for (std::size_t i = 0; i < 8; ++i) {
    out[i] = static_cast<std::uint8_t>(value >> (56U - 8U * static_cast<unsigned>(i)));
  }
  return out;
}

bool bit(const Hash32& key, std::size_t depth) {
  return ((key[depth / 8] >> (7U - depth % 8)) & 1U) != 0;
}

bool same_prefix(const Hash32& a, const Hash32& b, std::size_t bits) {
  for (std::size_t i = 0; i < bits; ++i) {
    if (bit(a, i) != bit(b, i)) return false;
  }
  return true;
}

Result<Hash32> hash_member(const JsonReader& reader, std::string_view name) {
  QC_ASSIGN(const std::string text, reader.text(name, 64, 64));
  auto hash = hash_from_hex(text);
  if (!hash) return hash.error().at(reader.field(name));
  return hash;
}

Result<MapProof> read_proof(const Json& json) {
  const JsonReader reader(json, "proof");
  QC_TRY(reader.expect_only({"siblings", "other"}));
  QC_ASSIGN(const Json* siblings, reader.array("siblings", kMaxDepth));
  MapProof proof;
  for (std::size_t i = 0; i < siblings->size(); ++i) {
    const std::string where = "proof.siblings[" + std::to_string(i) + "]";
    const Json& entry = (*siblings)[i];
    if (!entry.is_string()) return invalid("json.wrong_type", "expected a string", where);
    const auto hash = hash_from_hex(entry.get_ref<const std::string&>());
    if (!hash) return hash.error().at(where);
    proof.siblings.push_back(*hash);
  }
  if (!reader.has("other")) {
    return invalid("json.missing_field", "required field is missing", "proof.other");
  }
  if (json["other"].is_null()) return proof;
  const JsonReader other(json["other"], "proof.other");
  QC_TRY(other.expect_only({"key", "count", "head"}));
  QC_ASSIGN(const Hash32 key, hash_member(other, "key"));
  QC_ASSIGN(const std::int64_t count, other.integer("count", 1, INT64_MAX));
  QC_ASSIGN(const Hash32 head, hash_member(other, "head"));
  proof.other.emplace(key, SubjectValue{static_cast<std::uint64_t>(count), head});
  return proof;
}

}  // namespace

Hash32 subject_key(std::string_view account) {
  return crypto::sm3_public({{as_bytes(account), {}, {}, {}}});
}

Hash32 next_event_head(const Hash32& previous, const Hash32& tx_id, std::uint64_t index) {
  const std::uint8_t prefix = 0x02;
  const auto position = big_endian(index);
  return crypto::sm3_public({{ByteView(&prefix, 1), previous, tx_id, position}});
}

Hash32 map_leaf_hash(const Hash32& key, const SubjectValue& value) {
  const std::uint8_t prefix = 0x00;
  const auto count = big_endian(value.count);
  return crypto::sm3_public({{ByteView(&prefix, 1), key, count, value.head}});
}

Hash32 map_node_hash(const Hash32& left, const Hash32& right) {
  const std::uint8_t prefix = 0x01;
  return crypto::sm3_public({{ByteView(&prefix, 1), left, right, {}}});
}

Json to_json(const MapProof& proof) {
  Json siblings = Json::array();
  for (const Hash32& hash : proof.siblings) siblings.push_back(to_hex(hash));
  Json other;
  if (proof.other) {
    other = {{"key", to_hex(proof.other->first)},
             {"count", proof.other->second.count},
             {"head", to_hex(proof.other->second.head)}};
  }
  return {{"siblings", std::move(siblings)}, {"other", std::move(other)}};
}

Result<MapProof> map_proof_from_json(const Json& json) {
  auto proof = read_proof(json);
  if (!proof) return invalid("proof.invalid", proof.error().message, proof.error().field);
  return proof;
}

Status verify_map(const Hash32& root, const Hash32& key, const std::optional<SubjectValue>& value,
                  const MapProof& proof) {
  const auto mismatch = [](const char* why) { return invalid("proof.map_mismatch", why); };
  if (proof.siblings.size() > kMaxDepth) return mismatch("the proof is deeper than a key");
  Hash32 hash{};
  if (value) {
    if (proof.other) return mismatch("a proof of presence holds no other key");
    hash = map_leaf_hash(key, *value);
  } else if (proof.other) {
    const Hash32& other = proof.other->first;
    if (other == key) return mismatch("the key is present");
    if (!same_prefix(other, key, proof.siblings.size())) {
      return mismatch("the other key lies on another branch");
    }
    hash = map_leaf_hash(other, proof.other->second);
  }
  for (std::size_t depth = proof.siblings.size(); depth-- > 0;) {
    const Hash32& sibling = proof.siblings[depth];
    hash = bit(key, depth) ? map_node_hash(sibling, hash) : map_node_hash(hash, sibling);
  }
  if (hash != root) return mismatch("the proof does not lead to the root");
  return {};
}

}  // namespace qc::proof
