// Members after the founding, approval of products, admission of plugins: what is decided by
// proposal (rules_proposal.cpp) and runs when the votes are there.
#include "host/chain/rules_internal.hpp"
#include "sdk/base/identity_numbers.hpp"
#include "sdk/proof/capability.hpp"
#include "sdk/proof/package_signature.hpp"

namespace qc::chain::rules {
namespace {

bool is_code(std::string_view text) { return is_item(std::string(text) + ".x"); }

// A department's code is the first part of its items' names, so no two may share it.
Result<std::string> read_code(const Call& call, const JsonReader& body, const std::string& kind) {
  QC_ASSIGN(std::string code, body.text("code", 16, 0));
  if (kind != "department") {
    if (!code.empty()) return bad_form("\"\" for a " + kind, body.field("code"));
    return code;
  }
  if (!is_code(code)) return bad_form("1 to 16 letters a-z", body.field("code"));
  if (call.state.get("code/" + code)) {
    return conflict("member.code_in_use", "another department has this code").at("body.code");
  }
  return code;
}

Result<std::string> read_uscc(const JsonReader& body) {
  QC_ASSIGN(std::string uscc, body.text("uscc", 18, 18));
  if (!is_valid_uscc(uscc)) {
    return bad_form("a unified social credit code (GB 32100)", body.field("uscc"));
  }
  return uscc;
}

Result<Effect> set_status(const Call& call, std::string_view from, std::string_view to) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"account", "reason"}));
  QC_ASSIGN(const std::string account, read_account(body, "account"));
  QC_ASSIGN(const std::string reason, read_prose(body, "reason", 512));
  QC_ASSIGN(Json member,
            must_get(call.state, "member/" + account, "member.not_found", "body.account"));
  if (account == "host") {
    return forbidden("member.protected", "nothing is signed without the host").at("body.account");
  }
  if (text_of(member, "status") != from) {
    return conflict("member.wrong_state", "the member is " + text_of(member, "status"))
        .at("body.account");
  }
  member["status"] = to;
  member["reason"] = reason;
  member["status_index"] = call.context.index;
  call.state.put("member/" + account, std::move(member));
  return call.effect();
}

Result<std::vector<std::string>> read_capabilities(const JsonReader& body) {
  QC_ASSIGN(std::vector<std::string> list, body.texts("capabilities", 32, 128));
  const auto fault = proof::find_capability_fault(list);
  if (!fault) return list;
  return bad_form(fault->expected,
                  body.field("capabilities") + "[" + std::to_string(fault->index) + "]");
}

bool is_plugin_version(std::string_view text) {
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '+' && c != '-') return false;
  }
  return !text.empty() && text.size() <= 32;
}

Result<Json> check_plugin_owner(const Call& call, const std::string& owner,
                                const std::string& kind) {
  QC_ASSIGN(Json member, must_get(call.state, "member/" + owner, "member.not_found", "body.owner"));
  const std::string& owner_kind = text_of(member, "kind");
  const bool fits = kind == "department" ? owner_kind == "department" : is_consumer(owner_kind);
  if (!fits) {
    return invalid("plugin.wrong_owner", "a " + owner_kind + " cannot own a " + kind + " plugin",
                   "body.owner");
  }
  if (!is_active(member)) return forbidden("member.suspended", "suspended").at("body.owner");
  return member;
}

Error not_signed_so(std::string message) {
  return invalid("plugin.bad_signature", std::move(message), "body.signature");
}

/// What is admitted is what the publisher signed with its present key, for this network: the
/// operator's admission stands on the publisher's word, and grants nothing that it does not ask.
Result<Json> check_publisher(const Call& call, const JsonReader& body, const Json& owner,
                             const std::vector<std::string>& capabilities) {
  QC_ASSIGN(const std::string compact, body.text("signature", proof::kMaxPackageSignatureBytes));
  const auto key = crypto::PublicKey::from_jwk(owner.at("jwk"));
  if (!key.ok()) return internal("rule.failed", "a member's key cannot be read");
  const auto claim = proof::open_package(compact, *key);
  if (!claim.ok()) return not_signed_so(claim.error().message);
  if (claim->chain != call.context.chain) return not_signed_so("signed for another network");
  if (claim->publisher != text_of(owner, "account")) {
    return not_signed_so("signed as another publisher than the owner");
  }
  for (const char* name : {"plugin", "version", "kind", "owner", "digest"}) {
    const auto member = claim->manifest.find(name);
    if (member == claim->manifest.end() || *member != call.tx.body.at(name)) {
      return not_signed_so(std::string("signed for another package: ") + name);
    }
  }
  const std::vector<std::string> asked = proof::asked_capabilities(claim->manifest);
  for (const std::string& granted : capabilities) {
    if (!proof::asks_for(asked, granted)) {
      return invalid("plugin.not_asked",
                     "the manifest does not ask for this capability, or for less: " + granted,
                     "body.capabilities");
    }
  }
  return Json{{"account", claim->publisher}, {"kid", key->kid()}, {"jwk", key->to_jwk()}};
}

}  // namespace

