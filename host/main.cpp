// quancheng-host: configuration and wiring only.
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "host/chain/snapshot_keeper.hpp"
#include "host/config.hpp"
#include "host/exchange/exchange.hpp"
#include "host/http/server.hpp"
#include "host/plugin/admission.hpp"
#include "host/safebox/vault.hpp"
#include "host/stop_guard.hpp"
#include "sdk/base/at_once.hpp"
#include "sdk/crypto/keystore.hpp"

namespace qc {
namespace {

/// From the signal on: requests in flight have ten seconds of it.
constexpr std::chrono::seconds kStopPatience{30};
constexpr int kStoppedByForce = 3;

/// Memory holds personal data for moments (messages to plugins, and plugins that an operator lets
/// run in this process): it must not reach a core file, nor another process of the same user.
void forbid_memory_dumps() {
  const rlimit none{0, 0};
  (void)setrlimit(RLIMIT_CORE, &none);
  (void)prctl(PR_SET_DUMPABLE, 0);
}

Result<crypto::PrivateKey> load_key_of(const std::filesystem::path& key,
                                       const std::filesystem::path& passphrase_file) {
  QC_ASSIGN(const std::string passphrase, crypto::read_passphrase_file(passphrase_file));
  return crypto::load_key(key, passphrase);
}

/// Transaction 0 of an empty ledger.
Status found_network(const HostConfig& config, chain::Ledger& ledger) {
  if (ledger.size() > 0) return {};
  std::ifstream in(config.genesis);
  std::string genesis;
  if (config.genesis.empty() || !(in >> genesis)) {
    return invalid("host.no_genesis", "the ledger is empty and the genesis file cannot be read",
                   "network.genesis");
  }
  const auto applied = ledger.submit(genesis);
  if (!applied.ok()) return applied.error();
  spdlog::info("network {} founded", ledger.chain());
  return {};
}

/// Each plugin's process has a handful of sockets here, each connection one.
void allow_many_descriptors() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &files);
}

plugin::IsolationOptions isolation_of(const HostConfig& config) {
  const auto place = [](const std::string& name) {
    return plugin::isolation_of_name(name).value_or(plugin::Isolation::kProcess);
  };
  plugin::IsolationOptions options;
  options.otherwise = place(config.plugin_isolation);
  for (const auto& [id, own] : config.plugin_places) options.of[id] = place(own.isolation);
  options.limits.memory_bytes = static_cast<std::uint64_t>(config.plugin_memory_mib) << 20U;
  return options;
}

/// Starts every plugin that the ledger knows; one that fails is reported and harms nobody else.
void start_admitted_plugins(plugin::Manager& plugins, const chain::Ledger& ledger) {
  if (const auto found = plugins.discover(); !found.ok()) {
    spdlog::error("plugins: {}: {}", found.error().code, found.error().message);
    return;
  }
  std::vector<std::string> admitted;
  for (const plugin::PluginInfo& info : plugins.list()) {
    if (plugin::admission_on(ledger, info.plugin, info.digest)) admitted.push_back(info.plugin);
  }
  at_once(admitted.size(), [&](std::size_t i) {
    const auto loaded = plugins.start(admitted[i]);
    if (!loaded.ok()) {
      spdlog::error("plugin {}: {}: {}", admitted[i], loaded.error().code, loaded.error().message);
    }
  });
}

/// Everything that serves, in order of construction; destroyed in reverse.
struct Host {
  std::unique_ptr<chain::Ledger> ledger;
  std::unique_ptr<plugin::Manager> plugins;
  std::unique_ptr<plugin::AdmissionWatch> admissions;
  std::unique_ptr<safebox::Vault> vault;
  std::unique_ptr<centre::Centre> centre;
  std::unique_ptr<supervision::Supervision> supervision;
  std::unique_ptr<exchange::Exchange> exchange;
  std::unique_ptr<chain::Witnesses> witnesses;
  std::unique_ptr<chain::SnapshotKeeper> snapshots;
  std::unique_ptr<http::Server> server;
};

Result<std::unique_ptr<exchange::Exchange>> make_exchange(const HostConfig& config, Host& host) {
  QC_ASSIGN(crypto::PrivateKey registrar,
            load_key_of(config.registrar_key, config.registrar_passphrase));
  exchange::ExchangeOptions options;
  options.identity_plugin = config.identity_plugin;
  options.plugin_timeout_ms = config.plugin_timeout_ms;
  options.routes.per_second = config.plugin_routes_per_second;
  options.routes.burst = config.plugin_routes_burst;
  return exchange::Exchange::create(std::move(options),
                                    {*host.ledger, *host.plugins, *host.vault, registrar});
}

Result<std::unique_ptr<http::Server>> make_server(const HostConfig& config, Host& host,
                                                  const crypto::PrivateKey& key) {
  http::ServerOptions options;
  options.listen = config.listen;
  options.port = config.port;
  options.workers = static_cast<std::size_t>(config.workers);
  options.tls_certificate = config.tls_certificate.string();
  options.tls_key = config.tls_key.string();
  options.page_dir = config.page_dir.string();
  return http::Server::start(options,
                             {*host.ledger, *host.exchange, *host.plugins, *host.centre,
                              *host.supervision, *host.witnesses},
                             key);
}

