#include "host/exchange/access_flow.hpp"

#include <algorithm>

#include "sdk/crypto/sm3.hpp"

namespace qc::exchange {
namespace {

/// An access between its opening and its release.
struct Opened {
  std::string access;
  std::string consumer;
  Json grant;             ///< the grant's signed body
  std::string grant_kid;  ///< the key that signed it, which the presentations are bound to
  Json items;             ///< [{item, fields}] as opened
  proof::Receipt receipt;
  std::vector<safebox::SealedPresentation> sealed;
};

/// What is about to be released.
struct Payload {
  Json answer = Json::object();  ///< "decision" or "presentations"
  std::string sm3;
  Json decision;  ///< for the ledger; null when fields are released
};

Json withheld_all(const Opened& opened, const std::string& code) {
  Json out = Json::array();
  for (const Json& item : opened.items) {
    for (const Json& field : item.at("fields")) {
      out.push_back({{"item", item.at("item")}, {"field", field}, {"code", code}});
    }
  }
  return out;
}

Result<chain::Applied> release(const Context& context, const Opened& opened,
                               const std::string& outcome, const Payload& payload,
                               const Json& withheld) {
  const Json body{{"access", opened.access},
                  {"outcome", outcome},
                  {"payload_sm3", payload.sm3},
                  {"decision", payload.decision},
                  {"withheld", withheld}};
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

Result<Json> decide_message(const Context& context, const Opened& opened) {
  Json presentations = Json::array();
  for (const Json& entry : opened.grant.at("scope")) {
    const std::string item = entry.at("item");
    const std::string* jwe = sealed_for(opened, item);
    if (jwe == nullptr) {
      return not_found("asset.erased", "the subject erased what was granted of " + item);
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

/// The subject's own presentations, as encrypted by the subject to the consumer. Items whose
/// ciphertext was erased are withheld with a reason. `payload_sm3` covers the texts in order.
Payload hand_over(const Opened& opened, Json& withheld) {
  Payload payload;
  payload.answer["presentations"] = Json::array();
  crypto::Sm3 digest;
  for (const Json& entry : opened.items) {
    const std::string item = entry.at("item");
    const std::string* jwe = sealed_for(opened, item);
    if (jwe == nullptr) {
      for (const Json& field : entry.at("fields")) {
        withheld.push_back({{"item", item}, {"field", field}, {"code", "asset.erased"}});
      }
      continue;
    }
    payload.answer["presentations"].push_back({{"item", item}, {"jwe", *jwe}});
    const Hash32 one = crypto::sm3(*jwe);
    digest.update(one);
  }
  payload.sm3 = to_hex(digest.finish());
  return payload;
}

/// A presentation is one piece: asking for fewer of its fields than it holds would hand over more
/// than was asked for, so it is refused before the ledger counts a use.
Status check_whole_items(const Json& grant, const Json& open_body) {
  if (grant.value("release", "") != "fields" || !open_body.contains("items")) return {};
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
  Opened opened{access_id,
                caller,
                grant->at("body"),
                grant->at("kid"),
                tx.body.at("items"),
                std::move(applied.receipt),
                {}};
  auto sealed = context.parts.vault.get_presentations(grant_id);
  if (!sealed.ok()) return release_nothing(context, opened, "failed", sealed.error());
  opened.sealed = std::move(sealed).value();
  return opened;
}

}  // namespace

Result<Json> access(const Context& context, const std::string& caller, const Json& body) {
  QC_ASSIGN(Opened opened, open(context, caller, body));
  Json withheld = Json::array();
  Payload payload;
  if (opened.grant.at("release") == "answer") {
    auto decided = decide(context, opened);
    if (!decided.ok()) return release_nothing(context, opened, "failed", decided.error());
    payload = std::move(decided).value();
  } else {
    payload = hand_over(opened, withheld);
    if (payload.answer["presentations"].empty()) {
      return release_nothing(context, opened, "failed",
                             not_found("asset.erased", "the subject erased what was granted"));
    }
  }
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
