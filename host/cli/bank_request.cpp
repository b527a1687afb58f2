#include "host/cli/bank_request.hpp"

#include <algorithm>

#include "host/cli/directory.hpp"
#include "host/cli/notice.hpp"

namespace qc::cli {
namespace {

constexpr std::int64_t kHourS = 3600;
constexpr std::int64_t kDayS = 24 * kHourS;

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
  Json body = {
      {"request", random_id()},
      {"product", text_of(product, "product")},
      {"product_version", product.value("version", Json())},
      {"subject", wishes.subject},
      {"purpose",
       {{"code", text_of(**purpose, "code")},
        {"text", text_of(**purpose, "text_zh")},
        {"necessity", wishes.necessity},
        {"impact", wishes.impact}}},
      {"scope", Json::array()},
      {"valid", {{"from", now_s}, {"to", now_s + std::min(wishes.valid_days, *max_days) * kDayS}}},
      {"max_uses", wishes.uses},
      {"mode", wishes.uses == 1 ? "once" : "standing"},
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
