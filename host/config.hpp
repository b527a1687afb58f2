// The host's configuration file (TOML) and what it says.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "sdk/base/result.hpp"

namespace qc {

/// Where a plugin runs: "process" (a confined child process) or "host" (inside the host's own).
struct PluginPlace {
  std::string isolation;  ///< [plugins.<id>] isolation
};

/// One table of host.toml per member group. Paths are absolute once loaded (relative ones are
/// resolved against the folder of the file).
struct HostConfig {
  std::string chain;                           ///< [network] chain
  std::filesystem::path genesis;               ///< [network] genesis: transaction 0, or empty
  std::filesystem::path data;                  ///< [host] data
  std::filesystem::path host_key;              ///< [host] key
  std::filesystem::path host_passphrase;       ///< [host] passphrase_file
  std::filesystem::path registrar_key;         ///< [registrar] key
  std::filesystem::path registrar_passphrase;  ///< [registrar] passphrase_file
  std::string listen = "127.0.0.1";            ///< [http] listen
  int port = 8440;                             ///< [http] port, 0 = any free one
  bool ledger_ends_here = false;               ///< of the command line: --ledger-ends-here
  int workers = 8;                             ///< [http] workers, 1..256
  std::filesystem::path tls_certificate;       ///< [http] tls_certificate (PEM), or empty
  std::filesystem::path tls_key;               ///< [http] tls_key (PEM), or empty
  std::filesystem::path plugins_dir;           ///< [plugins] directory
  std::filesystem::path plugins_config;        ///< [plugins] config
  std::string identity_plugin;                 ///< [plugins] identity
  int plugin_timeout_ms = 1000;                ///< [plugins] timeout_ms, 10..60000
  std::string plugin_isolation = "process";    ///< [plugins] isolation, of those not named below
  int plugin_memory_mib = 512;                 ///< [plugins] memory_mib of a process, 64..65536
  int plugin_max_memory_mib = 2048;    ///< [plugins] max_memory_mib that may be granted, 128..65536
  int plugin_max_cpu_percent = 100;    ///< [plugins] max_cpu_percent that may be granted, 1..6400
  int plugin_max_time_ms = 10'000;     ///< [plugins] max_time_ms that may be granted, 10..60000
  int plugin_max_message_kib = 16384;  ///< [plugins] max_message_kib that may be granted, 1..16384
  int plugin_routes_per_second = 10;   ///< [plugins] routes_per_second of an account, 1..1000
  int plugin_routes_burst = 20;        ///< [plugins] routes_burst before that, 1..10000
  std::map<std::string, PluginPlace> plugin_places;  ///< [plugins.<id>]
  int snapshots_every = 0;                  ///< [snapshots] every so many transactions; 0: none
  int snapshots_keep = 2;                   ///< [snapshots] keep, 1..1000
  std::string sql_url;                      ///< [sql] url: "sqlite:<path>" or "mysql://…"
  std::filesystem::path sql_password_file;  ///< [sql] password_file, or empty
  std::filesystem::path sql_migrations;     ///< [sql] migrations
  std::filesystem::path page_dir;           ///< [page] directory, or empty
};

/// Reads and checks the file. Errors: "config.unreadable", "config.invalid" (with line),
/// "config.missing", "config.unknown" and "config.out_of_range" (with "table.key" as the field).
Result<HostConfig> load_host_config(const std::filesystem::path& file);

}  // namespace qc
