// What an event says, in words: the "summary" of a trace. Any thread, no state.
#pragma once

#include <string>
#include <vector>

#include "gui/console/model/messages.hpp"

namespace qc::console {

struct SummaryLine {
  std::string label, value;
  bool identifier = false;  ///< one long word, shown shortened
};
/// The summary's members with their labels in words; accounts, items and products by name, times
/// as dates; empty ones are left out. At most 64 lines.
std::vector<SummaryLine> summary_lines(const Json& summary, const Directory& names, Lang lang);
/// One line: the host's own sentence ("text_zh", "text_en"), or the members.
std::string summary_text(const Json& summary, const Directory& names, Lang lang);
/// Every text in it, for the glyphs.
void add_json_glyphs(const Json& value, GlyphSet& glyphs);

}  // namespace qc::console
