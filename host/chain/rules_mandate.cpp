// Who may act for whom: guardians of minors, and the people of an enterprise. A mandate is a ledger
// object with an end; a grant names the one that it was given under, and falls with it.
#include <algorithm>

#include "host/chain/rules_internal.hpp"

namespace qc::chain {
namespace rules {
namespace {

constexpr std::size_t kMaxAdministrators = 5;

std::string mandate_key(const std::string& id) { return "mandate/" + id; }

/// Mandates that concern the account, as subject or as holder, live or not.
std::vector<Json> mandates_of(const StateReader& state, const std::string& account) {
  std::vector<Json> out;
  const std::string prefix = "of/" + account + "/mandate/";
  state.scan(prefix, "", [&](const std::string& key, const Json&) {
    if (auto mandate = state.get(mandate_key(key.substr(prefix.size())))) {
      out.push_back(std::move(*mandate));
    }
    return true;
  });
  return out;
}

/// The live mandate that `holder` has for `subject`, or null.
Json live_mandate(const StateReader& state, const std::string& subject, const std::string& holder,
                  std::int64_t now_s) {
  for (Json& mandate : mandates_of(state, holder)) {
    if (text_of(mandate, "subject") == subject && text_of(mandate, "holder") == holder &&
        mandate_live(mandate, now_s)) {
      return std::move(mandate);
    }
  }
  return {};
}

Result<Json> open_subject(const Call& call, const std::string& account, std::string_view kind,
                          const std::string& field) {
  QC_ASSIGN(Json subject, must_get(call.state, "subject/" + account, "subject.not_found", field));
  if (!is_active(subject)) return forbidden("subject.not_open", "not open").at(field);
  if (text_of(subject, "kind") != kind) {
    return invalid("subject.wrong_kind", "not of the kind " + std::string(kind), field);
  }
  return subject;
}

Result<std::int64_t> read_until(const Call& call, const JsonReader& body) {
  QC_ASSIGN(const std::int64_t until, body.integer("until", 0, kMaxTimeS));
  if (until <= call.now_s()) return invalid("mandate.in_the_past", "has ended", "body.until");
  return until;
}

/// Writes a new mandate under the identifier in the body.
Result<Effect> put_mandate(const Call& call, Json mandate) {
  const std::string id = text_of(mandate, "mandate");
  const std::string subject = text_of(mandate, "subject");
  const std::string holder = text_of(mandate, "holder");
  if (call.state.get(mandate_key(id))) {
    return conflict("mandate.exists", "this identifier was used before").at("body.mandate");
  }
  if (!live_mandate(call.state, subject, holder, call.now_s()).is_null()) {
    return conflict("mandate.exists", "acts for this subject already").at("body");
  }
  mandate["state"] = "ACTIVE";
  mandate["reason"] = "";
  call.state.put(mandate_key(id), call.created(std::move(mandate)));
  call.list_for(subject, "mandate", id);
  call.list_for(holder, "mandate", id);
  return call.effect({subject, holder});
}

/// Grants that were given under it are refused from the next access on (consent life cycle).
void revoke_grants(const Call& call, const std::string& mandate) {
  const std::string prefix = "mandate_grant/" + mandate + "/";
  std::vector<std::string> grants;
  call.state.scan(prefix, "", [&](const std::string& key, const Json&) {
    grants.push_back("grant/" + key.substr(prefix.size()));
    return true;
  });
  for (const std::string& key : grants) {
    auto grant = call.state.get(key);
    const std::string state = grant ? text_of(*grant, "state") : "";
    if (state != "ACTIVE" && state != "PAUSED" && state != "PENDING_COSIGN") continue;
    (*grant)["state"] = "REVOKED";
    (*grant)["reason"] = "mandate.ended";
    (*grant)["state_index"] = call.context.index;
    call.state.put(key, std::move(*grant));
  }
}

void end_mandate(const Call& call, Json mandate, const std::string& reason) {
  const std::string id = text_of(mandate, "mandate");
  mandate["state"] = "ENDED";
  mandate["reason"] = reason;
  mandate["state_index"] = call.context.index;
  call.state.put(mandate_key(id), std::move(mandate));
  revoke_grants(call, id);
}

/// How many guardians sign for the minor: 2 where the registrar says so. All guardianships of one
/// minor say the same, or the one that says less would undo the other.
Result<bool> read_both_sign(const Call& call, const JsonReader& body, const std::string& ward) {
  std::int64_t required = 1;
  if (body.has("required")) {
    QC_ASSIGN(required, body.integer("required", 1, 2));
  }
  const bool both = required == 2;
  for (const Json& other : mandates_of(call.state, ward)) {
    if (text_of(other, "role") != "guardian" || text_of(other, "subject") != ward ||
        !mandate_live(other, call.now_s()) || other.at("cosign") == both) {
      continue;
    }
    return conflict("mandate.wrong_required",
                    "another guardianship of this minor asks for another number of signers")
        .at("body.required");
  }
  return both;
}

struct Giver {
  std::set<std::string> items;  ///< what may be passed on; empty: everything
  std::int64_t until = kMaxTimeS;
  bool cosign = false;  ///< whether what is given must be co-signed too
};

/// The legal representative gives any mandate, an administrator a handler's within the own one,
/// which the body names as "parent".
Result<Giver> find_giver(const Call& call, const Json& enterprise, const std::string& role) {
  QC_ASSIGN(const std::string parent, call.body().text("parent", 22, 0));
  if (!parent.empty() && !is_id(parent)) return bad_form("\"\" or an identifier", "body.parent");
  const std::string& account = text_of(enterprise, "account");
  if (parent.empty()) {
    if (text_of(enterprise, "legal_rep") == call.signer.account) return Giver{};
    return forbidden("mandate.wrong_role", "not the legal representative").at("body.parent");
  }
  const auto own = call.state.get(mandate_key(parent));
  const bool may = own && text_of(*own, "subject") == account &&
                   text_of(*own, "holder") == call.signer.account &&
                   text_of(*own, "role") == "administrator" && role == "handler";
  if (!may) {
    return forbidden("mandate.wrong_role", "an administrator gives handlers' mandates only")
        .at("body.parent");
  }
  if (!mandate_live(*own, call.now_s())) {
    return forbidden("mandate.not_live", "the mandate has ended").at("body.parent");
  }
  Giver out{{}, number_of(*own, "until"), own->at("cosign").get<bool>()};
  for (const Json& item : own->at("items")) out.items.insert(item.get<std::string>());
  return out;
}

std::size_t count_administrators(const Call& call, const std::string& enterprise) {
  const std::vector<Json> mandates = mandates_of(call.state, enterprise);
  return static_cast<std::size_t>(
      std::count_if(mandates.begin(), mandates.end(), [&](const Json& mandate) {
        return text_of(mandate, "role") == "administrator" && mandate_live(mandate, call.now_s());
      }));
}

Result<std::set<std::string>> read_item_names(const JsonReader& body) {
  QC_ASSIGN(const std::vector<std::string> list, body.texts("items", 64, 128));
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!is_item(list[i])) {
      return bad_form("an item", body.field("items") + "[" + std::to_string(i) + "]");
    }
  }
  return std::set<std::string>(list.begin(), list.end());
}

}  // namespace

