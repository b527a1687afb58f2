#include "host/exchange/grant_flow.hpp"

#include <map>

#include "sdk/crypto/sm3.hpp"

namespace qc::exchange {
namespace {

Result<std::vector<safebox::SealedPresentation>> read_presentations(const Json& body) {
  QC_ASSIGN(const Json* list, JsonReader(body).array("presentations", safebox::kMaxPresentations));
  std::vector<safebox::SealedPresentation> out;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const JsonReader entry((*list)[i], "presentations[" + std::to_string(i) + "]");
    QC_TRY(entry.expect_only({"item", "jwe"}));
    QC_ASSIGN(std::string item, entry.text("item", 64));
    QC_ASSIGN(std::string jwe, entry.text("jwe", safebox::kMaxCiphertextBytes));
    out.push_back({std::move(item), std::move(jwe)});
  }
  return out;
}

/// Each granted item has exactly the ciphertext that the signed grant commits to: none in a
/// standing grant, where the department issues afresh for each access.
Status match_scope(const Json& grant, const std::vector<safebox::SealedPresentation>& sealed) {
  std::map<std::string, std::string> committed;
  const auto scope = JsonReader(grant, "body").array("scope");
  if (!scope.ok()) return scope.error();
  for (const Json& entry : **scope) {
    const JsonReader reader(entry, "body.scope");
    QC_ASSIGN(const std::string item, reader.text("item", 64));
    QC_ASSIGN(const std::string presentation, reader.text("presentation_sm3", 64, 0));
    if (!presentation.empty()) committed[item] = presentation;
  }
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    const std::string where = "presentations[" + std::to_string(i) + "]";
    const auto found = committed.find(sealed[i].item);
    if (found == committed.end()) {
      return invalid("grant.presentation_not_in_scope", "the grant has no such item left",
                     where + ".item");
    }
    if (found->second != to_hex(crypto::sm3(sealed[i].jwe))) {
      return invalid("grant.presentation_mismatch", "the grant commits to another ciphertext",
                     where + ".jwe");
    }
    committed.erase(found);
  }
  if (!committed.empty()) {
    return invalid("grant.presentation_missing", "no presentation for " + committed.begin()->first,
                   "presentations");
  }
  return {};
}

}  // namespace

Result<Json> create_grant(const Context& context, const std::string& caller, const Json& body) {
  QC_TRY(JsonReader(body).expect_only({"tx", "presentations"}));
  QC_ASSIGN(const proof::Transaction tx, context.transaction_in(body, "grant.create", caller));
  QC_ASSIGN(const std::string grant, JsonReader(tx.body, "body").text("grant", 64));
  QC_ASSIGN(const auto sealed, read_presentations(body));
  QC_TRY(match_scope(tx.body, sealed));
  if (!sealed.empty()) QC_TRY(context.parts.vault.put_presentations(grant, sealed));
  const auto applied = context.parts.ledger.submit(tx.bytes);
  if (!applied.ok()) {
    // A repeated submission fails here while its grant stands: its ciphertext must stay.
    if (!context.get("grant/" + grant)) QC_TRY(context.parts.vault.erase_presentations(grant));
    return applied.error();
  }
  Json result = applied_json(tx.id_hex(), *applied);
  result["grant"] = grant;
  return result;
}

}  // namespace qc::exchange
