#include "gui/console/model/members_model.hpp"

namespace qc::console {
namespace {

constexpr std::array kKindOrder = {"operator", "registrar", "department",
                                   "bank",     "service",   "regulator"};

std::uint64_t kind_rank(const std::string& kind) {
  for (std::size_t i = 0; i < kKindOrder.size(); ++i) {
    if (kind == kKindOrder[i]) return i;
  }
  return kKindOrder.size();
}

}  // namespace

const std::string& member_name(const Member& member, Lang lang) {
  const std::string& name = lang == Lang::kZh ? member.name_zh : member.name_en;
  return name.empty() ? member.account : name;
}

std::vector<std::string> MembersModel::cells(const Member& row, Lang lang) const {
  return {member_name(row, lang),
          row.account,
          member_kind(row.kind, lang),
          row.code,
          row.uscc,
          row.contact,
          member_badge(row.status, lang).word};
}

SortKey MembersModel::sort_key(const Member& row, int column, Lang lang) const {
  if (column == kKind) return {kind_rank(row.kind), row.account};
  return {0, cells(row, lang).at(static_cast<std::size_t>(column))};
}

std::vector<std::string> MembersModel::headings(Lang lang) const {
  return {tr(Text::kName, lang),  tr(Text::kAccount, lang), tr(Text::kKind, lang),
          tr(Text::kCode, lang),  tr(Text::kUscc, lang),    tr(Text::kContact, lang),
          tr(Text::kStatus, lang)};
}

void MembersModel::set_kind(std::string kind) {
  if (kind == kind_) return;
  kind_ = std::move(kind);
  invalidate();
}

std::string MembersModel::extra_text(const Member& row) const {
  return row.name_zh + "\n" + row.name_en + "\n" + row.kid;
}

std::vector<std::pair<std::string, std::size_t>> count_by_kind(const std::vector<Member>& members) {
  std::vector<std::pair<std::string, std::size_t>> counts;
  for (const char* kind : kKindOrder) {
    const auto n = std::count_if(members.begin(), members.end(),
                                 [&](const Member& m) { return m.kind == kind; });
    if (n > 0) counts.emplace_back(kind, static_cast<std::size_t>(n));
  }
  return counts;
}

}  // namespace qc::console