bool mandate_live(const Json& mandate, std::int64_t now_s) {
  return mandate_state_at(mandate, now_s) == "ACTIVE";
}

bool has_guardian(const StateReader& state, const std::string& account, std::int64_t now_s) {
  // Asked at every grant of a person, and nearly nobody ever had one.
  const Document person = state.find("subject/" + account);
  if (!person || !person->contains("guarded")) return false;
  const std::vector<Json> mandates = mandates_of(state, account);
  return std::any_of(mandates.begin(), mandates.end(), [&](const Json& mandate) {
    return text_of(mandate, "role") == "guardian" && text_of(mandate, "subject") == account &&
           mandate_live(mandate, now_s);
  });
}

bool acts_for(const Call& call, const std::string& subject, Handlers handlers) {
  const std::string& signer = call.signer.account;
  if (signer == subject) return true;
  const Document document = call.state.find("subject/" + subject);
  if (!document) return false;
  if (text_of(*document, "kind") == "enterprise" && text_of(*document, "legal_rep") == signer) {
    return true;
  }
  const Json mandate = live_mandate(call.state, subject, signer, call.now_s());
  return !mandate.is_null() &&
         (handlers == Handlers::kIncluded || text_of(mandate, "role") != "handler");
}

std::set<std::string> end_mandates(const Call& call, const std::string& enterprise,
                                   const std::string& reason) {
  std::set<std::string> holders;
  for (Json& mandate : mandates_of(call.state, enterprise)) {
    if (text_of(mandate, "state") != "ACTIVE") continue;
    holders.insert(text_of(mandate, "holder"));
    end_mandate(call, std::move(mandate), reason);
  }
  return holders;
}

