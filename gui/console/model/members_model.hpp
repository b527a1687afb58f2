// The members table.
#pragma once

#include <map>

#include "gui/console/model/messages.hpp"
#include "gui/console/model/table_model.hpp"

namespace qc::console {

class MembersModel final : public TableModel<Member> {
 public:
  enum Column { kName, kAccount, kKind, kCode, kUscc, kContact, kStatus, kColumns };

  MembersModel() { sort_by(kKind, true); }
  std::string key(const Member& row) const override { return row.account; }
  std::vector<std::string> cells(const Member& row, Lang lang) const override;
  SortKey sort_key(const Member& row, int column, Lang lang) const override;
  std::vector<std::string> headings(Lang lang) const override;

  /// "" = all kinds.
  void set_kind(std::string kind);
  const std::string& kind() const { return kind_; }

 protected:
  bool passes(const Member& row) const override { return kind_.empty() || row.kind == kind_; }
  std::string extra_text(const Member& row) const override;

 private:
  std::string kind_;
};

/// Kinds in their order on screen, with how many members each has.
std::vector<std::pair<std::string, std::size_t>> count_by_kind(const std::vector<Member>& members);

/// The member's name in that language; the account when it has none.
const std::string& member_name(const Member& member, Lang lang);

}  // namespace qc::console
