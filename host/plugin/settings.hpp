// Internal: a plugin's configuration file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sdk/base/json.hpp"

namespace qc::plugin {

/// Reads `<config_dir>/<plugin>.toml`: the table [settings], or the whole file when it has none.
/// Texts named `key`, `database`, `…_file` or `…_dir` are paths: relative ones are resolved against
/// the file's folder. No file = no settings. Errors: "plugin.configure_failed" with the line.
Result<Json> read_settings(const std::filesystem::path& config_dir, const std::string& plugin);

/// The files and folders that such settings name: what the plugin may read. Beside a `database`
/// also what SQLite keeps beside one.
std::vector<std::string> granted_paths(const Json& settings);

}  // namespace qc::plugin
