#include "host/cli/bank_request.hpp"

#include <algorithm>

#include "host/cli/directory.hpp"
#include "host/cli/notice.hpp"

namespace qc::cli {
namespace {

constexpr std::int64_t kHourS = 3600;
constexpr std::int64_t kDayS = 24 * kHourS;

/// What the subject reads when the consumer says nothing of its own.
struct Reasons {
  const char* necessity;
  const char* impact;
};
constexpr Reasons kOnce{"核验收入与缴存的真实性,缺少则无法审批", "结果用于本次审批;可要求人工复核"};
constexpr Reasons kStanding{"按期了解与贷款有关的变化,缺少则无法及时发现风险",
                            "结果用于贷款存续期间的管理;可要求人工复核"};

}  // namespace

Result<Json> make_request(const Json& product, const Json& consumer, const Json& key,
                          const RequestWishes& wishes, std::int64_t now_s) {
  const JsonReader reader(product, "product");
  const auto wrong = [](const Error& cause) {
    return internal("product.invalid", cause.message).at(cause.field);
  };
  const auto purpose = reader.object("purpose");
  if (!purpose.ok()) return wrong(purpose.error());
  const auto scope = reader.array("scope", 64);
  if (!scope.ok()) return wrong(scope.error());
  const auto max_days = reader.integer("max_valid_days", 1, 36600);
  if (!max_days.ok()) return wrong(max_days.error());
  const auto life = reader.integer("data_life_days", 0, 36600);
  if (!life.ok()) return wrong(life.error());
  const bool once = wishes.uses == 1;
  const Reasons& ours = once ? kOnce : kStanding;
  Json body = {
      {"request", random_id()},
      {"product", text_of(product, "product")},
      {"product_version", product.value("version", Json())},
      {"subject", wishes.subject},
      {"purpose",
       {{"code", text_of(**purpose, "code")},
        {"text", text_of(**purpose, "text_zh")},
        {"necessity", wishes.necessity.empty() ? ours.necessity : wishes.necessity},
        {"impact", wishes.impact.empty() ? ours.impact : wishes.impact}}},
      {"scope", Json::array()},
      {"valid", {{"from", now_s}, {"to", now_s + std::min(wishes.valid_days, *max_days) * kDayS}}},
      {"max_uses", wishes.uses},
      {"mode", once ? "once" : "standing"},
      {"release", text_of(product, "release")},
      {"data_life_days", wishes.data_life_days > 0 ? wishes.data_life_days : *life},
      {"onward", "none"},
      {"key", key},
      {"expires", now_s + wishes.expires_hours * kHourS}};
  for (const Json& entry : **scope) {
    body["scope"].push_back({{"item", text_of(entry, "item")},
                             {"version", entry.value("version", Json())},
                             {"required", entry.value("required", Json::array())},
                             {"optional", entry.value("optional", Json::array())}});
  }
  body["notice"] = {{"id", kNoticeId}, {"lang", kNoticeLang}, {"sm3", notice_sm3(body, consumer)}};
  return body;
}

}  // namespace qc::cli
