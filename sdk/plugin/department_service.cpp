#include <algorithm>

#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/sdjwt.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/plugin/department.hpp"
#include "sdk/plugin/fresh_memory.hpp"
#include "sdk/plugin/fresh_order.hpp"
#include "sdk/plugin/handle.hpp"
#include "sdk/plugin/identity.hpp"
#include "sdk/plugin/service.hpp"
#include "sdk/proof/transaction.hpp"

namespace qc::plugin {
namespace {

/// An "issue" message after its form is checked.
struct IssueOrder {
  std::string account;
  crypto::PublicKey holder;
  const Item* item = nullptr;
  std::vector<std::string> fields;  ///< in the order of the dictionary
  std::string identity;             ///< JWE
  const Json* issuers = nullptr;
  std::string supersedes;
};

Result<std::vector<std::string>> wanted_fields(const JsonReader& reader, const Item& item) {
  QC_ASSIGN(const std::vector<std::string> asked, reader.texts("fields", 128));
  if (asked.empty()) return invalid("issue.no_fields", "asks for no field", "fields");
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (item.find(asked[i]) == nullptr) {
      return invalid("issue.unknown_field", "the item has no such field",
                     "fields[" + std::to_string(i) + ']');
    }
  }
  std::vector<std::string> ordered;
  for (const Field& field : item.fields) {
    if (std::find(asked.begin(), asked.end(), field.id) != asked.end()) {
      ordered.push_back(field.id);
    }
  }
  return ordered;
}

/// What a department answered must be what its description promises: a wrong type is the
/// department's defect, so side=provider, and no value is repeated in the error.
Result<Json> checked_fields(const Record& record, const Item& item,
                            const std::vector<std::string>& asked) {
  const auto defect = [&](std::string message, const std::string& field) {
    Error error = internal("record.invalid", std::move(message)).at("record." + field);
    error.side = Side::kProvider;
    return error;
  };
  if (!record.fields.is_object()) return defect("is not an object", "fields");
  Json fields = Json::object();
  for (const std::string& id : asked) {
    const auto value = record.fields.find(id);
    if (value == record.fields.end()) return defect("the field was not answered", id);
    const Field* field = item.find(id);
    if (!value_fits(field->type, *value)) {
      return defect("expected " + std::string(field_form(field->type)), id);
    }
    fields[id] = *value;
  }
  for (const auto& [id, value] : record.fields.items()) {
    if (item.find(id) == nullptr) return defect("is no field of the item", id.substr(0, 64));
  }
  return fields;
}

class DepartmentService final : public Service {
 public:
  explicit DepartmentService(std::unique_ptr<Department> author) : author_(std::move(author)) {}

  std::string_view kind() const override { return "department"; }

  Status configure(const JsonReader& settings, std::shared_ptr<const Own> own) override {
    QC_ASSIGN(identity_issuer_, settings.text_or_empty("identity_issuer", 64));
    if (author_->proves_identity()) {
      QC_ASSIGN(const std::string file, settings.text("pseudonym_key_file", 4096));
      QC_ASSIGN(pseudonyms_, Pseudonyms::load(file));
    }
    author_->grant_tables(own->tables);
    QC_TRY(author_->configure(settings));
    own_ = std::move(own);
    return {};
  }

  Health health() override { return author_->health(); }

  Result<Json> handle(std::string_view method, const Json& message, const Moment& moment) override {
    if (method == "issue") return issue(message, moment);
    if (method == "issue_fresh") return issue_fresh(message, moment);
    if (method == "prove_identity" && pseudonyms_ != nullptr) return prove(message, moment);
    return not_found("plugin.unknown_method", "this plugin has no such method");
  }

 private:
  Result<IssueOrder> read_order(const Json& message) const {
    const JsonReader reader(message);
    QC_TRY(reader.expect_only({"chain", "now", "subject", "item", "version", "fields", "identity",
                               "issuers", "supersedes"}));
    QC_TRY(check_chain(reader));
    QC_ASSIGN(const Json* subject, reader.object("subject"));
    const JsonReader subject_reader(*subject, "subject");
    QC_TRY(subject_reader.expect_only({"account", "jwk"}));
    QC_ASSIGN(std::string account, subject_reader.text("account", 64));
    QC_ASSIGN(const Json* jwk, subject_reader.object("jwk"));
    auto holder = crypto::PublicKey::from_jwk(*jwk);
    if (!holder.ok()) return holder.error().under("subject.jwk");
    QC_ASSIGN(const std::string item_id, reader.text("item", 64));
    const Item* item = own_->description->find_item(item_id);
    if (item == nullptr) return invalid("issue.unknown_item", "is not served here", "item");
    QC_ASSIGN(const std::int64_t version, reader.integer("version", 1, 1'000'000));
    if (version != item->version) {
      return invalid("issue.wrong_version", "is served in another version", "version");
    }
    IssueOrder order{std::move(account), std::move(*holder), item, {}, {}, nullptr, {}};
    QC_ASSIGN(order.fields, wanted_fields(reader, *item));
    QC_ASSIGN(order.identity, reader.text("identity", 128U << 10U));
    QC_ASSIGN(order.issuers, reader.object("issuers"));
    QC_ASSIGN(order.supersedes, reader.text_or_empty("supersedes", 64));
    return order;
  }

  Status check_chain(const JsonReader& reader) const {
    QC_ASSIGN(const std::string chain, reader.text("chain", 128));
    if (chain != own_->chain) {
      return invalid("plugin.wrong_chain", "is another network than configured", "chain");
    }
    return {};
  }

