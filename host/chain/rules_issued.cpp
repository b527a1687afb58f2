// What was issued afresh for an access under a standing grant: the departments' own word.
#include <map>

#include "host/chain/rules_internal.hpp"
#include "sdk/proof/fresh_issue.hpp"

namespace qc::chain::rules {
namespace {

constexpr std::size_t kMaxStatements = 64;

/// What one statement is held against.
struct IssueTerms {
  const Call& call;
  const std::string& grant;
  const std::string& access;
  const Json& scope;
  std::string where;
};

Error wrong_issue(std::string message, const IssueTerms& terms) {
  return invalid("access.wrong_issue", std::move(message), terms.where);
}

const Json* entry_of(const Json& list, const std::string& item) {
  for (const Json& entry : list) {
    if (text_of(entry, "item") == item) return &entry;
  }
  return nullptr;
}

/// Of this access and of a granted item, by the department whose item it is. Returns the item.
Result<std::string> check_statement(const IssueTerms& terms, const std::string& jws) {
  const StateReader& state = terms.call.state;
  const auto said = proof::peek_issue_statement(jws);
  if (!said.ok()) return wrong_issue(said.error().message, terms);
  const Json* granted = entry_of(terms.scope, said->item);
  if (granted == nullptr || number_of(*granted, "version") != said->version) {
    return wrong_issue("not an item of the grant", terms);
  }
  if (said->chain != terms.call.context.chain || said->grant != terms.grant ||
      said->access != terms.access) {
    return wrong_issue("was made for another access", terms);
  }
  if (!is_digest(said->commitment) || !is_digest(said->ciphertext_sm3)) {
    return wrong_issue("holds no commitment", terms);
  }
  const Document asset = state.find("asset/" + text_of(*granted, "asset"));
  if (!asset || text_of(*asset, "state") == "erased") {
    return conflict("asset.erased", "the subject erased what was granted").at(terms.where);
  }
  QC_ASSIGN(const Document item,
            must_find(state, item_key(said->item, said->version), "item.not_found", terms.where));
  QC_ASSIGN(const Document department, must_find(state, "member/" + text_of(*item, "department"),
                                                 "member.not_found", terms.where));
  if (!is_active(*department)) {
    return forbidden("member.suspended", "the department is suspended").at(terms.where);
  }
  QC_ASSIGN(const crypto::PublicKey key, crypto::PublicKey::from_jwk(department->at("jwk")));
  const auto opened = proof::open_issue_statement(jws, key);
  if (!opened.ok()) return wrong_issue("is not signed by the item's department", terms);
  return said->item;
}

/// The items that are given: an item is issued whole or withheld whole.
Result<std::set<std::string>> given_items(const JsonReader& body, const Json& access,
                                          const Json& withheld) {
  std::map<std::string, std::size_t> missing;
  for (const Json& entry : withheld) ++missing[text_of(entry, "item")];
  std::set<std::string> given;
  for (const Json& entry : access.at("items")) {
    const std::string& item = text_of(entry, "item");
    const auto found = missing.find(item);
    if (found == missing.end()) {
      given.insert(item);
    } else if (found->second != entry.at("fields").size()) {
      return invalid("access.withheld_mismatch", "an item is issued whole or not at all",
                     body.field("withheld"));
    }
  }
  return given;
}

}  // namespace

Status check_presentation(const Json& request_body, std::string_view presentation_sm3,
                          const std::string& where) {
  const bool standing = text_of(request_body, "mode") == "standing";
  if (standing ? presentation_sm3.empty() : is_digest(presentation_sm3)) return {};
  return bad_form(standing ? "\"\" in a standing grant" : "64 lower-case hexadecimal digits",
                  where + ".presentation_sm3");
}

Status check_issued(const Call& call, const Json& grant, const Json& access) {
  const JsonReader body = call.body();
  if (text_of(grant.at("body"), "mode") != "standing") {
    if (!body.has("issued")) return {};
    return invalid("access.wrong_issue", "nothing is issued afresh under this grant",
                   body.field("issued"));
  }
  QC_ASSIGN(std::set<std::string> given, given_items(body, access, call.tx.body.at("withheld")));
  QC_ASSIGN(const std::vector<std::string> statements,
            body.texts("issued", kMaxStatements, proof::kMaxIssueStatementBytes));
  for (std::size_t i = 0; i < statements.size(); ++i) {
    const IssueTerms terms{call, text_of(grant, "grant"), text_of(access, "access"),
                           grant.at("body").at("scope"),
                           body.field("issued") + "[" + std::to_string(i) + "]"};
    QC_ASSIGN(const std::string item, check_statement(terms, statements[i]));
    if (given.erase(item) == 0) {
      return invalid("access.wrong_issue", "not given, or issued twice", terms.where);
    }
  }
  if (given.empty()) return {};
  return invalid("access.not_issued", "nobody issued " + *given.begin(), body.field("issued"));
}

}  // namespace qc::chain::rules
