// Every text that the console shows, in Chinese and English. The table is strings.def.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace qc::console {

enum class Lang { kZh, kEn };
/// "zh" or "en".
std::optional<Lang> lang_from(std::string_view name);
std::string_view lang_name(Lang lang);

enum class Text {
#define QC_TEXT(id, zh, en) id,
#include "gui/console/model/strings.def"
#undef QC_TEXT
  kCount
};

/// The text in one language; never empty; lives for ever. Any thread.
const char* tr(Text id, Lang lang);
/// The text with "{0}", "{1}" … replaced. Any thread.
std::string fill(Text id, Lang lang, std::initializer_list<std::string_view> arguments);

}  // namespace qc::console
