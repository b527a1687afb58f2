#include "sdk/plugin/presentation.hpp"

#include <algorithm>
#include <set>

#include "sdk/crypto/sdjwt.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/fresh_issue.hpp"

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxScope = 64;
constexpr std::size_t kMaxJwe = 512U << 10U;

Error denied(std::string code, std::string message, std::string_view field) {
  return forbidden(std::move(code), std::move(message)).at(field);
}

std::string at(std::string_view name, std::size_t index) {
  return std::string(name) + '[' + std::to_string(index) + ']';
}

Status check_consumer(const Own& own, const Json& grant, const std::string& account) {
  const JsonReader reader(grant, "grant");
  QC_ASSIGN(const Json* consumer, reader.object("consumer"));
  const JsonReader consumer_reader(*consumer, "grant.consumer");
  QC_ASSIGN(const std::string granted, consumer_reader.text("account", 64));
  QC_ASSIGN(const std::string product, consumer_reader.text("product", 64));
  if (granted != account) {
    return denied("decide.wrong_consumer", "the grant is for another consumer", "consumer.account");
  }
  if (product != own.description->product()) {
    return denied("decide.wrong_product", "the grant is for another product",
                  "grant.consumer.product");
  }
  return {};
}

Status check_terms(const Own& own, const Json& grant, std::int64_t now_s) {
  const JsonReader reader(grant, "grant");
  QC_ASSIGN(const std::string release, reader.text("release", 16));
  if (release != "answer") {
    return denied("decide.wrong_release", "the grant does not ask for an answer", "grant.release");
  }
  QC_ASSIGN(const Json* jwk, reader.object("key"));
  const auto key = crypto::PublicKey::from_jwk(*jwk);
  if (!key.ok()) return key.error().under("grant.key");
  if (!(*key == own.key.public_key())) {
    return denied("decide.wrong_key", "the grant was encrypted to another plugin", "grant.key");
  }
  QC_ASSIGN(const Json* valid, reader.object("valid"));
  const JsonReader valid_reader(*valid, "grant.valid");
  QC_ASSIGN(const std::int64_t from, valid_reader.integer("from", 0, kMaxEpochSeconds));
  QC_ASSIGN(const std::int64_t to, valid_reader.integer("to", 0, kMaxEpochSeconds));
  if (now_s < from || now_s >= to) {
    return denied("decide.not_valid_now", "the grant is not valid at this time", "grant.valid");
  }
  return {};
}

Result<bool> read_standing(const JsonReader& grant) {
  QC_ASSIGN(const std::string mode, grant.text("mode", 16));
  if (mode == "standing" || mode == "once") return mode == "standing";
  return denied("decide.wrong_mode", "the grant is neither for once nor standing", "grant.mode");
}

/// One entry of the grant's scope.
struct Scope {
  std::string item;
  std::int64_t version = 0;
  std::set<std::string> fields;
  std::vector<std::string> required;
  std::string asset;
  std::string presentation_sm3;  ///< "" in a standing grant
};

Result<Scope> read_scope(const Json& json, const std::string& path, bool standing) {
  const JsonReader reader(json, path);
  Scope scope;
  QC_ASSIGN(scope.item, reader.text("item", 64));
  QC_ASSIGN(scope.version, reader.integer("version", 1, 1'000'000));
  QC_ASSIGN(const std::vector<std::string> fields, reader.texts("fields", 128));
  scope.fields.insert(fields.begin(), fields.end());
  QC_ASSIGN(scope.required, reader.texts("required", 128));
  QC_ASSIGN(scope.asset, reader.text("asset", 64));
  const std::size_t digits = standing ? 0 : 64;
  QC_ASSIGN(scope.presentation_sm3, reader.text("presentation_sm3", digits, digits));
  return scope;
}

Status check_claims(const Own& own, const DecideOrder& order, const Scope& scope,
                    const Json& claims, const std::string& path) {
  const std::string vct = "qc:item:" + scope.item + ':' + std::to_string(scope.version);
  if (text_of(claims, "vct") != vct) {
    return denied("decide.wrong_item", "the credential is of another type", path + ".vct");
  }
  if (text_of(claims, "chain") != own.chain) {
    return denied("decide.wrong_chain", "belongs to another network", path + ".chain");
  }
  if (text_of(claims, "asset") != scope.asset) {
    return denied("decide.wrong_asset", "is another asset than granted", path + ".asset");
  }
  if (text_of(claims, "sub") != order.subject || !bound_to(claims, order.holder)) {
    return denied("decide.wrong_subject", "is about another person than the grant's",
                  path + ".sub");
  }
  return {};
}

