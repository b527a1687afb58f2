// Where the sources and the build stand, for tests that read files or start programs.
#pragma once

#include <string>

namespace qc::tests {

/// The repository's folder, absolute. Thread contract: any.
std::string source_dir();

/// The build's folder, absolute: bin/, plugins/. Thread contract: any.
std::string binary_dir();

}  // namespace qc::tests
