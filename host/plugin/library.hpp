// Internal: a mapped plugin library and its checked table.
#pragma once

#include <memory>

#include "host/plugin/package.hpp"
#include "sdk/plugin/abi.h"

namespace qc::plugin {

/// Once mapped, a library stays for the life of the process: a thread that the plugin started, an
/// exit handler, a thread-local destructor or a call that never returned would run into unmapped
/// memory after dlclose. A retired library costs its memory, and says so by the generation's
/// number.
class Library {
 public:
  /// Maps the sealed bytes (Boost.DLL) and checks the table. Constructors of the library run here,
  /// so digest and admission must have been checked. Errors: "plugin.load_failed",
  /// "plugin.abi_mismatch" with both versions.
  static Result<std::shared_ptr<const Library>> load(SealedImage image);

  const qc_plugin& table() const { return *table_; }

 private:
  explicit Library(const qc_plugin* table) : table_(table) {}
  const qc_plugin* table_;
};

}  // namespace qc::plugin
