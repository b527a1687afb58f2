// Internal: files of JSON lines beside the chunks (`.heads`, `.witnessed`), read to the last whole
// line whatever is in them.
#pragma once

#include <string>
#include <string_view>

#include "sdk/base/json.hpp"

namespace qc::chain {

/// Calls `take` (Status of a line without its end, and of where it begins) for each whole line; a
/// line whose taking fails is bad, and reading goes on. `file` gets `complete_bytes`, `torn`, and
/// of the first bad line `defect` and `defect_offset`. Any thread.
template <typename File, typename Take>
void read_lines(std::string_view bytes, File& file, const Take& take) {
  std::size_t offset = 0;
  while (offset < bytes.size()) {
    const std::size_t end = bytes.find('\n', offset);
    if (end == std::string_view::npos) {
      file.torn = bytes.substr(offset);
      break;
    }
    const Status taken = take(bytes.substr(offset, end - offset), offset);
    if (!taken && file.defect.empty()) {
      file.defect = taken.error().message;
      file.defect_offset = offset;
    }
    offset = end + 1;
    file.complete_bytes = offset;
  }
}

/// The line of a document, with its end.
inline std::string written_line(const Json& document) { return document.dump() + "\n"; }

/// One spelling for each line, so that no byte can change unseen. Error: "head.invalid".
inline Status expect_spelling(std::string_view line, const Json& document) {
  if (written_line(document) == std::string(line) + "\n") return {};
  return invalid("head.invalid", "the line is not written as this program writes it");
}

}  // namespace qc::chain
