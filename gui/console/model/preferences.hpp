// What the console remembers between runs: language, theme, last host and key file. No secret.
#pragma once

#include <filesystem>
#include <string>

#include "gui/console/model/strings.hpp"
#include "sdk/base/result.hpp"

namespace qc::console {

struct Preferences {
  Lang lang = Lang::kZh;
  bool dark = false;
  std::string url = "http://127.0.0.1:8440";
  std::string key_file;
};

/// $XDG_CONFIG_HOME/quancheng/console.json, else ~/.config/…; empty when neither is set.
std::filesystem::path default_preferences_file();
/// Defaults when the file is absent or damaged: a lost preference is no reason not to start.
Preferences load_preferences(const std::filesystem::path& file);
/// Error: "preferences.io".
Status save_preferences(const std::filesystem::path& file, const Preferences& preferences);

}  // namespace qc::console
