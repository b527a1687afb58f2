// Sparse Merkle map subject -> (event count, head of the hash-linked events): completeness proofs.
#pragma once

#include <optional>
#include <vector>

#include "sdk/base/bytes.hpp"
#include "sdk/base/json.hpp"

namespace qc::proof {

struct SubjectValue {
  std::uint64_t count = 0;
  Hash32 head{};
  bool operator==(const SubjectValue&) const = default;
};

/// SM3 of the account name: the map's key.
Hash32 subject_key(std::string_view account);
/// head_n = SM3(0x02 || head_{n-1} || tx id || index, 8 bytes big-endian).
Hash32 next_event_head(const Hash32& previous, const Hash32& tx_id, std::uint64_t index);

/// Leaf: SM3(0x00 || key || count (8, BE) || head); inner: SM3(0x01 || left || right); an empty
/// subtree is 32 zero bytes; a subtree that holds exactly one key is that key's leaf hash (so depth
/// follows the number of subjects). Root of the empty map: 32 zero bytes.
Hash32 map_leaf_hash(const Hash32& key, const SubjectValue& value);
Hash32 map_node_hash(const Hash32& left, const Hash32& right);

/// Siblings from the root down to where the search for the key ends; `other` is the foreign leaf
/// found there when the key is absent beside it.
struct MapProof {
  std::vector<Hash32> siblings;
  std::optional<std::pair<Hash32, SubjectValue>> other;
};
Json to_json(const MapProof& proof);
/// Error: "proof.invalid".
Result<MapProof> map_proof_from_json(const Json& json);

/// Checks that `root` maps `key` to `value` (nullopt: absent). Error: "proof.map_mismatch".
Status verify_map(const Hash32& root, const Hash32& key, const std::optional<SubjectValue>& value,
                  const MapProof& proof);

}  // namespace qc::proof
