#include "tests/paths.hpp"

namespace qc::tests {

std::string source_dir() { return QC_SOURCE_DIR; }

std::string binary_dir() { return QC_BINARY_DIR; }

}  // namespace qc::tests