Status check_fields(const Scope& scope, const Json& fields, const std::string& path) {
  std::set<std::string> disclosed;
  for (const auto& [name, value] : fields.items()) disclosed.insert(name);
  if (disclosed != scope.fields) {
    return denied("decide.wrong_fields", "discloses other fields than were granted",
                  path + ".fields");
  }
  return {};
}

/// Made by the subject when the grant was given, for this consumer and grant.
Result<Json> open_presented(const Own& own, const DecideOrder& order, const Scope& scope,
                            const std::string& text, const std::string& path) {
  const auto claims = crypto::sdjwt_peek_claims(text);
  if (!claims.ok()) return claims.error().at(path);
  QC_ASSIGN(const crypto::PublicKey key, issuer_key(*order.issuers, text_of(*claims, "iss"), text));
  auto view =
      crypto::sdjwt_verify_presentation(text, key, order.consumer, order.grant, order.now_s);
  if (!view.ok()) return view.error().at(path);
  QC_TRY(check_claims(own, order, scope, view->claims, path));
  QC_TRY(check_fields(scope, view->fields, path));
  return std::move(view->fields);
}

/// Issued by the department for this very access; the subject is away.
Result<Json> open_issued(const Own& own, const DecideOrder& order, const Scope& scope,
                         const std::string& text, const std::string& issuer) {
  QC_ASSIGN(const proof::FreshCredential credential, proof::read_fresh(text));
  const proof::FreshTerms terms{own.chain,      order.grant, order.access, order.subject,
                                order.consumer, issuer,      scope.item,   scope.version,
                                scope.asset,    scope.fields};
  QC_ASSIGN(const crypto::PublicKey key, issuer_key(*order.issuers, issuer, credential.sd_jwt));
  QC_ASSIGN(proof::FreshRecord record,
            proof::check_fresh_issue(credential, terms, key, order.now_s));
  return std::move(record.fields);
}

/// The department that the host names for the item, or else whoever the credential says; it must
/// be among those that the host vouches for either way.
Status check_issuer(const std::string& expected, const std::string& text, const std::string& path) {
  if (expected.empty()) return {};
  const auto claims = crypto::sdjwt_peek_claims(text);
  if (!claims.ok()) return claims.error().at(path);
  if (text_of(*claims, "iss") == expected) return {};
  return denied("decide.wrong_issuer", "was not issued by the asset's department",
                path + ".issuer");
}

Result<Evidence> open_one(const Own& own, const DecideOrder& order, const Scope& scope,
                          const Json& json, const std::string& path) {
  const JsonReader reader(json, path);
  QC_TRY(reader.expect_only({"item", "version", "asset", "jwe", "issuer"}));
  QC_ASSIGN(const std::int64_t version, reader.integer("version", 1, 1'000'000));
  QC_ASSIGN(const std::string asset, reader.text("asset", 64));
  QC_ASSIGN(const std::string jwe, reader.text("jwe", kMaxJwe));
  QC_ASSIGN(const std::string issuer, reader.text_or_empty("issuer", 64));
  if (version != scope.version || asset != scope.asset) {
    return denied("decide.wrong_asset", "is another asset or version than granted", path);
  }
  // The signed grant names the ciphertext: nothing can be put in its place afterwards.
  if (!order.standing && to_hex(crypto::sm3(jwe)) != scope.presentation_sm3) {
    return denied("decide.wrong_presentation", "is not the ciphertext that was granted",
                  path + ".jwe");
  }
  const auto text = crypto::jwe_decrypt(own.key, jwe);
  if (!text.ok()) return text.error().at(path + ".jwe");
  if (!order.standing) QC_TRY(check_issuer(issuer, *text, path));
  auto fields = order.standing ? open_issued(own, order, scope, *text, issuer)
                               : open_presented(own, order, scope, *text, path);
  if (!fields.ok()) return fields.error().at(path);
  return Evidence{scope.item, scope.version, scope.asset, std::move(*fields)};
}

