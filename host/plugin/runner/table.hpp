// Is what a library returned a table that can be called? Asked in the host and in the runner.
#pragma once

#include <optional>
#include <string>

#include "sdk/plugin/abi.h"

namespace qc::plugin {

struct TableFault {
  bool version = false;  ///< another ABI, rather than a broken table
  std::string message;
};

/// Reads no member that `struct_size` does not promise. Any thread.
inline std::optional<TableFault> find_table_fault(const qc_plugin* table) {
  constexpr std::size_t kVersionEnd = offsetof(qc_plugin, abi_minor) + sizeof(std::uint32_t);
  const auto text = [](std::uint32_t major, std::uint32_t minor) {
    return std::to_string(major) + '.' + std::to_string(minor);
  };
  if (table == nullptr || table->struct_size < kVersionEnd) {
    return TableFault{false, "the library returns no table"};
  }
  if (table->abi_major != QC_ABI_MAJOR || table->abi_minor > QC_ABI_MINOR) {
    const bool older = table->abi_major < QC_ABI_MAJOR;
    return TableFault{true,
                      "the library speaks ABI " + text(table->abi_major, table->abi_minor) +
                          ", this host offers " + text(QC_ABI_MAJOR, QC_ABI_MINOR) +
                          (older ? ": its publisher must build it anew" : ": update the host")};
  }
  if (table->struct_size < sizeof(qc_plugin) || table->create == nullptr ||
      table->destroy == nullptr || table->call == nullptr) {
    return TableFault{false, "the library's table is incomplete"};
  }
  return std::nullopt;
}

/// To be called before a plugin is. A plugin brings an unwinder of its own; when it lets an
/// exception out, that one calls into this program's, which aborts unless it has been used before
/// (GCC 12 fills its register table at the first throw). Any thread.
inline void prime_unwinder() {
  try {
    throw 0;
  } catch (int) {
  }
}

}  // namespace qc::plugin
