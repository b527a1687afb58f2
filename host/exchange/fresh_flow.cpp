#include "host/exchange/fresh_flow.hpp"

#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/fresh_issue.hpp"

namespace qc::exchange {
namespace {

/// A transaction with its place on the ledger and the key that signed it: a plugin judges by
/// itself.
Json recorded(const std::string& bytes, const proof::Receipt& receipt, Json jwk) {
  return {{"tx", bytes}, {"receipt", proof::to_json(receipt)}, {"jwk", std::move(jwk)}};
}

/// What every department is asked with, but for item and handle.
Result<Json> common_message(const Context& context, const FreshAccess& access) {
  const chain::Ledger& ledger = context.parts.ledger;
  QC_ASSIGN(const chain::StoredTx grant, ledger.transaction(access.grant_index));
  QC_ASSIGN(const proof::Receipt receipt, ledger.receipt(access.grant_index));
  QC_ASSIGN(const proof::Transaction tx, proof::parse_transaction(grant.bytes));
  QC_ASSIGN(Json giver, context.jwk_of_kid(tx.kid));
  QC_ASSIGN(Json opener, context.jwk_of_kid(access.open.kid));
  return Json{{"chain", ledger.chain()},
              {"now", context.now_s()},
              {"grant", recorded(grant.bytes, receipt, std::move(giver))},
              {"access", recorded(access.open.bytes, access.receipt, std::move(opener))}};
}

const Json* entry_for(const Json& scope, const std::string& item) {
  for (const Json& entry : scope) {
    if (text_of(entry, "item") == item) return &entry;
  }
  return nullptr;
}

/// The sealed handle behind the granted asset.
Result<std::string> handle_of(const Context& context, const std::string& asset) {
  const auto doc = context.get("asset/" + asset);
  if (!doc || text_of(*doc, "state") == "erased") {
    return not_found("asset.erased", "the subject erased what was granted");
  }
  auto handle = context.parts.vault.get_handle(asset);
  if (handle.ok() && handle->empty()) {
    return conflict("asset.no_handle", "was issued before there were handles: have it issued anew");
  }
  return handle;
}

/// Where what the department signed is not what was asked of it, in words; "" when it is.
std::string fresh_lie(const proof::IssueStatement& said, const FreshAccess& access,
                      const Json& granted, const std::string& jwe) {
  if (said.access != access.access || said.grant != text_of(access.grant, "grant")) {
    return "it signed for another access";
  }
  if (said.item != text_of(granted, "item") || said.version != granted.at("version")) {
    return "it signed for another item";
  }
  if (said.ciphertext_sm3 != to_hex(crypto::sm3(jwe))) {
    return "it sent another ciphertext than it signed for";
  }
  return {};
}

struct FreshAnswer {
  std::string jwe, statement;
};

Result<FreshAnswer> check_answer(const Context& context, const plugin::Manager::Answer& answer,
                                 const FreshAccess& access, const Json& granted) {
  const JsonReader reader(answer.message, "issue_fresh");
  const auto jwe = reader.text("jwe", safebox::kMaxCiphertextBytes);
  const auto statement = reader.text("statement", proof::kMaxIssueStatementBytes);
  if (!jwe.ok() || !statement.ok()) return bad_answer(answer.plugin, "incomplete answer");
  QC_ASSIGN(const std::string department, context.issuer_of(text_of(granted, "item")));
  QC_ASSIGN(const Json jwk, context.jwk_of(department));
  QC_ASSIGN(const crypto::PublicKey key, crypto::PublicKey::from_jwk(jwk));
  const auto said = proof::open_issue_statement(*statement, key);
  if (!said.ok()) return bad_answer(answer.plugin, "it signed no statement of its department's");
  const std::string lie = said->chain != context.parts.ledger.chain()
                              ? "it signed for another network"
                              : fresh_lie(*said, access, granted, *jwe);
  if (!lie.empty()) return bad_answer(answer.plugin, lie);
  return FreshAnswer{*jwe, *statement};
}

/// Plugins that did not answer in time, which the next item does not wait for again.
using Silent = std::map<std::string, Error>;

Result<FreshAnswer> issue_one(const Context& context, const FreshAccess& access, Json message,
                              Silent& silent) {
  const std::string item = message.at("item");
  const Json* granted = entry_for(access.grant.at("scope"), item);
  if (granted == nullptr) return not_found("access.item_not_granted", "not in the grant");
  QC_ASSIGN(const std::string plugin, context.parts.plugins.for_item(item));
  if (const auto found = silent.find(plugin); found != silent.end()) return found->second;
  QC_ASSIGN(message["handle"], handle_of(context, text_of(*granted, "asset")));
  const auto answer =
      context.parts.plugins.call(plugin, "issue_fresh", message, context.options.plugin_timeout_ms);
  if (!answer.ok()) {
    if (answer.error().code == "plugin.timeout") silent.emplace(plugin, answer.error());
    return answer.error();
  }
  auto checked = check_answer(context, *answer, access, *granted);
  if (!checked.ok() && checked.error().code == "plugin.bad_answer") {
    context.parts.plugins.blame(plugin, checked.error().message);
  }
  return checked;
}

}  // namespace

Result<FreshIssues> issue_afresh(const Context& context, const FreshAccess& access) {
  QC_ASSIGN(Json message, common_message(context, access));
  FreshIssues out;
  Silent silent;
  for (const Json& entry : access.items) {
    const std::string item = entry.at("item");
    message["item"] = item;
    auto issued = issue_one(context, access, message, silent);
    if (!issued.ok()) {
      out.failures.emplace(item, issued.error());
      continue;
    }
    out.sealed.push_back({item, std::move(issued->jwe)});
    out.statements.push_back(std::move(issued->statement));
  }
  return out;
}

}  // namespace qc::exchange