Status start(const HostConfig& config, Host& host) {
  std::error_code error;
  std::filesystem::create_directories(config.data, error);
  if (error) return unavailable("host.io", "cannot create " + config.data.string());
  std::filesystem::permissions(config.data, std::filesystem::perms::owner_all, error);
  QC_ASSIGN(const crypto::PrivateKey key, load_key_of(config.host_key, config.host_passphrase));

  chain::LedgerOptions ledger_options;
  ledger_options.directory = config.data / "ledger";
  ledger_options.chain = config.chain;
  ledger_options.restored_ends_here = config.ledger_ends_here;
  const std::filesystem::path chunks = ledger_options.directory / "chunks";
  QC_ASSIGN(host.ledger, chain::Ledger::open(std::move(ledger_options), key));
  QC_ASSIGN(host.witnesses, chain::Witnesses::open(*host.ledger, chunks));
  QC_TRY(found_network(config, *host.ledger));

  plugin::ManagerOptions plugin_options;
  plugin_options.plugins_dir = config.plugins_dir;
  plugin_options.config_dir = config.plugins_config;
  plugin_options.chain = config.chain;
  plugin_options.host_jwk = host.ledger->host_key().to_jwk();
  plugin_options.isolation = isolation_of(config);
  // A call that hangs on a thread of the server's keeps it: a quarter of them can be lost.
  plugin_options.direct_calls = static_cast<std::size_t>(config.workers) / 4;
  plugin_options.call_ms = config.plugin_timeout_ms;
  plugin_options.most = {config.plugin_max_memory_mib, config.plugin_max_cpu_percent,
                         config.plugin_max_time_ms, config.plugin_max_message_kib};
  plugin_options.state_dir = config.data / "plugins";
  plugin_options.probe_ms = config.plugin_timeout_ms;
  plugin_options.admission = [&ledger = *host.ledger](const std::string& plugin,
                                                      const std::string& digest) {
    return plugin::admission_on(ledger, plugin, digest);
  };
  QC_ASSIGN(host.plugins, plugin::Manager::create(std::move(plugin_options)));
  host.admissions = std::make_unique<plugin::AdmissionWatch>(*host.ledger, *host.plugins);
  start_admitted_plugins(*host.plugins, *host.ledger);

  QC_ASSIGN(host.vault, safebox::Vault::open(config.data / "safebox"));
  centre::CentreOptions centre_options{config.sql_url, config.sql_password_file.string(),
                                       config.sql_migrations.string()};
  QC_ASSIGN(host.centre, centre::Centre::open(centre_options, *host.ledger));
  host.supervision = supervision::Supervision::create(*host.ledger, *host.centre);
  QC_ASSIGN(host.exchange, make_exchange(config, host));
  if (config.snapshots_every != 0) {
    host.snapshots = std::make_unique<chain::SnapshotKeeper>(
        *host.ledger, chain::SnapshotPlan{config.data / "ledger", config.data / "snapshots",
                                          static_cast<std::uint64_t>(config.snapshots_every),
                                          static_cast<std::size_t>(config.snapshots_keep)});
  }
  QC_ASSIGN(host.server, make_server(config, host, key));
  return {};
}

int complain(const Error& error) {
  std::cerr << "quancheng-host: " << error.code << ": " << error.message
            << (error.field.empty() ? "" : " (" + error.field + ")") << "\n";
  return 1;
}

void set_up_log(const std::string& level) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("host"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  spdlog::set_level(spdlog::level::from_str(level));
}

int serve(const HostConfig& config) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  // Blocked before any thread starts, so that only sigwait() below receives them.
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  (void)std::signal(SIGPIPE, SIG_IGN);
  forbid_memory_dumps();
  allow_many_descriptors();

  std::optional<StopGuard> guard;  // outlives the host, whose end it watches
  Host host;
  if (const auto started = start(config, host); !started.ok()) return complain(started.error());
  std::cout << "ready " << (config.tls_key.empty() ? "http" : "https") << "://" << config.listen
            << ":" << host.server->port() << std::endl;
  int received = 0;
  sigwait(&signals, &received);
  spdlog::info("stopping on signal {}", received);
  guard.emplace(kStopPatience, kStoppedByForce);
  host.server.reset();
  return 0;
}

}  // namespace
}  // namespace qc

int main(int argc, char** argv) {
  CLI::App app{
      "泉城链主机 Quancheng Chain host: ledger, safe box, plugins and HTTP API in one server"};
  std::string file;
  std::string level = "info";
  int port = -1;
  bool check = false;
  bool ends_here = false;
  app.add_option("--config", file, "配置文件 host.toml")->required()->check(CLI::ExistingFile);
  app.add_option("--port", port, "覆盖端口 overrides [http] port; 0 = any free one")
      ->check(CLI::Range(0, 65535));
  app.add_option("--log-level", level, "日志级别 trace, debug, info, warn, error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}));
  app.add_flag("--check", check, "只检查配置 check the configuration and end");
  app.add_flag("--ledger-ends-here", ends_here,
               "由快照恢复的账本就此为止 a ledger restored from a snapshot has nothing behind it");
  app.set_version_flag("--version", QC_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  qc::set_up_log(level);
  auto config = qc::load_host_config(file);
  if (!config.ok()) return qc::complain(config.error());
  if (port >= 0) config.value().port = port;
  config.value().ledger_ends_here = ends_here;
  if (check) return 0;
  return qc::serve(config.value());
}
