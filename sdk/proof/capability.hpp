// What a plugin may be granted, as manifests ask for it and admissions grant it (docs/formats.md,
// Capabilities).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sdk/base/json.hpp"

namespace qc::proof {

/// Capabilities with an amount, "<name>:<amount>": at most one of each kind in a list.
enum class Budget { kMemory, kCpu, kTime, kMessage };
inline constexpr std::size_t kBudgetKinds = 4;

struct BudgetKind {
  std::string_view name, unit;
  std::string_view key;  ///< in JSON and, after "max_", in host.toml
  std::int64_t least, most;
};
inline constexpr std::array<BudgetKind, kBudgetKinds> kBudgets{{
    {"memory", "MiB", "memory_mib", 128, 65'536},
    {"cpu", "% of a processor", "cpu_percent", 1, 6'400},
    {"time", "ms", "time_ms", 10, 60'000},
    {"message", "KiB", "message_kib", 1, 16'384},
}};

/// By Budget, in the units of kBudgets; 0 = not named.
using Budgets = std::array<std::int64_t, kBudgetKinds>;

/// The amounts in a list that is in form. Any thread.
Budgets budgets_in(const std::vector<std::string>& capabilities);

struct CapabilityFault {
  std::size_t index = 0;  ///< into the list
  std::string expected;   ///< in words
};
/// The first capability that is not in form: printable ASCII without spaces, amounts as whole
/// numbers within kBudgets, once each, names behind "table:" and "ledger:". Ids that are not known
/// here are in form. Any thread.
std::optional<CapabilityFault> find_capability_fault(const std::vector<std::string>& capabilities);

/// Whether a list of what is asked for covers one that is granted: itself, or of a budget no more.
/// Both in form. Any thread.
bool asks_for(const std::vector<std::string>& asked, const std::string& granted);

/// What a plugin names that reads tables of a database, or signs transactions of an operation.
inline constexpr std::string_view kTable = "table:";
inline constexpr std::string_view kLedger = "ledger:";

/// What stands behind `prefix` in the capabilities that begin with it. Any thread.
std::vector<std::string> named_in(const std::vector<std::string>& capabilities,
                                  std::string_view prefix);

/// The texts of an admission's or manifest's member "capabilities"; none where there are none. Any
/// thread.
std::vector<std::string> capabilities_in(const Json& document);

}  // namespace qc::proof
