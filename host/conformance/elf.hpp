// What a shared library shows to the dynamic linker. Nothing of it is run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sdk/base/result.hpp"

namespace qc::conformance {

struct ElfFacts {
  std::vector<std::string> exports;  ///< defined symbols that others can bind to, sorted
  std::vector<std::string> unique;   ///< those of STB_GNU_UNIQUE: shared across libraries
  std::vector<std::string> needed;   ///< libraries that it asks for (DT_NEEDED), sorted
};

/// Reads a 64-bit little-endian shared library (System V ABI, gABI 4.1, chapters 4 and 5). Every
/// offset is checked: the bytes may be anybody's. Error: "package.invalid". Any thread.
Result<ElfFacts> read_elf(std::string_view bytes);

}  // namespace qc::conformance
