#include "sdk/crypto/jose.hpp"
#include "sdk/plugin/presentation.hpp"
#include "sdk/plugin/product.hpp"
#include "sdk/plugin/service.hpp"

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxReasons = 32;
constexpr std::int64_t kMaxAmountFen = 100'000'000'000'000;  // a trillion yuan
constexpr std::int64_t kMaxRateBp = 10'000;
constexpr std::int64_t kMaxTermMonths = 600;

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kApproved:
      return "approved";
    case Outcome::kDeclined:
      return "declined";
    case Outcome::kReview:
      return "review";
    case Outcome::kInOrder:
      return "in_order";
  }
  return "review";
}

/// A decision about a person must be one that can be explained and carried out.
Status check_decision(const Decision& decision) {
  const auto defect = [](std::string message, std::string_view field) {
    Error error = internal("decision.invalid", std::move(message)).at(field);
    error.side = Side::kProvider;
    return error;
  };
  if (decision.reasons.empty() || decision.reasons.size() > kMaxReasons) {
    return defect("expected 1 to 32 reasons", "decision.reasons");
  }
  for (const Reason& reason : decision.reasons) {
    if (reason.code.empty() || reason.zh.empty() || reason.en.empty() || !valid_utf8(reason.code) ||
        !valid_utf8(reason.zh) || !valid_utf8(reason.en)) {
      return defect("a reason needs a code and both languages", "decision.reasons");
    }
  }
  const bool approved = decision.outcome == Outcome::kApproved;
  if (decision.amount_fen < 0 || decision.amount_fen > kMaxAmountFen ||
      (approved && decision.amount_fen == 0)) {
    return defect("is out of range", "decision.amount_fen");
  }
  if (decision.rate_bp < 0 || decision.rate_bp > kMaxRateBp) {
    return defect("is out of range", "decision.rate_bp");
  }
  if (decision.term_months < 0 || decision.term_months > kMaxTermMonths ||
      (approved && decision.term_months == 0)) {
    return defect("is out of range", "decision.term_months");
  }
  const bool lends_nothing =
      decision.outcome == Outcome::kDeclined || decision.outcome == Outcome::kInOrder;
  if (lends_nothing && decision.amount_fen != 0) {
    return defect("must be 0 when declined or in order", "decision.amount_fen");
  }
  return {};
}

class ProductService final : public Service {
 public:
  explicit ProductService(std::unique_ptr<Product> author)
      : author_(std::move(author)), routes_(author_->routes()) {}

  std::string_view kind() const override { return "product"; }

  Status fits(const Description& description) const override {
    return check_handlers(routes_, description);
  }

  Status configure(const JsonReader& settings, std::shared_ptr<const Own> own) override {
    QC_TRY(author_->configure(settings));
    own_ = std::move(own);
    return {};
  }

  Health health() override { return author_->health(); }

  Result<Json> handle(std::string_view method, const Json& message, const Moment& moment) override {
    if (method == "decide") return decide(message, moment);
    if (method == "route") return answer_route(routes_, message, moment);
    return not_found("plugin.unknown_method", "this plugin has no such method");
  }

 private:
  Result<Json> decide(const Json& message, const Moment& moment) {
    QC_ASSIGN(const DecideOrder order, read_order(*own_, message, moment.now_s));
    Request request;
    request.grant = order.grant;
    request.access = order.access;
    request.purpose = order.purpose;
    request.moment = moment;
    request.today = date_of(moment.now_s);
    QC_ASSIGN(request.evidence, open_presentations(*own_, order));
    QC_TRY(moment.check());
    QC_ASSIGN(const Decision decision, author_->decide(request));
    QC_TRY(check_decision(decision));
    QC_TRY(moment.check());
    return seal(order, request, decision);
  }

  Result<Json> seal(const DecideOrder& order, const Request& request,
                    const Decision& decision) const {
    Json reasons = Json::array();
    for (const Reason& reason : decision.reasons) {
      reasons.push_back({{"code", reason.code}, {"zh", reason.zh}, {"en", reason.en}});
    }
    Json relied_on = Json::array();
    Json assets = Json::array();
    for (const Evidence& evidence : request.evidence) {
      relied_on.push_back(
          {{"asset", evidence.asset}, {"item", evidence.item}, {"version", evidence.version}});
      assets.push_back(evidence.asset);
    }
    const std::string text =
        Json{{"product", own_->description->product()}, {"outcome", outcome_name(decision.outcome)},
             {"amount_fen", decision.amount_fen},       {"rate_bp", decision.rate_bp},
             {"term_months", decision.term_months},     {"reasons", std::move(reasons)},
             {"relied_on", std::move(relied_on)},       {"model", own_->description->version()}}
            .dump();
    const Bytes salt = random_bytes(kCommitmentSaltSize);
    const Json content = {{"decision", text}, {"salt", to_base64url(salt)}};
    QC_ASSIGN(std::string jwe, crypto::jwe_encrypt(order.consumer_key, content.dump()));
    return Json{{"jwe", std::move(jwe)},
                {"commitment", commitment("qc-decision-1", salt, text)},
                {"assets", std::move(assets)}};
  }

  std::unique_ptr<Product> author_;
  const std::vector<RouteHandler> routes_;
  std::shared_ptr<const Own> own_;
};

}  // namespace

Status Product::configure(const JsonReader&) { return {}; }

const Json* Request::find(std::string_view item, std::string_view field) const {
  for (const Evidence& one : evidence) {
    if (one.item != item) continue;
    const auto found = one.fields.find(std::string(field));
    return found == one.fields.end() ? nullptr : &*found;
  }
  return nullptr;
}

bool Request::has(std::string_view item) const {
  for (const Evidence& one : evidence) {
    if (one.item == item) return true;
  }
  return false;
}

std::optional<std::string> Request::text(std::string_view item, std::string_view field) const {
  const Json* value = find(item, field);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

std::optional<std::int64_t> Request::integer(std::string_view item, std::string_view field) const {
  const Json* value = find(item, field);
  if (value == nullptr || !value_fits(FieldType::kInteger, *value) || value->is_null()) {
    return std::nullopt;
  }
  return value->get<std::int64_t>();
}

std::optional<bool> Request::boolean(std::string_view item, std::string_view field) const {
  const Json* value = find(item, field);
  if (value == nullptr || !value->is_boolean()) return std::nullopt;
  return value->get<bool>();
}

std::unique_ptr<Service> make_service(std::unique_ptr<Product> author) {
  return std::make_unique<ProductService>(std::move(author));
}

}  // namespace qc::plugin
