#include "host/plugin/settings.hpp"

#include <sstream>

#include <toml++/toml.h>

#include "sdk/base/files.hpp"

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxSettingsBytes = 256U << 10U;
constexpr int kMaxDepth = 8;

Error bad_settings(std::string message, std::string field = {}) {
  return invalid("plugin.configure_failed", std::move(message), std::move(field));
}

bool names_a_path(std::string_view key) {
  return key == "key" || key == "database" || key.ends_with("_file") || key.ends_with("_dir");
}

Result<Json> to_json(const toml::node& node, int depth);

Result<Json> table_to_json(const toml::table& table, int depth) {
  Json json = Json::object();
  for (const auto& [key, value] : table) {
    QC_ASSIGN(json[std::string(key.str())], to_json(value, depth + 1));
  }
  return json;
}

Result<Json> to_json(const toml::node& node, int depth) {
  if (depth > kMaxDepth) return bad_settings("nested too deeply");
  if (const auto* table = node.as_table()) return table_to_json(*table, depth);
  if (const auto* array = node.as_array()) {
    Json json = Json::array();
    for (const toml::node& item : *array) {
      QC_ASSIGN(Json value, to_json(item, depth + 1));
      json.push_back(std::move(value));
    }
    return json;
  }
  if (const auto* text = node.as_string()) return Json(text->get());
  if (const auto* number = node.as_integer()) return Json(number->get());
  if (const auto* flag = node.as_boolean()) return Json(flag->get());
  if (const auto* real = node.as_floating_point()) return Json(real->get());
  return bad_settings("dates must be written as texts");
}

void resolve_paths(Json& settings, const std::filesystem::path& folder) {
  for (auto& [key, value] : settings.items()) {
    if (!names_a_path(key) || !value.is_string()) continue;
    const std::filesystem::path path = value.get<std::string>();
    if (path.is_relative() && !path.empty()) value = (folder / path).lexically_normal().string();
  }
}

}  // namespace

std::vector<std::string> granted_paths(const Json& settings) {
  std::vector<std::string> paths;
  for (const auto& [key, value] : settings.items()) {
    if (!names_a_path(key) || !value.is_string()) continue;
    const auto path = value.get<std::string>();
    if (path.empty()) continue;
    paths.push_back(path);
    if (key != "database") continue;
    for (const char* beside : {"-wal", "-shm", "-journal"}) paths.push_back(path + beside);
  }
  return paths;
}

Result<Json> read_settings(const std::filesystem::path& config_dir, const std::string& plugin) {
  const std::filesystem::path file = config_dir / (plugin + ".toml");
  const auto text = read_file(file, kMaxSettingsBytes);
  if (!text.ok() && text.error().code == "file.not_found") return Json::object();
  if (!text.ok()) return bad_settings(text.error().message, plugin + ".toml");
  try {
    const toml::table root = toml::parse(*text);
    const toml::table* table = root["settings"].as_table();
    auto settings = table_to_json(table == nullptr ? root : *table, 0);
    if (!settings.ok()) return settings.error().at(plugin + ".toml");
    resolve_paths(*settings, std::filesystem::absolute(file).parent_path());
    return settings;
  } catch (const toml::parse_error& failure) {
    return bad_settings(std::string(failure.description()) + " in line " +
                            std::to_string(failure.source().begin.line),
                        plugin + ".toml");
  } catch (const std::exception&) {
    return bad_settings("cannot be read", plugin + ".toml");
  }
}

}  // namespace qc::plugin
