#include "host/cli/show.hpp"

#include <array>
#include <cstdio>
#include <ctime>

#include "host/cli/directory.hpp"

namespace qc::cli {
namespace {

constexpr std::size_t kLabelColumns = 26;

struct CodeName {
  std::string_view code, text;
};

constexpr std::array<CodeName, 38> kOperations = {{
    {"network.found", "网络创立 network founded"},
    {"member.admit", "成员准入 member admitted"},
    {"member.suspend", "成员暂停 member suspended"},
    {"member.resume", "成员恢复 member resumed"},
    {"member.rebind", "成员换钥 member's key replaced"},
    {"subject.rebind", "保险箱重新绑定 safe box bound to a new key"},
    {"guardian.appoint", "登记监护 guardian appointed"},
    {"enterprise.represent", "法定代表人变更 legal representative changed"},
    {"grant.cosign", "授权共同签署 grant co-signed"},
    {"mandate.give", "授予委托 mandate given"},
    {"mandate.end", "委托终止 mandate ended"},
    {"key.rotate", "密钥更换 key replaced"},
    {"subject.open", "保险箱开立 safe box opened"},
    {"item.define", "目录发布 item defined"},
    {"product.define", "产品申报 product defined"},
    {"product.approve", "产品批准 product approved"},
    {"plugin.admit", "插件准入 plugin admitted"},
    {"plugin.withdraw", "插件撤回 plugin withdrawn"},
    {"policy.set", "治理规则 policy set"},
    {"proposal.vote", "提案表决 vote cast"},
    {"proposal.withdraw", "提案撤回 proposal withdrawn"},
    {"asset.issue", "资产签发 asset issued"},
    {"asset.erase", "资产删除 asset erased"},
    {"request.create", "授权请求 request made"},
    {"request.open", "请求查阅 request read"},
    {"request.refuse", "请求拒绝 request refused"},
    {"request.cancel", "请求取消 request cancelled"},
    {"grant.create", "授权签署 grant signed"},
    {"grant.pause", "授权暂停 grant paused"},
    {"grant.resume", "授权恢复 grant resumed"},
    {"grant.revoke", "授权撤回 grant revoked"},
    {"grant.delete", "数据已删 data deleted"},
    {"access.open", "访问上链 access recorded"},
    {"access.refuse", "访问拒绝 access refused"},
    {"access.release", "结果交付 result released"},
    {"access.ack", "接收确认 receipt acknowledged"},
    {"snapshot.begin", "状态快照开始 snapshot begun"},
    {"snapshot.state", "状态摘要上链 state digest recorded"},
}};

constexpr std::array<CodeName, 4> kOutcomes = {{
    {"approved", "批准 approved"},
    {"declined", "未批准 declined"},
    {"review", "转人工 manual review"},
    {"in_order", "正常 in order"},
}};

template <std::size_t kCount>
std::string named_in(const std::array<CodeName, kCount>& names, std::string_view code) {
  for (const CodeName& entry : names) {
    if (entry.code == code && !code.empty()) return std::string(entry.text);
  }
  return std::string(code);
}

/// 0 where there is none.
std::int64_t whole_number(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

}  // namespace

std::string money(std::int64_t fen) {
  const bool negative = fen < 0;
  const auto absolute = static_cast<std::uint64_t>(negative ? -fen : fen);
  std::string yuan = std::to_string(absolute / 100);
  for (auto at = static_cast<std::ptrdiff_t>(yuan.size()) - 3; at > 0; at -= 3) {
    yuan.insert(static_cast<std::size_t>(at), ",");
  }
  char cents[8];
  std::snprintf(cents, sizeof cents, ".%02u", static_cast<unsigned>(absolute % 100));
  return std::string(negative ? "-" : "") + "¥ " + yuan + cents;
}

std::string percent(std::int64_t basis_points) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", static_cast<double>(basis_points) / 100.0);
  return text;
}

std::string time_text(std::int64_t seconds) {
  if (seconds <= 0) return "–";
  const std::time_t time = seconds;
  std::tm local{};
  localtime_r(&time, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
  return text;
}

std::string shortened(std::string_view text) {
  if (text.size() <= 12) return std::string(text);
  return std::string(text.substr(0, 10)) + "…";
}

std::string operation(std::string_view op) { return named_in(kOperations, op); }

std::string name_of(const Json& entry) {
  const std::string zh = text_of(entry, "name_zh");
  const std::string en = text_of(entry, "name_en");
  return zh + (zh.empty() || en.empty() ? "" : " ") + en;
}

std::string value_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string field_text(const Json& value, std::string_view type) {
  if (value.is_null()) return "–";
  if (type == "m" && value.is_number_integer()) return money(value.get<std::int64_t>());
  if (type == "b" && value.is_boolean()) return value.get<bool>() ? "是 yes" : "否 no";
  return value_text(value);
}

std::string padded(std::string_view text, std::size_t columns) {
  std::size_t width = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) == 0x80U) continue;  // not the first byte of a character
    width += byte >= 0xE3 ? 2 : 1;          // U+3000 and above: CJK takes two columns
  }
  std::string out(text);
  if (width < columns) out.append(columns - width, ' ');
  return out;
}

std::string line(std::string_view label, std::string_view value) {
  return "  " + padded(label, kLabelColumns) + " " + std::string(value) + "\n";
}

std::string decision_text(const Json& decision) {
  std::string out = line("决定 decision", named_in(kOutcomes, text_of(decision, "outcome")));
  if (const std::int64_t amount = whole_number(decision, "amount_fen"); amount != 0) {
    out += line("额度 amount", money(amount));
    out += line("年利率 rate", percent(whole_number(decision, "rate_bp")));
    out +=
        line("期限 term", std::to_string(whole_number(decision, "term_months")) + " 个月 months");
  }
  for (const Json& reason : decision.value("reasons", Json::array())) {
    out += line("理由 reason", text_of(reason, "zh") + " " + text_of(reason, "en"));
  }
  return out;
}

std::string joined(const Json& texts) {
  std::string out;
  if (!texts.is_array()) return out;
  for (const Json& text : texts) out += (out.empty() ? "" : ", ") + value_text(text);
  return out;
}

}  // namespace qc::cli