  Result<Json> issue(const Json& message, const Moment& moment) {
    QC_ASSIGN(const IssueOrder order, read_order(message));
    const IdentityQuery query{order.issuers, identity_issuer_, order.account, order.holder,
                              order.item->item};
    Subject subject{{}, moment};
    QC_ASSIGN(subject.id_no, open_identity(*own_, query, order.identity, moment.now_s));
    QC_ASSIGN(const Record record, fetch(subject, *order.item, order.fields));
    return seal(order, record, subject);
  }

  /// For one access under a standing grant, while the subject is away.
  Result<Json> issue_fresh(const Json& message, const Moment& moment) {
    QC_TRY(check_chain(JsonReader(message)));
    QC_ASSIGN(const FreshOrder order, read_fresh_order(*own_, message, moment.now_s));
    const proof::FreshTerms& terms = order.terms;
    QC_TRY(issued_.begin(terms.access, terms.item, order.opened_s, own_clock_ms() / 1000));
    auto answer = answer_fresh(order, moment);
    if (!answer.ok()) issued_.undo(terms.access, terms.item, order.opened_s);
    return answer;
  }

  Result<Json> answer_fresh(const FreshOrder& order, const Moment& moment) {
    const Subject subject{order.id_no, moment};
    QC_ASSIGN(const Record record, fetch(subject, *order.item, order.fields));
    return seal_fresh(*own_, order, record.fields, {moment.now_s, order.until_s, record.as_of_s});
  }

  /// The author's record, with the fields asked for and no others, and both times.
  Result<Record> fetch(const Subject& subject, const Item& item,
                       const std::vector<std::string>& asked) {
    const Moment& moment = subject.moment;
    QC_TRY(moment.check());
    QC_ASSIGN(Record record, author_->fetch(subject, item, asked));
    QC_TRY(moment.check());
    QC_ASSIGN(record.fields, checked_fields(record, item, asked));
    if (record.as_of_s == 0) record.as_of_s = moment.now_s;
    if (record.expires_s == 0) {
      record.expires_s = moment.now_s + own_->description->valid_days() * kDaySeconds;
    }
    return record;
  }

  /// Credential, commitment, ciphertext and the signed transaction that records all three; and by
  /// what the record is found again.
  Result<Json> seal(const IssueOrder& order, const Record& record, const Subject& subject) const {
    const std::int64_t now_s = subject.moment.now_s;
    const std::string asset = random_id();
    crypto::SdJwtClaims claims;
    claims.iss = own_->account;
    claims.vct = "qc:item:" + order.item->item + ':' + std::to_string(order.item->version);
    claims.sub = order.account;
    claims.iat = now_s;
    claims.exp = record.expires_s;
    claims.extra = {{"chain", own_->chain}, {"asset", asset}};
    const std::string sd_jwt = crypto::sdjwt_issue(own_->key, claims, record.fields, order.holder);
    const Bytes salt = random_bytes(kCommitmentSaltSize);
    const Json content = {{"asset", asset}, {"sd_jwt", sd_jwt}, {"salt", to_base64url(salt)}};
    QC_ASSIGN(std::string jwe, crypto::jwe_encrypt(order.holder, content.dump()));
    const Json body = {{"asset", asset},
                       {"subject", order.account},
                       {"item", order.item->item},
                       {"version", order.item->version},
                       {"fields", order.fields},
                       {"commitment", commitment("qc-asset-1", salt, sd_jwt)},
                       {"ciphertext_sm3", to_hex(crypto::sm3(jwe))},
                       {"as_of", record.as_of_s},
                       {"expires", record.expires_s},
                       {"supersedes", order.supersedes}};
    std::string tx = proof::make_transaction(own_->key, own_->chain, "asset.issue", body, now_s);
    QC_ASSIGN(std::string handle, seal_handle(*own_, {order.account, order.holder.kid(),
                                                      order.item->item, asset, subject.id_no}));
    return Json{{"asset", asset},
                {"jwe", std::move(jwe)},
                {"tx", std::move(tx)},
                {"handle", std::move(handle)}};
  }

  Result<Json> prove(const Json& message, const Moment& moment) {
    const JsonReader reader(message);
    QC_TRY(reader.expect_only({"chain", "now", "claim"}));
    QC_TRY(check_chain(reader));
    QC_ASSIGN(const std::string jwe, reader.text("claim", 64U << 10U));
    QC_ASSIGN(const OpenedClaim opened, open_claim(*own_, jwe, moment));
    QC_ASSIGN(const bool proved, author_->prove_identity(opened.claim));
    // One answer for an unknown person, a wrong name and an expired card: nothing to learn here.
    if (!proved) return unauthenticated("identity.not_proved", "the particulars do not match");
    QC_TRY(moment.check());
    return identity_answer(*own_, *pseudonyms_, opened, own_->description->valid_days());
  }

  std::unique_ptr<Department> author_;
  std::shared_ptr<const Own> own_;
  std::string identity_issuer_;
  std::unique_ptr<Pseudonyms> pseudonyms_;
  FreshMemory issued_;
};

}  // namespace

Result<bool> Department::prove_identity(const IdentityClaim&) {
  return not_found("plugin.unknown_method", "this department does not prove identity");
}

std::unique_ptr<Service> make_service(std::unique_ptr<Department> author) {
  return std::make_unique<DepartmentService>(std::move(author));
}

}  // namespace qc::plugin
