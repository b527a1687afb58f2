#include "host/cli/notice.hpp"

#include <ctime>

#include "host/cli/directory.hpp"
#include "host/cli/show.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::cli {
namespace {

/// UTC, so that both sides write the same text wherever they stand.
std::string utc(const Json& object, const char* name) {
  const std::time_t time = object.value(name, std::int64_t{0});
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

std::string notice_text(const Json& request, const Json& consumer) {
  const Json purpose = request.value("purpose", Json::object());
  const Json valid = request.value("valid", Json::object());
  std::string text = "个人信息处理告知书 (" + std::string(kNoticeId) + ")\n";
  text += "接收方: " + text_of(consumer, "name_zh") + " (" + text_of(consumer, "uscc") +
          "),联系方式: " + text_of(consumer, "contact") + "\n";
  text += "产品: " + text_of(request, "product") + " 版本 " +
          request.value("product_version", Json()).dump() + "\n";
  text += "目的: " + text_of(purpose, "text") + " [" + text_of(purpose, "code") + "]\n";
  text += "必要性: " + text_of(purpose, "necessity") + "\n";
  text += "对您的影响: " + text_of(purpose, "impact") + "\n";
  for (const Json& entry : request.value("scope", Json::array())) {
    text += "信息: " + text_of(entry, "item") + " 版本 " + entry.value("version", Json()).dump() +
            " 必需[" + joined(entry.value("required", Json::array())) + "] 可选[" +
            joined(entry.value("optional", Json::array())) + "]\n";
  }
  text += std::string("方式: ") +
          (text_of(request, "release") == "answer" ? "仅返回决定,原始信息不出平台,自动化决策"
                                                   : "所选字段加密交付接收方") +
          "\n";
  text += "有效期: " + utc(valid, "from") + " 至 " + utc(valid, "to") + ",最多使用 " +
          request.value("max_uses", Json()).dump() + " 次\n";
  text += "保存期限: " + request.value("data_life_days", Json()).dump() + " 天,不得向他人转交\n";
  text += "您可以拒绝、随时撤回、查询全程记录、要求删除、要求人工复核。\n";
  return text;
}

std::string notice_sm3(const Json& request_body, const Json& consumer) {
  return to_hex(crypto::sm3(notice_text(request_body, consumer)));
}

}  // namespace qc::cli
