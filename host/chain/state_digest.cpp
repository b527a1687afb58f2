#include "host/chain/state_digest.hpp"

namespace qc::chain {

StateDigest::StateDigest(std::string_view chain, const Position& at) {
  std::string start("qc-state-1");
  start.push_back('\0');
  start.append(chain);
  start.push_back('\0');
  put_u64(start, at.size);
  put_u64(start, at.batches);
  put_hash(start, at.record_hash);
  digest_.update(as_bytes(start));
}

void StateDigest::add(std::string_view key, std::string_view document) {
  std::string row;
  row.reserve(2 * sizeof(std::uint64_t) + key.size());
  put_u64(row, key.size());
  put_u64(row, document.size());
  row.append(key);
  digest_.update(as_bytes(row)).update(as_bytes(document));
}

Hash32 snapshot_digest(const KvReader& store, std::string_view chain, const Position& at) {
  StateDigest digest(chain, at);
  const std::string family = keys::state("");
  store.scan(family, "", [&](std::string_view key, std::string_view document) {
    digest.add(key.substr(family.size()), document);
    return true;
  });
  return digest.finish();
}

}  // namespace qc::chain
