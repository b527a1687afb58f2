// What rules know of the state: accounts, keys, nonces, documents.
#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>

#include "host/chain/rules_internal.hpp"

namespace qc::chain::rules {
namespace {

// A nonce is one document, "nonce/<period>/<kid>/<nonce>" -> the second of its batch. A period is
// as long as nonces are kept: what counts lies in the present one and the one before, and what lies
// before those can go without being looked at one by one.
constexpr std::string_view kNonces = "nonce/";
constexpr std::string_view kNonceFloor = "nonces_pruned";  // where pruning goes on
constexpr std::uint64_t kPruneEvery = 16;                  // transactions between prunings
constexpr std::size_t kPruneAtMost = 64;                   // four times what comes in meanwhile

std::int64_t nonce_period(std::int64_t time_s) {
  return std::max<std::int64_t>(time_s, 0) / kNonceKeepS;
}

std::string nonces_of(std::int64_t period) {
  constexpr std::size_t kDigits = 10;  // enough for the year 9999; order of text is order of time
  const std::string digits = std::to_string(std::max<std::int64_t>(period, 0));
  std::string out(kNonces);
  out.append(kDigits - std::min(digits.size(), kDigits), '0').append(digits).push_back('/');
  return out;
}

std::string nonce_key(std::int64_t period, const std::string& kid, const std::string& nonce) {
  return nonces_of(period).append(kid).append("/").append(nonce);
}

// Removes nonces of periods that no longer count. The scan starts where the last one ended, so that
// it does not walk over what the store has deleted but not yet dropped; when all are gone, nothing
// is scanned until the next period.
void prune_nonces(const Call& call) {
  const std::string limit = nonces_of(nonce_period(call.now_s()) - 1);
  const Document floor = call.state.find(std::string(kNonceFloor));
  const std::string from = floor ? floor->get<std::string>() : std::string();
  if (from >= limit) return;
  std::vector<std::string> due;
  call.state.scan(std::string(kNonces), from, [&](const std::string& key, const Json&) {
    if (key >= limit || due.size() >= kPruneAtMost) return false;
    due.push_back(key);
    return true;
  });
  for (const std::string& key : due) call.state.erase(key);
  call.state.put(std::string(kNonceFloor), due.size() < kPruneAtMost ? limit : due.back());
}

}  // namespace

Json Call::take_body() const {
  // What a decision carries out is another body than that of the vote which carries it.
  if (context.spare_body == &tx.body) return std::move(*context.spare_body);
  return tx.body;
}

Json Call::created(Json document) const {
  document["index"] = context.index;
  document["tx"] = tx.id_hex();
  return document;
}

void Call::list_for(const std::string& account, std::string_view family,
                    const std::string& id) const {
  static const Document kListed = document(true);  // one for all
  state.put("of/" + account + "/" + std::string(family) + "/" + id, kListed);
}

bool nonce_used(const StateReader& state, const std::string& kid, const std::string& nonce,
                std::int64_t now_s) {
  const std::int64_t period = nonce_period(now_s);
  for (const std::int64_t one : {period, period - 1}) {
    const Document used = state.find(nonce_key(one, kid, nonce));
    if (used && now_s <= used->get<std::int64_t>() + kNonceKeepS) return true;
  }
  return false;
}

void use_nonce(const Call& call, const std::string& kid, const std::string& nonce) {
  if (call.context.index % kPruneEvery == 0) prune_nonces(call);
  // A transaction signed kWindowS ahead stays valid for twice that; kept through that second.
  static_assert(kNonceKeepS >= 2 * kWindowS);
  call.state.put(nonce_key(nonce_period(call.now_s()), kid, nonce), call.now_s());
}

void add_nonce_keys(const Transaction& tx, std::vector<std::string>& out) {
  const std::int64_t period = nonce_period(tx.iat);
  for (const std::int64_t one : {period, period - 1}) {
    out.push_back(nonce_key(one, tx.kid, tx.nonce));
  }
}

Document account_document(const StateReader& state, const std::string& account) {
  // A member's name never begins so: one look-up for those who are many.
  if (account.starts_with("p-")) return state.find("subject/" + account);
  Document member = state.find("member/" + account);
  return member ? member : state.find("subject/" + account);
}

std::string account_of_kid(const StateReader& state, const std::string& kid) {
  const Document account = state.find("kid/" + kid);
  return account && account->is_string() ? account->get<std::string>() : std::string();
}

bool key_retired(const StateReader& state, const std::string& kid) {
  const Document entry = state.find("key/" + kid);
  return entry && !entry->at("to").is_null();
}

Status claim_key(const Call& call, const crypto::PublicKey& key, const std::string& account,
                 std::string_view field) {
  const std::string owner = account_of_kid(call.state, key.kid());
  if (!owner.empty() && owner != account) {
    return conflict("identity.key_in_use", "this key belongs to another account").at(field);
  }
  call.state.put("kid/" + key.kid(), account);
  call.state.put(
      "key/" + key.kid(),
      {{"account", account}, {"jwk", key.to_jwk()}, {"from", call.context.index}, {"to", nullptr}});
  call.list_for(account, "key", key.kid());
  return {};
}

bool is_active(const Json& document) {
  const std::string& status = text_of(document, "status");
  return status == "active" || status == "open";
}

bool is_consumer(std::string_view kind) { return kind == "bank" || kind == "service"; }

const std::string& text_of(const Json& document, std::string_view name) {
  static const std::string kNone;
  const auto it = document.find(name);
  assert(it != document.end() && it->is_string());
  return it != document.end() && it->is_string() ? it->get_ref<const std::string&>() : kNone;
}

std::int64_t number_of(const Json& document, std::string_view name) {
  const auto it = document.find(name);
  assert(it != document.end() && it->is_number_integer());
  return it != document.end() && it->is_number_integer() ? it->get<std::int64_t>() : 0;
}

Result<Json> must_get(const StateReader& state, const std::string& key, std::string_view code,
                      std::string_view field) {
  auto document = state.get(key);
  if (!document) return not_found(std::string(code), "there is no such entry").at(field);
  return std::move(*document);
}

Result<Document> must_find(const StateReader& state, const std::string& key, std::string_view code,
                           std::string_view field) {
  Document document = state.find(key);
  if (!document) return not_found(std::string(code), "there is no such entry").at(field);
  return document;
}

std::string item_key(const std::string& item, std::int64_t version) {
  return "item/" + item + "/" + std::to_string(version);
}

std::set<std::string> item_fields(const Json& item_document) {
  std::set<std::string> out;
  for (const Json& field : item_document.at("body").at("fields")) out.insert(text_of(field, "id"));
  return out;
}

Result<std::string> recipient_kid(const StateReader& state, const Json& product_body,
                                  const Json& consumer_document) {
  if (text_of(product_body, "release") == "fields") {
    return text_of(consumer_document.at("jwk"), "kid");
  }
  const Document plugin = state.find("plugin/" + text_of(product_body, "plugin"));
  // Another owner's plugin would read what was granted to this consumer.
  if (!plugin || text_of(*plugin, "state") != "admitted" || text_of(*plugin, "kind") != "product" ||
      text_of(*plugin, "owner") != text_of(consumer_document, "account")) {
    return conflict("plugin.not_admitted",
                    "the product's plugin is not admitted for this consumer");
  }
  return text_of(plugin->at("jwk"), "kid");
}

Result<Frequency> parse_frequency(std::string_view text, const std::string& field) {
  if (text.empty()) return Frequency{};
  const std::size_t slash = text.find('/');
  const std::string_view unit =
      slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1);
  Frequency out;
  out.monthly = unit == "month";
  const char* end = text.data() + std::min(slash, text.size());
  const auto [stop, failure] = std::from_chars(text.data(), end, out.count);
  if ((unit != "day" && unit != "month") || failure != std::errc() || stop != end ||
      text[0] == '0' || out.count < 1 || out.count > 1000000) {
    return bad_form("\"\" or \"<n>/<day|month>\"", field);
  }
  return out;
}

std::int64_t frequency_period(const Frequency& frequency, std::int64_t now_s) {
  const std::int64_t day = (std::max<std::int64_t>(now_s, 0) + 8 * 3600) / kDayS;
  if (!frequency.monthly) return day;
  // Days since the epoch to civil months (H. Hinnant, "chrono-compatible low-level date
  // algorithms", days_from_civil inverted); years begin in March so that leap days come last.
  const std::int64_t shifted = day + 719468;
  const std::int64_t era = shifted / 146097;
  const std::int64_t day_of_era = shifted % 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  return (era * 400 + year_of_era) * 12 + month_from_march;
}

}  // namespace qc::chain::rules
