#include "sdk/proof/capability.hpp"

#include <algorithm>
#include <charconv>

namespace qc::proof {
namespace {

/// Which budget a capability names, by what stands before its colon.
std::optional<std::size_t> budget_named(std::string_view capability) {
  const std::size_t colon = capability.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  for (std::size_t i = 0; i < kBudgetKinds; ++i) {
    if (capability.substr(0, colon) == kBudgets[i].name) return i;
  }
  return std::nullopt;
}

/// The amount behind the colon, in one spelling alone; 0 where it is out of form or bounds.
std::int64_t budget_amount(std::string_view capability, const BudgetKind& kind) {
  const std::string_view digits = capability.substr(kind.name.size() + 1);
  std::int64_t amount = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), amount);
  const bool whole = read.ec == std::errc() && read.ptr == digits.data() + digits.size();
  if (!whole || digits.front() == '0' || amount < kind.least || amount > kind.most) return 0;
  return amount;
}

std::string expected_budget(const BudgetKind& kind) {
  return std::string(kind.name) + ":<" + std::string(kind.unit) + ">, a whole number from " +
         std::to_string(kind.least) + " to " + std::to_string(kind.most);
}

bool all_of_letters(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || others.find(c) != std::string_view::npos;
  });
}

/// "family.operation".
bool is_operation(std::string_view text) {
  const std::size_t dot = text.find('.');
  return dot != std::string_view::npos && dot > 0 && dot + 1 < text.size() &&
         all_of_letters(text.substr(0, dot), "_") && all_of_letters(text.substr(dot + 1), "_");
}

bool is_table(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         all_of_letters(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$.");
}

bool is_plain_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

}  // namespace

Budgets budgets_in(const std::vector<std::string>& capabilities) {
  Budgets budgets{};
  for (const std::string& capability : capabilities) {
    const auto named = budget_named(capability);
    if (named) budgets[*named] = budget_amount(capability, kBudgets[*named]);
  }
  return budgets;
}

std::optional<CapabilityFault> find_capability_fault(const std::vector<std::string>& capabilities) {
  std::array<bool, kBudgetKinds> seen{};
  for (std::size_t i = 0; i < capabilities.size(); ++i) {
    const std::string& capability = capabilities[i];
    if (!is_plain_ascii(capability)) return CapabilityFault{i, "printable ASCII without spaces"};
    if (capability.starts_with(kTable) && !is_table(capability.substr(kTable.size()))) {
      return CapabilityFault{i, "table:<name>, 1 to 64 letters, digits, _, $ and ."};
    }
    if (capability.starts_with(kLedger) && !is_operation(capability.substr(kLedger.size()))) {
      return CapabilityFault{i, "ledger:<operation>, such as ledger:asset.issue"};
    }
    const auto named = budget_named(capability);
    if (!named) continue;
    const BudgetKind& kind = kBudgets[*named];
    if (budget_amount(capability, kind) == 0) return CapabilityFault{i, expected_budget(kind)};
    if (seen[*named]) return CapabilityFault{i, "one " + std::string(kind.name) + ": at most"};
    seen[*named] = true;
  }
  return std::nullopt;
}

bool asks_for(const std::vector<std::string>& asked, const std::string& granted) {
  if (std::find(asked.begin(), asked.end(), granted) != asked.end()) return true;
  const auto named = budget_named(granted);
  return named && budget_amount(granted, kBudgets[*named]) <= budgets_in(asked)[*named];
}

std::vector<std::string> named_in(const std::vector<std::string>& capabilities,
                                  std::string_view prefix) {
  std::vector<std::string> out;
  for (const std::string& capability : capabilities) {
    if (capability.starts_with(prefix)) out.push_back(capability.substr(prefix.size()));
  }
  return out;
}

std::vector<std::string> capabilities_in(const Json& document) {
  std::vector<std::string> out;
  const auto list = document.find("capabilities");
  if (list == document.end() || !list->is_array()) return out;
  for (const Json& entry : *list) {
    if (entry.is_string()) out.push_back(entry.get<std::string>());
  }
  return out;
}

}  // namespace qc::proof