Result<Effect> guardian_appoint(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"mandate", "guardian", "ward", "until", "required", "evidence"}));
  QC_ASSIGN(const std::string id, read_id(body, "mandate"));
  QC_ASSIGN(const std::string guardian, read_account(body, "guardian"));
  QC_ASSIGN(const std::string ward, read_account(body, "ward"));
  QC_ASSIGN(const std::int64_t until, read_until(call, body));
  QC_TRY(open_subject(call, guardian, "person", "body.guardian"));
  QC_ASSIGN(Json minor, open_subject(call, ward, "person", "body.ward"));
  if (guardian == ward || has_guardian(call.state, guardian, call.now_s())) {
    return invalid("mandate.wrong_holder", "a minor is nobody's guardian", "body.guardian");
  }
  QC_TRY(check_guardianship(call, {guardian, ward, text_of(minor, "department"), until}));
  QC_ASSIGN(const bool both, read_both_sign(call, body, ward));
  minor["guarded"] = true;  // has or had a guardian
  call.state.put("subject/" + ward, std::move(minor));
  return put_mandate(call, {{"mandate", id},
                            {"role", "guardian"},
                            {"subject", ward},
                            {"holder", guardian},
                            {"giver", call.signer.account},
                            {"parent", ""},
                            {"items", Json::array()},
                            {"cosign", both},
                            {"until", until}});
}

Result<Effect> mandate_give(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only(
      {"mandate", "enterprise", "holder", "role", "parent", "items", "cosign", "until"}));
  QC_ASSIGN(const std::string id, read_id(body, "mandate"));
  QC_ASSIGN(const std::string enterprise, read_account(body, "enterprise"));
  QC_ASSIGN(const std::string holder, read_account(body, "holder"));
  QC_ASSIGN(const std::string role, read_choice(body, "role", {"administrator", "handler"}));
  QC_ASSIGN(const std::set<std::string> items, read_item_names(body));
  QC_ASSIGN(const bool cosign, body.boolean("cosign"));
  QC_ASSIGN(const std::int64_t until, read_until(call, body));
  QC_ASSIGN(const Json whole, open_subject(call, enterprise, "enterprise", "body.enterprise"));
  QC_ASSIGN(const Giver giver, find_giver(call, whole, role));
  QC_TRY(open_subject(call, holder, "person", "body.holder"));
  const bool wider =
      !giver.items.empty() && (items.empty() || !first_outside(items, giver.items).empty());
  if (wider) return invalid("mandate.beyond", "wider than the giver's own", "body.items");
  if (giver.cosign && !cosign) {
    return invalid("mandate.beyond", "the giver's own needs a co-signature", "body.cosign");
  }
  if (until > giver.until) {
    return invalid("mandate.beyond", "longer than the giver's own", "body.until");
  }
  if (role == "administrator" && count_administrators(call, enterprise) >= kMaxAdministrators) {
    return conflict("mandate.too_many", "at most 5 administrators").at("body.role");
  }
  return put_mandate(call, {{"mandate", id},
                            {"role", role},
                            {"subject", enterprise},
                            {"holder", holder},
                            {"giver", call.signer.account},
                            {"parent", call.tx.body.at("parent")},
                            {"items", items},
                            {"cosign", cosign},
                            {"until", until}});
}

