#include "host/chain/state_store.hpp"

#include "host/chain/keys.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::chain {

std::optional<Json> StoredState::get(const std::string& key) const {
  const auto text = store_.get(keys::state(key));
  return text ? parse_state_text(*text) : std::nullopt;
}

Document StoredState::find(const std::string& key) const {
  auto value = get(key);
  return value ? document(std::move(*value)) : nullptr;
}

void StoredState::scan(const std::string& prefix, const std::string& start,
                       const std::function<bool(const std::string&, const Json&)>& visit) const {
  const std::string from = start.empty() ? std::string() : keys::state(start);
  store_.scan(keys::state(prefix), from, [&visit](std::string_view key, std::string_view text) {
    const auto value = parse_state_text(text);
    return !value || visit(std::string(key.substr(1)), *value);
  });
}

std::string state_text(const Json& document) { return dump_json(document); }

std::optional<Json> parse_state_text(std::string_view text) {
  if (auto plain = parse_plain_json(text)) return plain;
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

void write_state(const Overlay& overlay, KvBatch& batch) {
  for (const auto& [key, value] : overlay.writes()) {
    if (value) {
      batch.emplace_back(keys::state(key), state_text(*value));
    } else {
      batch.emplace_back(keys::state(key), std::nullopt);
    }
  }
}

Hash32 state_digest(const KvReader& store) {
  crypto::Sm3 digest;
  store.scan("", "", [&digest](std::string_view key, std::string_view value) {
    std::string lengths;
    put_u64(lengths, key.size());
    put_u64(lengths, value.size());
    digest.update(as_bytes(lengths)).update(as_bytes(key)).update(as_bytes(value));
    return true;
  });
  return digest.finish();
}

}  // namespace qc::chain
