#include "host/exchange/access_flow.hpp"

#include <algorithm>
#include <map>

#include "host/exchange/fresh_flow.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::exchange {
namespace {

/// An access between its opening and its release.
struct Opened {
  std::string access;
  std::string consumer;
  Json grant;             ///< the grant's signed body
  std::string grant_kid;  ///< the subject's key then, which the presentations are bound to
  std::uint64_t grant_index = 0;
  Json items;  ///< [{item, fields}] as opened
  proof::Transaction tx;
  proof::Receipt receipt;
  std::vector<safebox::SealedPresentation> sealed;
  std::map<std::string, Error> missing = {};  ///< items whose department issued nothing, and why
  Json statements = {};                       ///< the departments', under a standing grant

  bool standing() const { return text_of(grant, "mode") == "standing"; }
};

/// What is about to be released.
struct Payload {
  Json answer = Json::object();  ///< "decision" or "presentations"
  std::string sm3;
  Json decision;  ///< for the ledger; null when fields are released
};

void withhold(const Json& item, const std::string& code, Json& withheld) {
  for (const Json& field : item.at("fields")) {
    withheld.push_back({{"item", item.at("item")}, {"field", field}, {"code", code}});
  }
}

/// Each item with why it is missing, or else with `code`.
Json withheld_all(const Opened& opened, const std::string& code) {
  Json out = Json::array();
  for (const Json& item : opened.items) {
    const auto found = opened.missing.find(item.at("item").get<std::string>());
    withhold(item, found == opened.missing.end() ? code : found->second.code, out);
  }
  return out;
}

Result<chain::Applied> release(const Context& context, const Opened& opened,
                               const std::string& outcome, const Payload& payload,
                               const Json& withheld) {
  Json body{{"access", opened.access},
            {"outcome", outcome},
            {"payload_sm3", payload.sm3},
            {"decision", payload.decision},
            {"withheld", withheld}};
  if (!payload.sm3.empty() && opened.standing()) body["issued"] = opened.statements;
  return context.parts.ledger.submit_as_host("access.release", body);
}

/// Records that nothing was released and why; returns the error for the caller.
Error release_nothing(const Context& context, const Opened& opened, const std::string& outcome,
                      Error error) {
  const auto released =
      release(context, opened, outcome, Payload{}, withheld_all(opened, error.code));
  if (released.ok()) error.txn_id = released->receipt.tx;
  return error;
}

std::vector<std::string> items_of(const Json& entries) {
  std::vector<std::string> items;
  for (const Json& entry : entries) items.push_back(entry.at("item").get<std::string>());
  return items;
}

const std::string* sealed_for(const Opened& opened, const std::string& item) {
  const auto found = std::find_if(opened.sealed.begin(), opened.sealed.end(),
                                  [&](const auto& one) { return one.item == item; });
  return found == opened.sealed.end() ? nullptr : &found->jwe;
}

/// Why an item has no presentation.
Error missing_item(const Opened& opened, const std::string& item) {
  const auto found = opened.missing.find(item);
  if (found != opened.missing.end()) return found->second;
  return not_found("asset.erased", "the subject erased what was granted of " + item);
}

/// Under a standing grant a department that fails leaves out what the product can do without.
bool can_do_without(const Opened& opened, const Json& scope_entry) {
  if (!opened.standing()) return false;
  const auto wanted = [&](const Json& item) { return item.at("item") == scope_entry.at("item"); };
  const bool asked = std::any_of(opened.items.begin(), opened.items.end(), wanted);
  return !asked || scope_entry.at("required").empty();
}

Result<Json> decide_message(const Context& context, const Opened& opened) {
  Json presentations = Json::array();
  for (const Json& entry : opened.grant.at("scope")) {
    const std::string item = entry.at("item");
    const std::string* jwe = sealed_for(opened, item);
    if (jwe == nullptr) {
      if (can_do_without(opened, entry)) continue;
      return missing_item(opened, item);
    }
    // Named per item, so that no other department among the issuers can vouch for it.
    QC_ASSIGN(const std::string issuer, context.issuer_of(item));
    presentations.push_back({{"item", item},
                             {"issuer", issuer},
                             {"version", entry.at("version")},
                             {"asset", entry.at("asset")},
                             {"jwe", *jwe}});
  }
  QC_ASSIGN(const Json issuers, context.issuers_of(items_of(opened.grant.at("scope"))));
  QC_ASSIGN(const Json holder, context.jwk_of_kid(opened.grant_kid));
  QC_ASSIGN(const Json consumer, context.jwk_of(opened.consumer));
  return Json{{"chain", context.parts.ledger.chain()},
              {"now", context.now_s()},
              {"access", opened.access},
              {"grant", opened.grant},
              {"holder_jwk", holder},
              {"issuers", issuers},
              {"presentations", presentations},
              {"consumer", {{"account", opened.consumer}, {"jwk", consumer}}}};
}

/// The product plugin decides; the host sees ciphertext and a commitment.
Result<Payload> decide(const Context& context, const Opened& opened) {
  QC_ASSIGN(const Json message, decide_message(context, opened));
  const std::string product = opened.grant.at("consumer").at("product");
  QC_ASSIGN(const std::string plugin, context.parts.plugins.for_product(product));
  QC_ASSIGN(const auto answer, context.parts.plugins.call(plugin, "decide", message,
                                                          context.options.plugin_timeout_ms));
  const JsonReader reader(answer.message, "decide");
  const auto jwe = reader.text("jwe", safebox::kMaxCiphertextBytes);
  const auto commitment = reader.text("commitment", 64);
  const auto assets = reader.texts("assets");
  if (!jwe.ok() || !commitment.ok() || !assets.ok()) {
    return bad_answer(answer.plugin, "incomplete answer");
  }
  Payload payload;
  payload.answer["decision"] = *jwe;
  payload.sm3 = to_hex(crypto::sm3(*jwe));
  payload.decision = {{"plugin", answer.plugin},
                      {"plugin_digest", answer.digest},
                      {"commitment", *commitment},
                      {"assets", *assets}};
  return payload;
}

/// The subject's own presentations, or what the departments issued afresh, as encrypted to the
/// consumer. Items that are missing are withheld. `payload_sm3` covers the texts in order.
Payload hand_over(const Opened& opened) {
  Payload payload;
  payload.answer["presentations"] = Json::array();
  crypto::Sm3 digest;
  for (const Json& entry : opened.items) {
    const std::string item = entry.at("item");
    const std::string* jwe = sealed_for(opened, item);
    if (jwe == nullptr) continue;
    payload.answer["presentations"].push_back({{"item", item}, {"jwe", *jwe}});
    const Hash32 one = crypto::sm3(*jwe);
    digest.update(one);
  }
  payload.sm3 = to_hex(digest.finish());
  return payload;
}

/// Each opened item that is not given, with its reason.
Json withheld_of(const Opened& opened) {
  Json withheld = Json::array();
  // For an answer from what was presented, all of it or nothing goes to the product.
  if (!opened.standing() && opened.grant.at("release") == "answer") return withheld;
  for (const Json& item : opened.items) {
    const std::string name = item.at("item");
    if (sealed_for(opened, name) == nullptr) {
      withhold(item, missing_item(opened, name).code, withheld);
    }
  }
  return withheld;
}

/// A presentation is one piece, and so is what a department issues: asking for fewer of its fields
/// than it holds would hand over more than was asked for, so it is refused before the ledger counts
/// a use.
Status check_whole_items(const Json& grant, const Json& open_body) {
  const bool whole =
      grant.value("release", "") == "fields" || grant.value("mode", "") == "standing";
  if (!whole || !open_body.contains("items")) return {};
  for (const Json& wanted : open_body.at("items")) {
    for (const Json& granted : grant.at("scope")) {
      if (granted.at("item") != wanted.value("item", Json())) continue;
      const std::set<Json> left(wanted.at("fields").begin(), wanted.at("fields").end());
      const std::set<Json> right(granted.at("fields").begin(), granted.at("fields").end());
      if (std::includes(right.begin(), right.end(), left.begin(), left.end()) && left != right) {
        return invalid("access.partial_item", "ask for all granted fields of an item together",
                       "tx.body.items");
      }
    }
  }
  return {};
}

Result<Opened> open(const Context& context, const std::string& caller, const Json& body) {
  QC_TRY(JsonReader(body).expect_only({"tx"}));
  QC_ASSIGN(const proof::Transaction tx, context.transaction_in(body, "access.open", caller));
  const JsonReader reader(tx.body, "body");
  QC_ASSIGN(const std::string grant_id, reader.text("grant", 64));
  QC_ASSIGN(const std::string access_id, reader.text("access", 64));
  const auto grant = context.get("grant/" + grant_id);
  if (grant) {
    const auto items = reader.array("items");
    if (!items.ok()) return items.error().at("tx");
    for (const Json& item : **items) {
      const auto fields = JsonReader(item, "body.items").texts("fields");
      if (!fields.ok()) return fields.error().at("tx");
    }
    QC_TRY(check_whole_items(grant->at("body"), tx.body));
  }
  // The rules decide, and an access the rules refuse is recorded by the ledger itself.
  QC_ASSIGN(chain::Applied applied, context.parts.ledger.submit(tx.bytes));
  return Opened{access_id,
                caller,
                grant->at("body"),
                grant->at("kid"),
                grant->at("index"),
                tx.body.at("items"),
                tx,
                std::move(applied.receipt),
                {}};
}

/// What the product or the consumer is to get: presented when the grant was given, or issued now.
Status gather(const Context& context, Opened& opened) {
  if (!opened.standing()) {
    QC_ASSIGN(opened.sealed, context.parts.vault.get_presentations(text_of(opened.grant, "grant")));
    return {};
  }
  const FreshAccess access{opened.grant,  opened.items, opened.grant_index,
                           opened.access, opened.tx,    opened.receipt};
  QC_ASSIGN(FreshIssues fresh, issue_afresh(context, access));
  opened.sealed = std::move(fresh.sealed);
  opened.statements = std::move(fresh.statements);
  opened.missing = std::move(fresh.failures);
  return {};
}

Result<Payload> payload_of(const Context& context, const Opened& opened) {
  const bool answer = opened.grant.at("release") == "answer";
  if (answer && (!opened.standing() || !opened.sealed.empty())) return decide(context, opened);
  Payload payload = hand_over(opened);
  if (!payload.answer["presentations"].empty()) return payload;
  return missing_item(opened, opened.items.front().at("item"));
}

}  // namespace

