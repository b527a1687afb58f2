#include "host/config.hpp"

#include <fstream>
#include <sstream>
#include <vector>

#include <toml++/toml.h>

namespace qc {
namespace {

/// Where one key of the file goes: exactly one of the targets is set.
struct Entry {
  const char* table;
  const char* key;
  bool required;
  std::string* text = nullptr;
  std::filesystem::path* path = nullptr;
  int* number = nullptr;
  int min = 0;
  int max = 0;

  std::string name() const { return std::string(table) + "." + key; }
};

std::vector<Entry> entries_of(HostConfig& c) {
  return {
      {"network", "chain", true, &c.chain},
      {"network", "genesis", false, nullptr, &c.genesis},
      {"host", "data", true, nullptr, &c.data},
      {"host", "key", true, nullptr, &c.host_key},
      {"host", "passphrase_file", true, nullptr, &c.host_passphrase},
      {"registrar", "key", true, nullptr, &c.registrar_key},
      {"registrar", "passphrase_file", true, nullptr, &c.registrar_passphrase},
      {"http", "listen", false, &c.listen},
      {"http", "port", false, nullptr, nullptr, &c.port, 0, 65535},
      {"http", "workers", false, nullptr, nullptr, &c.workers, 1, 256},
      {"http", "tls_certificate", false, nullptr, &c.tls_certificate},
      {"http", "tls_key", false, nullptr, &c.tls_key},
      {"plugins", "directory", true, nullptr, &c.plugins_dir},
      {"plugins", "config", true, nullptr, &c.plugins_config},
      {"plugins", "identity", true, &c.identity_plugin},
      {"plugins", "timeout_ms", false, nullptr, nullptr, &c.plugin_timeout_ms, 10, 60000},
      {"plugins", "isolation", false, &c.plugin_isolation},
      {"plugins", "memory_mib", false, nullptr, nullptr, &c.plugin_memory_mib, 64, 65536},
      {"plugins", "max_memory_mib", false, nullptr, nullptr, &c.plugin_max_memory_mib, 128, 65536},
      {"plugins", "max_cpu_percent", false, nullptr, nullptr, &c.plugin_max_cpu_percent, 1, 6400},
      {"plugins", "max_time_ms", false, nullptr, nullptr, &c.plugin_max_time_ms, 10, 60000},
      {"plugins", "max_message_kib", false, nullptr, nullptr, &c.plugin_max_message_kib, 1, 16384},
      {"plugins", "routes_per_second", false, nullptr, nullptr, &c.plugin_routes_per_second, 1,
       1000},
      {"plugins", "routes_burst", false, nullptr, nullptr, &c.plugin_routes_burst, 1, 10000},
      {"snapshots", "every", false, nullptr, nullptr, &c.snapshots_every, 0, 2'000'000'000},
      {"snapshots", "keep", false, nullptr, nullptr, &c.snapshots_keep, 1, 1000},
      {"sql", "url", true, &c.sql_url},
      {"sql", "password_file", false, nullptr, &c.sql_password_file},
      {"sql", "migrations", true, nullptr, &c.sql_migrations},
      {"page", "directory", false, nullptr, &c.page_dir},
  };
}

Status take(const Entry& entry, const toml::node& node, const std::filesystem::path& base) {
  if (entry.number != nullptr) {
    const auto value = node.value<std::int64_t>();
    if (!node.is_integer() || !value) {
      return invalid("config.invalid", "expected an integer", entry.name());
    }
    if (*value < entry.min || *value > entry.max) {
      return invalid("config.out_of_range",
                     "expected " + std::to_string(entry.min) + " to " + std::to_string(entry.max),
                     entry.name());
    }
    *entry.number = static_cast<int>(*value);
    return {};
  }
  const auto value = node.value<std::string>();
  if (!node.is_string() || !value) {
    return invalid("config.invalid", "expected a text", entry.name());
  }
  if (entry.required && value->empty()) {
    return invalid("config.missing", "must not be empty", entry.name());
  }
  if (entry.text != nullptr) {
    *entry.text = *value;
  } else if (!value->empty()) {
    *entry.path = (base / *value).lexically_normal();
  }
  return {};
}

Status reject_unknown(const toml::table& file, const std::vector<Entry>& entries) {
  for (const auto& [table_name, table] : file) {
    if (!table.is_table()) {
      return invalid("config.unknown", "expected tables only", std::string(table_name.str()));
    }
    for (const auto& [key, value] : *table.as_table()) {
      const std::string name = std::string(table_name.str()) + "." + std::string(key.str());
      bool known = table_name == "plugins" && value.is_table();  // a plugin's own: take_places
      for (const Entry& entry : entries) known = known || entry.name() == name;
      if (!known) return invalid("config.unknown", "unknown key", name);
    }
  }
  return {};
}

Status check_isolation(const std::string& isolation, const std::string& field) {
  if (isolation == "process" || isolation == "host") return {};
  return invalid("config.invalid", "must be process or host", field);
}

/// The tables [plugins.<id>].
Status take_places(const toml::table& file, HostConfig& config) {
  QC_TRY(check_isolation(config.plugin_isolation, "plugins.isolation"));
  const toml::table* plugins = file["plugins"].as_table();
  if (plugins == nullptr) return {};
  for (const auto& [id, value] : *plugins) {
    const toml::table* table = value.as_table();
    if (table == nullptr) continue;
    const std::string name = "plugins." + std::string(id.str());
    for (const auto& [key, entry] : *table) {
      const std::string field = name + "." + std::string(key.str());
      if (key != "isolation") return invalid("config.unknown", "unknown key", field);
      const auto isolation = entry.value<std::string>();
      if (!isolation) return invalid("config.invalid", "expected a text", field);
      QC_TRY(check_isolation(*isolation, field));
      config.plugin_places[std::string(id.str())].isolation = *isolation;
    }
  }
  return {};
}

/// "sqlite:<relative path>" is relative to the file as every other path is.
void resolve_sqlite(std::string& url, const std::filesystem::path& base) {
  constexpr std::string_view kPrefix = "sqlite:";
  if (url.rfind(kPrefix, 0) != 0) return;
  url = std::string(kPrefix) + (base / url.substr(kPrefix.size())).lexically_normal().string();
}

}  // namespace

Result<HostConfig> load_host_config(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    return invalid("config.unreadable", "cannot read " + file.string());
  }
  toml::table parsed;
  try {
    parsed = toml::parse(text.str());
  } catch (const toml::parse_error& error) {
    return invalid("config.invalid", std::string(error.description()),
                   "line " + std::to_string(error.source().begin.line));
  }
  HostConfig config;
  const std::vector<Entry> entries = entries_of(config);
  QC_TRY(reject_unknown(parsed, entries));
  const std::filesystem::path base = std::filesystem::absolute(file).parent_path();
  for (const Entry& entry : entries) {
    const toml::node* node = parsed.at_path(entry.name()).node();
    if (node == nullptr) {
      if (entry.required) return invalid("config.missing", "required key is missing", entry.name());
      continue;
    }
    QC_TRY(take(entry, *node, base));
  }
  QC_TRY(take_places(parsed, config));
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    return invalid("config.missing", "tls_certificate and tls_key come together", "http.tls_key");
  }
  resolve_sqlite(config.sql_url, base);
  return config;
}

}  // namespace qc
