// What rules know of the state: accounts, keys, nonces, documents.
#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>

#include "host/chain/rules_internal.hpp"

namespace qc::chain::rules {
namespace {

constexpr std::string_view kExpiryPrefix = "nonce_expiry/";
constexpr std::string_view kExpiryFloor = "nonce_floor";  // last expiry key that was pruned
constexpr std::uint64_t kPruneEvery = 16;                 // transactions between prunings
constexpr std::size_t kPruneAtMost = 64;                  // four times what comes in meanwhile

std::string nonce_key(const std::string& kid, const std::string& nonce) {
  return "nonce/" + kid + "/" + nonce;
}

std::string expiry_prefix_at(std::int64_t time_s) {
  const std::string digits = std::to_string(std::max<std::int64_t>(time_s, 0));
  return std::string(kExpiryPrefix) +
         std::string(12 - std::min<std::size_t>(digits.size(), 12), '0') + digits + "/";
}

// Removes nonces whose transactions are outside the window by now. The scan starts where the last
// one ended, so that it does not walk over what the store has deleted but not yet dropped.
void prune_nonces(const Call& call) {
  const std::string limit = expiry_prefix_at(call.now_s());
  const auto floor = call.state.get(std::string(kExpiryFloor));
  std::vector<std::string> due;
  call.state.scan(std::string(kExpiryPrefix), floor ? floor->get<std::string>() : std::string(),
                  [&](const std::string& key, const Json&) {
                    if (key >= limit || due.size() >= kPruneAtMost) return false;
                    due.push_back(key);
                    return true;
                  });
  if (due.empty()) return;
  for (const std::string& key : due) {
    call.state.erase("nonce/" + key.substr(limit.size()));
    call.state.erase(key);
  }
  call.state.put(std::string(kExpiryFloor), due.back());
}

}  // namespace

Json Call::created(Json document) const {
  document["index"] = context.index;
  document["tx"] = tx.id_hex();
  return document;
}

void Call::list_for(const std::string& account, std::string_view family,
                    const std::string& id) const {
  state.put("of/" + account + "/" + std::string(family) + "/" + id, true);
}

bool nonce_used(const StateReader& state, const std::string& kid, const std::string& nonce) {
  return state.get(nonce_key(kid, nonce)).has_value();
}

void use_nonce(const Call& call, const std::string& kid, const std::string& nonce) {
  if (call.context.index % kPruneEvery == 0) prune_nonces(call);
  // A transaction signed kWindowS ahead stays valid for twice that; kept through that second.
  static_assert(kNonceKeepS >= 2 * kWindowS);
  const std::int64_t expiry = call.now_s() + kNonceKeepS;
  call.state.put(nonce_key(kid, nonce), expiry);
  call.state.put(expiry_prefix_at(expiry) + kid + "/" + nonce, true);
}

std::optional<Json> account_document(const StateReader& state, const std::string& account) {
  // A member's name never begins so: one look-up for those who are many.
  if (account.starts_with("p-")) return state.get("subject/" + account);
  auto member = state.get("member/" + account);
  return member ? member : state.get("subject/" + account);
}

std::string account_of_kid(const StateReader& state, const std::string& kid) {
  const auto account = state.get("kid/" + kid);
  return account && account->is_string() ? account->get<std::string>() : std::string();
}

bool key_retired(const StateReader& state, const std::string& kid) {
  const auto entry = state.get("key/" + kid);
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
  const auto plugin = state.get("plugin/" + text_of(product_body, "plugin"));
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