// The second signature, by somebody else with the right to act, over the bytes of the first.
Result<Effect> grant_cosign(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"grant", "tx"}));
  QC_ASSIGN(const std::string id, read_id(body, "grant"));
  QC_ASSIGN(const std::string tx, read_digest(body, "tx"));
  auto grant = call.state.get("grant/" + id);
  if (!grant || !acts_for(call, text_of(*grant, "subject"))) {
    return not_found("grant.not_found", "there is no such entry").at("body.grant");
  }
  const std::string state = grant_state_at(*grant, call.now_s());
  if (state != "PENDING_COSIGN") {
    return conflict("grant.wrong_state", "the grant is " + state).at("body.grant");
  }
  if (text_of(*grant, "tx") != tx) {
    return invalid("grant.wrong_transaction", "not the transaction that gave it", "body.tx");
  }
  if (text_of(grant->at("body").at("actor"), "account") == call.signer.account) {
    return forbidden("grant.second_signer_needed", "has signed already").at("body.grant");
  }
  const std::string subject = text_of(*grant, "subject");
  if (subject == call.signer.account) {  // a minor's own
    return forbidden("grant.second_signer_needed", "the other guardian signs").at("body.grant");
  }
  (*grant)["state"] = "ACTIVE";
  (*grant)["cosigner"] = call.signer.account;
  (*grant)["state_index"] = call.context.index;
  call.state.put("grant/" + id, std::move(*grant));
  return call.effect({subject});
}

// A guardianship is ended by the registrar; an enterprise's mandate by the legal representative,
// by whoever gave it, or by its holder.
Result<Effect> mandate_end(const Call& call) {
  const JsonReader body = call.body();
  QC_TRY(body.expect_only({"mandate", "reason"}));
  QC_ASSIGN(const std::string id, read_id(body, "mandate"));
  QC_ASSIGN(const std::string reason, read_prose(body, "reason", 512, 0));
  QC_ASSIGN(Json mandate,
            must_get(call.state, mandate_key(id), "mandate.not_found", "body.mandate"));
  const std::string subject = text_of(mandate, "subject");
  const std::string holder = text_of(mandate, "holder");
  const std::string& signer = call.signer.account;
  const bool guardianship = text_of(mandate, "role") == "guardian";
  QC_ASSIGN(const Json whose,
            must_get(call.state, "subject/" + subject, "subject.not_found", "body.mandate"));
  const bool may = guardianship ? call.signer.kind == "registrar"
                                : signer == text_of(whose, "legal_rep") || signer == holder ||
                                      signer == text_of(mandate, "giver");
  // To strangers it does not exist.
  if (!may) return not_found("mandate.not_found", "there is no such entry").at("body.mandate");
  if (text_of(mandate, "state") != "ACTIVE") {
    return conflict("mandate.wrong_state", "the mandate has ended").at("body.mandate");
  }
  end_mandate(call, std::move(mandate), reason);
  std::set<std::string> concerned{subject, holder};
  for (Json& below : mandates_of(call.state, subject)) {
    if (text_of(below, "parent") != id || text_of(below, "state") != "ACTIVE") continue;
    concerned.insert(text_of(below, "holder"));
    end_mandate(call, std::move(below), reason);
  }
  return call.effect(std::move(concerned));
}

Result<Json> actor_mandate(const Call& call, const ActorClaim& claim) {
  auto mandate = call.state.get(mandate_key(claim.mandate));
  const bool own = mandate && text_of(*mandate, "holder") == call.signer.account &&
                   text_of(*mandate, "subject") == claim.subject &&
                   text_of(*mandate, "role") == claim.role;
  if (!own) {
    return invalid("grant.wrong_actor", "not a mandate of the signer's for this subject and role",
                   "body.actor.mandate");
  }
  if (!mandate_live(*mandate, call.now_s())) {
    return forbidden("mandate.not_live", "the mandate has ended").at("body.actor.mandate");
  }
  return std::move(*mandate);
}

}  // namespace rules

std::string mandate_state_at(const Json& mandate, std::int64_t now_s) {
  const std::string& state = rules::text_of(mandate, "state");
  const bool over = state == "ACTIVE" && now_s >= rules::number_of(mandate, "until");
  return over ? "EXPIRED" : state;
}

}  // namespace qc::chain
