#include "host/exchange/party_view.hpp"

#include <algorithm>

#include "sdk/proof/pseudonym.hpp"

namespace qc::exchange {
namespace {

constexpr std::size_t kMaxListed = 1000;

std::string name_of(Family family) {
  switch (family) {
    case Family::kRequest:
      return "request";
    case Family::kGrant:
      return "grant";
    case Family::kAccess:
      break;
  }
  return "access";
}

bool is_party(const Json& doc, const std::string& caller) {
  return doc.value("subject", "") == caller || doc.value("consumer", "") == caller;
}

/// The verified name of who asks, from the members and not from the request's own words.
Json consumer_of(const chain::StateReader& state, const std::string& account) {
  const auto member = state.get("member/" + account);
  if (!member) return {{"account", account}};
  Json out{{"account", account}};
  for (const char* field : {"name_zh", "name_en", "uscc", "contact", "status"}) {
    if (member->contains(field)) out[field] = member->at(field);
  }
  return out;
}

Json entry_of(const Context& context, const chain::StateReader& state, Family family,
              const std::string& id, const Json& doc) {
  Json out{{name_of(family), id}, {"tx", doc.at("tx")}, {"index", doc.at("index")}};
  const std::int64_t now = context.now_s();
  switch (family) {
    case Family::kRequest: {
      const std::string consumer = doc.at("consumer");
      out["body"] = doc.at("body");
      out["state"] = chain::request_state_at(doc, now);
      out["consumer"] = consumer_of(state, consumer);
      out["pseudonym"] =
          proof::pairwise_pseudonym(doc.at("pseudonym").get<std::string>(), consumer);
      break;
    }
    case Family::kGrant:
      out["body"] = doc.at("body");
      out["state"] = chain::grant_state_at(doc, now);
      out["uses"] = doc.at("uses");
      out["cosigner"] = doc.at("cosigner");
      break;
    case Family::kAccess:
      out["grant"] = doc.at("grant");
      out["state"] = doc.at("state");
      out["acked"] = doc.at("acked");
      out["body"] = {{"product", doc.at("product")},
                     {"purpose", doc.at("purpose")},
                     {"items", doc.at("items")},
                     {"payload_sm3", doc.value("payload_sm3", "")},
                     {"decision", doc.value("decision", Json())},
                     {"withheld", doc.value("withheld", Json::array())}};
      break;
  }
  return out;
}

}  // namespace

Result<Json> list_own(const Context& context, Family family, const std::string& caller) {
  std::vector<Json> entries;
  const std::string prefix = "of/" + caller + "/" + name_of(family) + "/";
  context.parts.ledger.read([&](const chain::StateReader& state) {
    state.scan(prefix, "", [&](const std::string& key, const Json&) {
      const std::string id = key.substr(prefix.size());
      const auto doc = state.get(name_of(family) + "/" + id);
      if (doc && is_party(*doc, caller)) {
        entries.push_back(entry_of(context, state, family, id, *doc));
      }
      return true;
    });
  });
  std::sort(entries.begin(), entries.end(),
            [](const Json& a, const Json& b) { return a.at("index") < b.at("index"); });
  if (entries.size() > kMaxListed) {
    entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(kMaxListed));
  }
  const std::string plural = family == Family::kAccess ? "accesses" : name_of(family) + "s";
  return Json{{plural, entries}};
}

Result<Json> get_own(const Context& context, Family family, const std::string& caller,
                     const std::string& id) {
  Json found;
  context.parts.ledger.read([&](const chain::StateReader& state) {
    const auto doc = state.get(name_of(family) + "/" + id);
    if (doc && is_party(*doc, caller)) found = entry_of(context, state, family, id, *doc);
  });
  if (found.is_null()) {
    return not_found(name_of(family) + ".not_found", "you have no such " + name_of(family));
  }
  return found;
}

}  // namespace qc::exchange
