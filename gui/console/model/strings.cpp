#include "gui/console/model/strings.hpp"

#include <array>

namespace qc::console {
namespace {

struct Entry {
  const char* zh;
  const char* en;
};

constexpr std::array<Entry, static_cast<std::size_t>(Text::kCount)> kTable = {{
#define QC_TEXT(id, zh, en) {zh, en},
#include "gui/console/model/strings.def"
#undef QC_TEXT
}};

}  // namespace

std::optional<Lang> lang_from(std::string_view name) {
  if (name == "zh") return Lang::kZh;
  if (name == "en") return Lang::kEn;
  return std::nullopt;
}

std::string_view lang_name(Lang lang) { return lang == Lang::kZh ? "zh" : "en"; }

const char* tr(Text id, Lang lang) {
  const Entry& entry = kTable.at(static_cast<std::size_t>(id));
  return lang == Lang::kZh ? entry.zh : entry.en;
}

std::string fill(Text id, Lang lang, std::initializer_list<std::string_view> arguments) {
  const std::string_view pattern = tr(id, lang);
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool slot = pattern[i] == '{' && i + 2 < pattern.size() && pattern[i + 2] == '}' &&
                      pattern[i + 1] >= '0' && pattern[i + 1] <= '9';
    if (!slot) {
      out += pattern[i];
      continue;
    }
    const auto n = static_cast<std::size_t>(pattern[i + 1] - '0');
    if (n < arguments.size()) out += *(arguments.begin() + n);
    i += 2;
  }
  return out;
}

}  // namespace qc::console