Result<Json> access(const Context& context, const std::string& caller, const Json& body) {
  QC_ASSIGN(Opened opened, open(context, caller, body));
  if (const Status gathered = gather(context, opened); !gathered.ok()) {
    return release_nothing(context, opened, "failed", gathered.error());
  }
  auto ready = payload_of(context, opened);
  if (!ready.ok()) return release_nothing(context, opened, "failed", ready.error());
  Payload payload = std::move(ready).value();
  Json withheld = withheld_of(opened);
  const std::string outcome = withheld.empty() ? "delivered" : "partial";
  const auto released = release(context, opened, outcome, payload, withheld);
  if (!released.ok()) {
    // The grant fell between opening and release, or the ledger cannot write: nothing leaves.
    return release_nothing(context, opened, "denied", released.error());
  }
  Json result = std::move(payload.answer);
  result["access"] = opened.access;
  result["outcome"] = outcome;
  result["payload_sm3"] = payload.sm3;
  result["receipts"] = {{"open", proof::to_json(opened.receipt)},
                        {"release", proof::to_json(released->receipt)}};
  result["withheld"] = std::move(withheld);
  return result;
}

Result<std::size_t> finish_interrupted(const Context& context) {
  std::vector<Opened> left;
  context.parts.ledger.read([&](const chain::StateReader& state) {
    state.scan("access_open/", "", [&](const std::string& key, const Json&) {
      Opened opened;
      opened.access = key.substr(std::string_view("access_open/").size());
      left.push_back(std::move(opened));
      return true;
    });
    for (Opened& opened : left) opened.items = state.get("access/" + opened.access)->at("items");
  });
  for (const Opened& opened : left) {
    const auto released =
        release(context, opened, "failed", Payload{}, withheld_all(opened, "host.restarted"));
    if (!released.ok()) return released.error();
  }
  return left.size();
}

}  // namespace qc::exchange
