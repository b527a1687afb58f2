#include "host/cli/directory.hpp"

namespace qc::cli {

std::vector<crypto::PublicKey> keys_in(const Json& entry) {
  std::vector<crypto::PublicKey> out;
  Json listed = entry.value("retired_keys", Json::array());
  listed.insert(listed.begin(), entry.value("jwk", Json::object()));
  for (const Json& jwk : listed) {
    auto key = crypto::PublicKey::from_jwk(jwk);
    if (key.ok()) out.push_back(std::move(key).value());
  }
  return out;
}

Result<Json> array_of(const Json& answer, const std::string& name) {
  const auto found = answer.is_object() ? answer.find(name) : answer.end();
  if (!answer.is_object() || found == answer.end() || !found->is_array()) {
    return internal("client.bad_answer", "the host's answer lacks \"" + name + "\"");
  }
  return *found;
}

Result<Directory> Directory::fetch(client::Client& client) {
  QC_ASSIGN(const Json answer, client.get("/v1/members"));
  QC_ASSIGN(const Json list, array_of(answer, "members"));
  Directory directory;
  for (const Json& member : list) directory.members_[text_of(member, "account")] = member;
  return directory;
}

Result<Json> Directory::member(const std::string& account) const {
  const auto found = members_.find(account);
  if (found == members_.end()) return not_found("member.not_found", "no such member: " + account);
  return found->second;
}

Result<crypto::PublicKey> Directory::key_of(const std::string& account) const {
  QC_ASSIGN(const Json entry, member(account));
  return crypto::PublicKey::from_jwk(entry.value("jwk", Json::object()));
}

Result<crypto::PublicKey> Directory::key_of(const std::string& account,
                                            const std::string& kid) const {
  QC_ASSIGN(const Json entry, member(account));
  for (crypto::PublicKey& key : keys_in(entry)) {
    if (key.kid() == kid) return std::move(key);
  }
  return invalid("verify.unknown_key", "not a key that " + account + " has or had");
}

std::vector<crypto::PublicKey> Directory::keys() const {
  std::vector<crypto::PublicKey> out;
  for (const auto& [account, member] : members_) {
    for (crypto::PublicKey& key : keys_in(member)) out.push_back(std::move(key));
  }
  return out;
}

std::string Directory::account_of(const std::string& kid) const {
  for (const auto& [account, member] : members_) {
    for (const crypto::PublicKey& key : keys_in(member)) {
      if (key.kid() == kid) return account;
    }
  }
  return {};
}

Result<Json> Directory::department_of(const std::string& item) const {
  const std::string code = item.substr(0, item.find('.'));
  for (const auto& [account, member] : members_) {
    if (text_of(member, "kind") == "department" && text_of(member, "code") == code) return member;
  }
  return not_found("item.no_department", "no department answers for " + item);
}

Result<Json> fetch_items(client::Client& client) {
  QC_ASSIGN(const Json answer, client.get("/v1/catalogue/items"));
  return array_of(answer, "items");
}

Result<Json> fetch_product(client::Client& client, const std::string& product) {
  QC_ASSIGN(const Json answer, client.get("/v1/catalogue/products"));
  QC_ASSIGN(const Json list, array_of(answer, "products"));
  const Json* best = nullptr;
  for (const Json& entry : list) {
    if (text_of(entry, "product") != product) continue;
    if (best == nullptr || entry.value("version", 0) > best->value("version", 0)) best = &entry;
  }
  if (best == nullptr) return not_found("product.not_found", "no such product: " + product);
  return *best;
}

Result<Json> fetch_plugin(client::Client& client, const std::string& plugin) {
  QC_ASSIGN(const Json answer, client.get("/v1/plugins"));
  QC_ASSIGN(const Json list, array_of(answer, "plugins"));
  for (const Json& entry : list) {
    if (text_of(entry, "plugin") == plugin) return entry;
  }
  return not_found("plugin.not_found", "no such plugin: " + plugin);
}

}  // namespace qc::cli