Result<Effect> member_admit(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only(
      {"account", "kind", "code", "name_zh", "name_en", "uscc", "contact", "jwk"}));
  QC_ASSIGN(const std::string account, read_account(body, "account"));
  QC_ASSIGN(const std::string kind,
            read_choice(body, "kind",
                        {"operator", "registrar", "department", "bank", "service", "regulator"}));
  QC_ASSIGN(const std::string code, read_code(call, body, kind));
  QC_ASSIGN(const std::string name_zh, read_prose(body, "name_zh", 256));
  QC_ASSIGN(const std::string name_en, read_prose(body, "name_en", 256));
  QC_ASSIGN(const std::string uscc, read_uscc(body));
  // A consumer's contact stands in every grant (PIPL 17); others may have none.
  QC_ASSIGN(const std::string contact, read_prose(body, "contact", 256, is_consumer(kind) ? 1 : 0));
  QC_ASSIGN(const crypto::PublicKey key, read_jwk(body, "jwk"));
  if (account.substr(0, 2) == "p-" || account.substr(0, 2) == "e-") {
    return bad_form("a member's account name", body.field("account"));
  }
  if (account_document(call.state, account)) {
    return conflict("identity.account_exists", "there is such an account").at("body.account");
  }
  QC_TRY(claim_key(call, key, account, "body.jwk"));
  if (!code.empty()) call.state.put("code/" + code, account);
  call.state.put("member/" + account, call.created({{"account", account},
                                                    {"kind", kind},
                                                    {"code", code},
                                                    {"name_zh", name_zh},
                                                    {"name_en", name_en},
                                                    {"uscc", uscc},
                                                    {"contact", contact},
                                                    {"jwk", key.to_jwk()},
                                                    {"status", "active"}}));
  return call.effect();
}

Result<Effect> member_suspend(const Call& call) { return set_status(call, "active", "suspended"); }

Result<Effect> member_resume(const Call& call) { return set_status(call, "suspended", "active"); }

Result<Effect> product_approve(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"product", "version"}));
  QC_ASSIGN(const std::string product, read_name(body, "product"));
  QC_ASSIGN(const std::int64_t version, read_version(body, "version"));
  QC_ASSIGN(Json entry,
            must_get(call.state, "product/" + product, "product.not_found", "body.product"));
  const Json proposed = entry.at("proposed");
  if (proposed.is_null() || number_of(proposed, "version") != version) {
    return conflict("product.not_proposed", "this version does not wait for approval")
        .at("body.version");
  }
  entry["status"] = "active";
  entry["version"] = version;
  entry["body"] = proposed.at("body");
  entry["index"] = proposed.at("index");
  entry["tx"] = proposed.at("tx");
  entry["proposed"] = nullptr;
  entry["approved_index"] = call.context.index;
  // Requests name a version and may be answered after the next one is approved.
  call.state.put("product_version/" + product + "/" + std::to_string(version),
                 call.created({{"version", version}, {"body", proposed.at("body")}}));
  call.state.put("product/" + product, std::move(entry));
  return call.effect();
}

Result<Effect> plugin_admit(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only(
      {"plugin", "version", "kind", "owner", "digest", "jwk", "capabilities", "signature"}));
  QC_ASSIGN(const std::string plugin, read_name(body, "plugin"));
  QC_ASSIGN(const std::string version,
            read_form(body, "version", is_plugin_version, "a version (1.2.3, at most 32)"));
  QC_ASSIGN(const std::string kind, read_choice(body, "kind", {"department", "product"}));
  QC_ASSIGN(const std::string owner, read_account(body, "owner"));
  QC_ASSIGN(const std::string digest, read_digest(body, "digest"));
  QC_ASSIGN(const crypto::PublicKey key, read_jwk(body, "jwk"));
  QC_ASSIGN(const std::vector<std::string> capabilities, read_capabilities(body));
  QC_ASSIGN(const Json member, check_plugin_owner(call, owner, kind));
  const std::string holder = account_of_kid(call.state, key.kid());
  if (!holder.empty() && holder != owner) {
    return conflict("identity.key_in_use", "this key belongs to another account").at("body.jwk");
  }
  if (key_retired(call.state, key.kid())) {
    return conflict("key.retired", "the owner has another key now").at("body.jwk");
  }
  const auto before = call.state.get("plugin/" + plugin);
  if (before && (text_of(*before, "owner") != owner || text_of(*before, "kind") != kind)) {
    return conflict("plugin.wrong_owner", "the plugin was admitted for another owner or kind")
        .at("body.owner");
  }
  QC_ASSIGN(const Json publisher, check_publisher(call, body, member, capabilities));
  const Json entry = call.created({{"plugin", plugin},
                                   {"version", version},
                                   {"kind", kind},
                                   {"owner", owner},
                                   {"digest", digest},
                                   {"jwk", key.to_jwk()},
                                   {"capabilities", capabilities},
                                   {"publisher", publisher},
                                   {"approvers", call.approvers},
                                   {"state", "admitted"},
                                   {"reason", ""}});
  call.state.put("plugin/" + plugin, entry);
  call.state.put("plugin_digest/" + plugin + "/" + digest, entry);
  call.list_for(owner, "plugin", plugin);
  return call.effect();
}

Result<Effect> plugin_withdraw(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"plugin", "digest", "reason"}));
  QC_ASSIGN(const std::string plugin, read_name(body, "plugin"));
  QC_ASSIGN(const std::string digest, read_digest(body, "digest"));
  QC_ASSIGN(const std::string reason, read_prose(body, "reason", 512));
  const std::string history_key = "plugin_digest/" + plugin + "/" + digest;
  QC_ASSIGN(Json entry, must_get(call.state, history_key, "plugin.not_found", "body.digest"));
  if (text_of(entry, "state") == "withdrawn") {
    return conflict("plugin.not_admitted", "was withdrawn before").at("body.digest");
  }
  entry["state"] = "withdrawn";
  entry["reason"] = reason;
  entry["withdrawn_index"] = call.context.index;
  // A package that a newer one has replaced can be withdrawn too; the current one stays then.
  const auto current = call.state.get("plugin/" + plugin);
  if (current && text_of(*current, "digest") == digest) call.state.put("plugin/" + plugin, entry);
  call.state.put(history_key, std::move(entry));
  return call.effect();
}

}  // namespace qc::chain::rules
