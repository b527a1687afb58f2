#include "sdk/plugin/fresh_order.hpp"

#include <algorithm>
#include <cstdlib>

#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/receipt.hpp"
#include "sdk/proof/transaction.hpp"

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxEntries = 64;
constexpr std::int64_t kMsPerSecond = 1000;

Error fresh_refused(std::string code, std::string message, std::string_view field) {
  return forbidden(std::move(code), std::move(message)).at(field);
}

/// A transaction that the host's signed tree head holds.
struct Recorded {
  proof::Transaction tx;
  std::uint64_t index = 0;
  std::int64_t head_s = 0;
};

/// {"tx","receipt","jwk"}: the signature under the key, and the place on the ledger. That the key
/// is the account's is the host's word, which its signed head binds it to.
Result<Recorded> read_recorded(const Own& own, const JsonReader& message, std::string_view name,
                               std::string_view op) {
  QC_ASSIGN(const Json* object, message.object(name));
  const JsonReader reader(*object, std::string(name));
  QC_TRY(reader.expect_only({"tx", "receipt", "jwk"}));
  QC_ASSIGN(std::string text, reader.text("tx", proof::kMaxTxBytes));
  auto tx = proof::parse_transaction(std::move(text));
  if (!tx.ok()) return tx.error().at(reader.field("tx"));
  if (tx->op != op || tx->chain != own.chain) {
    return fresh_refused("issue.wrong_transaction", "is another transaction than expected",
                         reader.field("tx"));
  }
  QC_ASSIGN(const Json* jwk, reader.object("jwk"));
  const auto key = crypto::PublicKey::from_jwk(*jwk);
  if (!key.ok()) return key.error().under(reader.field("jwk"));
  if (key->kid() != tx->kid) {
    return fresh_refused("issue.wrong_transaction", "is signed with another key",
                         reader.field("jwk"));
  }
  if (const auto verified = proof::verify_transaction(*tx, *key); !verified.ok()) {
    return verified.error().at(reader.field("tx"));
  }
  QC_ASSIGN(const Json* receipt_json, reader.object("receipt"));
  auto receipt = proof::receipt_from_json(*receipt_json);
  if (!receipt.ok()) return receipt.error().under(name);
  const auto head = proof::verify_receipt(tx->bytes, *receipt, *own.host, own.chain);
  if (!head.ok()) return head.error().under(name);
  return Recorded{std::move(*tx), receipt->index, head->time_ms / kMsPerSecond};
}

Result<std::string> text_in(const JsonReader& body, std::string_view object,
                            std::string_view name) {
  QC_ASSIGN(const Json* inner, body.object(object));
  return JsonReader(*inner, body.field(object)).text(name, 128);
}

/// Who gives it, and about whom: the handle's subject. What the subject gave itself is held against
/// the key that it proved to this department; whoever acts for it is judged by the ledger's rules,
/// which the receipt stands for.
Status check_giver(const JsonReader& body, const Recorded& grant, const Handle& handle) {
  QC_ASSIGN(const std::string subject, text_in(body, "subject", "account"));
  if (subject != handle.subject) {
    return fresh_refused("issue.wrong_subject", "the grant is about another subject",
                         "grant.tx.subject");
  }
  QC_ASSIGN(const std::string role, text_in(body, "actor", "role"));
  if (role == "self" && grant.tx.kid != handle.kid) {
    return fresh_refused("issue.wrong_subject", "is not signed with the subject's own key",
                         "grant.tx");
  }
  return {};
}

Result<std::int64_t> check_validity(const JsonReader& body, std::int64_t now_s) {
  QC_ASSIGN(const std::string mode, body.text("mode", 16));
  if (mode != "standing") {
    return fresh_refused("issue.not_standing", "nothing is issued afresh under this grant",
                         "grant.tx.mode");
  }
  QC_ASSIGN(const Json* valid, body.object("valid"));
  const JsonReader window(*valid, body.field("valid"));
  QC_ASSIGN(const std::int64_t from, window.integer("from", 0, kMaxEpochSeconds));
  QC_ASSIGN(const std::int64_t to, window.integer("to", 0, kMaxEpochSeconds));
  if (now_s < from || now_s >= to) {
    return fresh_refused("issue.not_valid_now", "the grant is not valid at this time",
                         "grant.tx.valid");
  }
  return to;
}

/// The fields of this item in a list of {item, fields, …}; with the entry itself.
Result<const Json*> entry_of(const JsonReader& body, std::string_view list,
                             const std::string& item) {
  QC_ASSIGN(const Json* entries, body.array(list, kMaxEntries));
  for (const Json& entry : *entries) {
    if (entry.is_object() && text_of(entry, "item") == item) return &entry;
  }
  return fresh_refused("issue.not_granted", "does not name this item", body.field(list));
}

Result<std::set<std::string>> fields_in(const Json& entry, const std::string& path) {
  QC_ASSIGN(const std::vector<std::string> fields, JsonReader(entry, path).texts("fields", 128));
  return std::set<std::string>(fields.begin(), fields.end());
}

