#include "host/exchange/context.hpp"

namespace qc::exchange {

std::optional<Json> Context::get(const std::string& key) const {
  std::optional<Json> found;
  parts.ledger.read([&](const chain::StateReader& state) { found = state.get(key); });
  return found;
}

Result<Json> Context::jwk_of(const std::string& account) const {
  for (const char* family : {"member/", "subject/"}) {
    const auto doc = get(family + account);
    if (doc && doc->contains("jwk")) return doc->at("jwk");
  }
  return not_found("account.not_found", "no account " + account.substr(0, 64));
}

Json Context::keys_of(const std::string& account) const {
  Json keys = Json::array();
  const std::string prefix = "of/" + account + "/key/";
  parts.ledger.read([&](const chain::StateReader& state) {
    state.scan(prefix, "", [&](const std::string& key, const Json&) {
      const auto entry = state.get("key/" + key.substr(prefix.size()));
      if (entry)
        keys.insert(entry->at("to").is_null() ? keys.begin() : keys.end(), entry->at("jwk"));
      return true;
    });
  });
  return keys;
}

Result<Json> Context::jwk_of_kid(const std::string& kid) const {
  const auto entry = get("key/" + kid);
  if (!entry) return not_found("account.not_found", "no account has or had this key");
  return entry->at("jwk");
}

Result<std::string> Context::account_of_kid(const std::string& kid) const {
  const auto account = get("kid/" + kid);
  if (!account || !account->is_string()) {
    return unauthenticated("tx.unknown_key", "the signing key belongs to no account");
  }
  return account->get<std::string>();
}

Result<Json> Context::latest_item(const std::string& item) const {
  std::optional<Json> found;
  parts.ledger.read([&](const chain::StateReader& state) {
    const auto version = state.get("item_latest/" + item);
    if (!version) return;
    found = state.get("item/" + item + "/" + std::to_string(version->get<std::int64_t>()));
  });
  if (!found) return not_found("item.not_found", "no item " + item).at("item");
  return found->at("body");
}

Result<std::string> Context::owner_of_plugin(const std::string& plugin) const {
  const auto doc = get("plugin/" + plugin);
  if (!doc) return not_found("plugin.not_admitted", "plugin " + plugin + " is not admitted");
  return doc->at("owner").get<std::string>();
}

Result<std::string> Context::issuer_of(const std::string& item) const {
  const auto account = get("code/" + item.substr(0, item.find('.')));
  if (!account) return not_found("item.no_department", "no department serves " + item);
  return account->get<std::string>();
}

Result<Json> Context::issuers_of(const std::vector<std::string>& items) const {
  Json issuers = Json::object();
  for (const std::string& item : items) {
    QC_ASSIGN(const std::string name, issuer_of(item));
    if (issuers.contains(name)) continue;
    issuers[name] = keys_of(name);
  }
  return issuers;
}

std::int64_t Context::now_s() const { return parts.ledger.now_ms() / 1000; }

Result<proof::Transaction> Context::transaction_in(const Json& body, std::string_view op,
                                                   const std::string& caller) const {
  QC_ASSIGN(std::string text, JsonReader(body).text("tx", proof::kMaxTxBytes));
  auto tx = proof::parse_transaction(std::move(text));
  if (!tx.ok()) return tx.error().at("tx");
  if (tx->op != op) {
    return invalid("exchange.wrong_op", "expected a transaction " + std::string(op), "tx");
  }
  QC_ASSIGN(const std::string signer, account_of_kid(tx->kid));
  if (signer != caller) {
    return forbidden("exchange.not_the_signer", "the transaction is signed by another account");
  }
  return tx;
}

Error bad_answer(const std::string& plugin, const std::string& what) {
  Error error = unavailable("plugin.bad_answer", plugin + ": " + what, Side::kProvider);
  error.retryable = false;
  return error;
}

Json applied_json(const std::string& tx, const chain::Applied& applied) {
  return {{"tx", tx}, {"index", applied.index}, {"receipt", proof::to_json(applied.receipt)}};
}

}  // namespace qc::exchange
