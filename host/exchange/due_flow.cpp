#include "host/exchange/due_flow.hpp"

#include <algorithm>

#include "host/exchange/due_index.hpp"
#include "sdk/proof/schedule.hpp"

namespace qc::exchange {
namespace {

constexpr std::int64_t kMaxMissed = 8;  // due times before this one that are looked at
constexpr std::int64_t kHourS = 3600;
/// For a grant that was given a moment ago to be heard of; it is found by the next question else.
constexpr std::chrono::milliseconds kHearing{1000};

/// Seconds between two due times, 0 without a schedule: of the product's version that the subject
/// was asked for.
std::int64_t every_of(const chain::StateReader& state, const Json& grant) {
  const auto request = state.get("request/" + text_of(grant.at("body"), "request"));
  if (!request) return 0;
  const std::int64_t version = request->at("body").value("product_version", std::int64_t{0});
  const auto product =
      state.get("product_version/" + text_of(grant, "product") + "/" + std::to_string(version));
  return product ? product->at("body").value("every_hours", std::int64_t{0}) * kHourS : 0;
}

Json open_of(const Json& grant, const std::string& grant_id, const std::string& access) {
  const Json& body = grant.at("body");
  Json items = Json::array();
  for (const Json& entry : body.at("scope")) {
    items.push_back({{"item", entry.at("item")}, {"fields", entry.at("fields")}});
  }
  return {{"access", access},
          {"grant", grant_id},
          {"product", body.at("consumer").at("product")},
          {"purpose", body.at("purpose").at("code")},
          {"items", std::move(items)}};
}

/// How many due times right before this one went by without an access.
std::int64_t missed_before(const chain::StateReader& state, const DueTerms& terms,
                           const std::string& grant, std::int64_t number) {
  std::int64_t missed = 0;
  while (missed < std::min(kMaxMissed, number)) {
    const std::string access = proof::due_access(terms.chain, grant, number - missed - 1);
    if (state.find("access/" + access) != nullptr) break;
    ++missed;
  }
  return missed;
}

bool stands(const Json& grant, std::int64_t now_s) {
  const std::string state = chain::grant_state_at(grant, now_s);
  return state == "ACTIVE" || state == "PAUSED";
}

/// How the product's plugin is, for who has to wait for it.
Json plugin_state(const Context& context, const Json& product) {
  const std::string name = text_of(product.at("body"), "plugin");
  const auto info = context.parts.plugins.info(name);
  if (!info.ok()) return {{"plugin", name}, {"state", "absent"}, {"reason", info.error().message}};
  return {{"plugin", name}, {"state", plugin::state_name(info->state)}, {"reason", info->reason}};
}

}  // namespace

Due due_of_grant(const chain::StateReader& state, const std::string& grant_id,
                 const DueTerms& terms) {
  const auto grant = state.get("grant/" + grant_id);
  if (!grant || text_of(*grant, "product") != terms.product || !stands(*grant, terms.now_s) ||
      text_of(grant->at("body"), "mode") != "standing") {
    return {};
  }
  const std::int64_t every = every_of(state, *grant);
  if (every == 0) return {};
  const std::int64_t from = grant->at("body").at("valid").at("from");
  const auto time = proof::due_time(from, every, terms.now_s);
  if (!time) return {{}, {}, from};
  const std::string access = proof::due_access(terms.chain, grant_id, time->number);
  const auto before = state.get("access/" + access);
  const bool done = before && text_of(*before, "grant") == grant_id;
  if (done) return {{}, {}, time->until_s};
  Json open = open_of(*grant, grant_id, access);
  std::string code = terms.stopped;
  if (before) code = "access.duplicate";  // somebody else's access has taken the name
  if (code.empty()) {
    const Status allowed =
        chain::check_access(*grant, open, text_of(*grant, "consumer"), terms.now_s);
    if (!allowed.ok()) code = allowed.error().code;
  }
  Json entry{
      {"grant", grant_id},      {"access", access},
      {"number", time->number}, {"since", time->since_s},
      {"until", time->until_s}, {"missed", missed_before(state, terms, grant_id, time->number)}};
  if (!code.empty()) {
    entry["code"] = code;
    return {{}, std::move(entry), time->until_s};
  }
  entry["open"] = std::move(open);
  return {std::move(entry), {}, time->until_s};
}

Result<Json> due_accesses(const Context& context, DueIndex& index, const std::string& caller,
                          const std::string& product_id) {
  const auto product = context.get("product/" + product_id);
  if (!product) return not_found("product.not_found", "no such product");
  if (text_of(*product, "owner") != caller) {
    return forbidden("auth.forbidden", "only the product's owner may see what is due");
  }
  const Json plugin = plugin_state(context, *product);
  DueTerms terms{context.parts.ledger.chain(), product_id, context.now_s(), {}};
  if (text_of(plugin, "state") != "active") terms.stopped = "plugin.not_active";
  const chain::Ledger& ledger = context.parts.ledger;
  index.await(ledger.size(), kHearing);
  DueIndex::Answer found =
      index.ask(caller, terms, [&ledger](const auto& visit) { ledger.read(visit); });
  return Json{
      {"product", product_id},       {"time", terms.now_s},           {"plugin", plugin},
      {"due", std::move(found.due)}, {"held", std::move(found.held)}, {"next", found.next_s}};
}

}  // namespace qc::exchange