/// What the product cannot do without must be granted, and what is granted as required must come.
Status check_complete(const Own& own, const std::vector<Scope>& scopes,
                      const std::vector<Evidence>& evidence) {
  const auto given = [&](const std::string& item) {
    const auto found = std::find_if(evidence.begin(), evidence.end(),
                                    [&](const Evidence& e) { return e.item == item; });
    return found == evidence.end() ? nullptr : &*found;
  };
  for (const Scope& scope : scopes) {
    if (!scope.required.empty() && given(scope.item) == nullptr) {
      return denied("decide.missing_item", "a required item was not presented", "presentations");
    }
  }
  for (const Demand& demand : own.description->demands()) {
    const Evidence* found = given(demand.item);
    if (found == nullptr && demand.required.empty()) continue;
    if (found == nullptr || found->version != demand.version) {
      return denied("decide.missing_item", "the product needs an item that was not presented",
                    "presentations");
    }
    for (const std::string& field : demand.required) {
      if (!found->fields.contains(field)) {
        return denied("decide.missing_field", "the product needs a field that was not granted",
                      demand.item + '.' + field);
      }
    }
  }
  return {};
}

}  // namespace

Result<DecideOrder> read_order(const Own& own, const Json& message, std::int64_t now_s) {
  const JsonReader reader(message);
  QC_TRY(reader.expect_only(
      {"chain", "now", "access", "grant", "holder_jwk", "issuers", "presentations", "consumer"}));
  QC_ASSIGN(const std::string chain, reader.text("chain", 128));
  if (chain != own.chain) {
    return invalid("plugin.wrong_chain", "is another network than configured", "chain");
  }
  QC_ASSIGN(const std::string access, reader.text("access", 64));
  QC_ASSIGN(const Json* grant, reader.object("grant"));
  QC_ASSIGN(const Json* holder_jwk, reader.object("holder_jwk"));
  auto holder = crypto::PublicKey::from_jwk(*holder_jwk);
  if (!holder.ok()) return holder.error().under("holder_jwk");
  QC_ASSIGN(const Json* consumer, reader.object("consumer"));
  const JsonReader consumer_reader(*consumer, "consumer");
  QC_ASSIGN(const std::string account, consumer_reader.text("account", 64));
  QC_ASSIGN(const Json* consumer_jwk, consumer_reader.object("jwk"));
  auto consumer_key = crypto::PublicKey::from_jwk(*consumer_jwk);
  if (!consumer_key.ok()) return consumer_key.error().under("consumer.jwk");
  QC_TRY(check_consumer(own, *grant, account));
  QC_TRY(check_terms(own, *grant, now_s));

  DecideOrder order{
      access,  {},      {},      {},   false, std::move(*holder), account, std::move(*consumer_key),
      nullptr, nullptr, nullptr, now_s};
  const JsonReader grant_reader(*grant, "grant");
  QC_ASSIGN(order.standing, read_standing(grant_reader));
  QC_ASSIGN(order.grant, grant_reader.text("grant", 64));
  QC_ASSIGN(const Json* subject, grant_reader.object("subject"));
  QC_ASSIGN(order.subject, JsonReader(*subject, "grant.subject").text("account", 64));
  QC_ASSIGN(const Json* purpose, grant_reader.object("purpose"));
  QC_ASSIGN(order.purpose, JsonReader(*purpose, "grant.purpose").text("code", 64));
  if (order.purpose != own.description->purpose_code()) {
    return denied("decide.wrong_purpose", "the grant is for another purpose", "grant.purpose.code");
  }
  QC_ASSIGN(order.scope, grant_reader.array("scope", kMaxScope));
  QC_ASSIGN(order.issuers, reader.object("issuers"));
  QC_ASSIGN(order.presentations, reader.array("presentations", kMaxScope));
  return order;
}

Result<std::vector<Evidence>> open_presentations(const Own& own, const DecideOrder& order) {
  std::vector<Scope> scopes;
  for (std::size_t i = 0; i < order.scope->size(); ++i) {
    QC_ASSIGN(Scope scope, read_scope((*order.scope)[i], at("grant.scope", i), order.standing));
    scopes.push_back(std::move(scope));
  }
  std::vector<Evidence> evidence;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < order.presentations->size(); ++i) {
    const Json& json = (*order.presentations)[i];
    const std::string path = at("presentations", i);
    QC_ASSIGN(const std::string item, JsonReader(json, path).text("item", 64));
    const auto scope =
        std::find_if(scopes.begin(), scopes.end(), [&](const Scope& s) { return s.item == item; });
    if (scope == scopes.end()) {
      return denied("decide.not_granted", "the item is not in the grant", path + ".item");
    }
    if (!seen.insert(item).second) {
      return invalid("decide.duplicate", "the item is presented twice", path + ".item");
    }
    QC_ASSIGN(Evidence one, open_one(own, order, *scope, json, path));
    evidence.push_back(std::move(one));
  }
  QC_TRY(check_complete(own, scopes, evidence));
  return evidence;
}

}  // namespace qc::plugin