/// The grant's entry of the item: version and asset as the handle has them.
Status read_granted_entry(const JsonReader& body, const Handle& handle, FreshOrder& order) {
  QC_ASSIGN(const Json* entry, entry_of(body, "scope", handle.item));
  const JsonReader reader(*entry, body.field("scope"));
  QC_ASSIGN(const std::int64_t version, reader.integer("version", 1, 1'000'000));
  QC_ASSIGN(order.terms.asset, reader.text("asset", 64));
  QC_ASSIGN(order.terms.fields, fields_in(*entry, body.field("scope")));
  if (version != order.item->version) {
    return invalid("issue.wrong_version", "is served in another version", reader.field("version"));
  }
  if (order.terms.asset != handle.asset) {
    return fresh_refused("issue.not_granted", "the grant names another asset",
                         reader.field("asset"));
  }
  for (const std::string& field : order.terms.fields) {
    if (order.item->find(field) == nullptr) {
      return invalid("issue.unknown_field", "the item has no such field", reader.field("fields"));
    }
  }
  if (order.terms.fields.empty()) {
    return invalid("issue.no_fields", "asks for no field", reader.field("fields"));
  }
  for (const Field& field : order.item->fields) {
    if (order.terms.fields.contains(field.id)) order.fields.push_back(field.id);
  }
  return {};
}

/// Recent by the plugin's own clock too: an access of long ago, under a grant that was withdrawn
/// since, opens nothing, whatever time the host says it is.
Status check_recent(const Recorded& access, std::int64_t now_s) {
  const std::int64_t own_s = own_clock_ms() / kMsPerSecond;
  for (const std::int64_t now : {now_s, own_s}) {
    if (std::llabs(now - access.tx.iat) > kProofWindowSeconds ||
        std::llabs(now - access.head_s) > kProofWindowSeconds) {
      return fresh_refused("issue.stale_access", "must be opened within 300 s of now", "access");
    }
  }
  return {};
}

/// The access names this grant, its product and purpose, and opens the item whole.
Status check_access(const Recorded& access, const Recorded& grant, const FreshOrder& order) {
  const JsonReader body(access.tx.body, "access.tx");
  const JsonReader granted(grant.tx.body, "grant.tx");
  QC_ASSIGN(const std::string named, body.text("grant", 64));
  QC_ASSIGN(const std::string product, body.text("product", 64));
  QC_ASSIGN(const std::string purpose, body.text("purpose", 64));
  QC_ASSIGN(const std::string granted_product, text_in(granted, "consumer", "product"));
  QC_ASSIGN(const std::string granted_purpose, text_in(granted, "purpose", "code"));
  if (named != order.terms.grant || product != granted_product || purpose != granted_purpose ||
      access.index <= grant.index) {
    return fresh_refused("issue.wrong_access", "is not an access under this grant", "access.tx");
  }
  QC_ASSIGN(const Json* entry, entry_of(body, "items", order.item->item));
  QC_ASSIGN(const std::set<std::string> opened, fields_in(*entry, body.field("items")));
  if (opened != order.terms.fields) {
    return fresh_refused("issue.wrong_access", "does not open exactly the granted fields",
                         body.field("items"));
  }
  return {};
}

Result<const Item*> served_item(const Own& own, const JsonReader& message) {
  QC_ASSIGN(const std::string id, message.text("item", 64));
  const Item* item = own.description->find_item(id);
  if (item != nullptr) return item;
  return invalid("issue.unknown_item", "is not served here", "item");
}

}  // namespace

Result<FreshOrder> read_fresh_order(const Own& own, const Json& message, std::int64_t now_s) {
  const JsonReader reader(message);
  QC_TRY(reader.expect_only({"chain", "now", "item", "handle", "grant", "access"}));
  QC_ASSIGN(const Item* item, served_item(own, reader));
  if (!own.host) {
    return conflict("issue.no_host_key", "it was not told whose ledger it may believe");
  }
  QC_ASSIGN(const std::string sealed, reader.text("handle", 64U << 10U));
  QC_ASSIGN(const Handle handle, open_handle(own, sealed));
  if (handle.item != item->item) {
    return fresh_refused("issue.bad_handle", "is of another item", "handle");
  }
  QC_ASSIGN(const Recorded grant, read_recorded(own, reader, "grant", "grant.create"));
  QC_ASSIGN(const Recorded access, read_recorded(own, reader, "access", "access.open"));
  const JsonReader body(grant.tx.body, "grant.tx");
  QC_TRY(check_giver(body, grant, handle));
  QC_ASSIGN(const std::int64_t until, check_validity(body, now_s));
  QC_ASSIGN(const Json* jwk, body.object("key"));
  auto recipient = crypto::PublicKey::from_jwk(*jwk);
  if (!recipient.ok()) return recipient.error().under("grant.tx.key");
  FreshOrder order{item, {}, handle.id_no, {}, std::move(*recipient), until, access.tx.iat};
  QC_ASSIGN(order.terms.grant, body.text("grant", 64));
  QC_ASSIGN(order.terms.consumer, text_in(body, "consumer", "account"));
  QC_ASSIGN(order.terms.access, JsonReader(access.tx.body, "access.tx").text("access", 64));
  order.terms.chain = own.chain;
  order.terms.issuer = own.account;
  order.terms.subject = handle.subject;
  order.terms.item = item->item;
  order.terms.version = item->version;
  QC_TRY(read_granted_entry(body, handle, order));
  QC_TRY(check_recent(access, now_s));
  QC_TRY(check_access(access, grant, order));
  return order;
}

Result<Json> seal_fresh(const Own& own, const FreshOrder& order, const Json& fields,
                        const proof::FreshTimes& times) {
  QC_ASSIGN(const proof::FreshCredential credential,
            proof::issue_fresh(own.key, order.terms, times, fields));
  QC_ASSIGN(std::string jwe, crypto::jwe_encrypt(order.recipient, credential.text()));
  const proof::FreshTerms& terms = order.terms;
  std::string statement = proof::sign_issue_statement(
      {own.chain, terms.access, terms.grant, terms.item, terms.version, credential.commitment(),
       to_hex(crypto::sm3(jwe)), times.as_of_s},
      own.key);
  return Json{{"jwe", std::move(jwe)}, {"statement", std::move(statement)}};
}

}  // namespace qc::plugin
