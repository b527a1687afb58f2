#include "gui/console/model/preferences.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>

#include "sdk/base/json.hpp"

namespace qc::console {

std::filesystem::path default_preferences_file() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && *config != '\0') {
    return std::filesystem::path(config) / "quancheng" / "console.json";
  }
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
  return std::filesystem::path(home) / ".config" / "quancheng" / "console.json";
}

Preferences load_preferences(const std::filesystem::path& file) {
  Preferences out;
  std::ifstream in(file);
  if (!in) return out;
  std::stringstream text;
  text << in.rdbuf();
  const auto json = parse_json(text.str(), {.max_bytes = 16U << 10U, .max_depth = 4});
  if (!json.ok() || !json->is_object()) return out;
  const JsonReader reader(*json);
  if (const auto lang = reader.text("lang", 8); lang.ok()) {
    out.lang = lang_from(*lang).value_or(out.lang);
  }
  if (const auto theme = reader.text("theme", 8); theme.ok()) out.dark = *theme == "dark";
  if (const auto url = reader.text("url", 512); url.ok()) out.url = *url;
  if (const auto key = reader.text_or_empty("key_file", 4096); key.ok()) out.key_file = *key;
  return out;
}

Status save_preferences(const std::filesystem::path& file, const Preferences& preferences) {
  if (file.empty()) return {};
  std::error_code failure;
  std::filesystem::create_directories(file.parent_path(), failure);
  const Json json = {{"lang", lang_name(preferences.lang)},
                     {"theme", preferences.dark ? "dark" : "light"},
                     {"url", preferences.url},
                     {"key_file", preferences.key_file}};
  const std::filesystem::path temporary = file.string() + ".new";
  std::ofstream out(temporary, std::ios::trunc);
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  out.close();
  if (!out) return internal("preferences.io", "cannot write " + temporary.string());
  std::filesystem::rename(temporary, file, failure);
  if (failure) return internal("preferences.io", "cannot write " + file.string());
  return {};
}

}  // namespace qc::console
