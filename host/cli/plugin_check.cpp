// quancheng plugin check: the conformance tool at the author's desk.
#include "host/cli/plugin_command.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "host/conformance/check.hpp"
#include "sdk/base/files.hpp"

namespace qc::cli {
namespace {

struct CheckCommand {
  std::string package, settings, fixture, junit;
  std::vector<std::string> only;
  std::int64_t seed = 1, cycles = 1000, max_load_ms = 2000;
};

Json row_of(const conformance::CheckResult& result) {
  return {{"name", result.name},
          {"outcome", conformance::outcome_name(result.outcome)},
          {"detail", result.detail},
          {"elapsed_ms", result.elapsed_ms}};
}

std::string result_line(const conformance::CheckResult& result) {
  const bool bad = result.outcome == conformance::Outcome::kFailed;
  return std::string("  ") + (bad ? "✗ " : "✓ ") + padded(result.name, 14) +
         padded(std::to_string(result.elapsed_ms) + " ms", 10) + result.detail + "\n";
}

Result<Output> check(const CheckCommand& command) {
  conformance::CheckOptions options;
  options.package = command.package;
  options.settings = command.settings;
  options.fixture = command.fixture;
  options.only = command.only;
  options.seed = static_cast<std::uint64_t>(command.seed);
  options.cycles = static_cast<int>(command.cycles);
  options.max_load_ms = static_cast<int>(command.max_load_ms);
  QC_ASSIGN(const auto results, conformance::run_checks(options));
  QC_ASSIGN(const Json manifest,
            read_document(std::filesystem::path(command.package) / "manifest.json"));
  const std::string plugin = text_of(manifest, "plugin");
  Output output;
  output.json = {{"plugin", plugin},
                 {"version", text_of(manifest, "version")},
                 {"digest", text_of(manifest, "digest")},
                 {"seed", command.seed},
                 {"checks", Json::array()}};
  output.text = plugin + " " + text_of(manifest, "version") + "\n";
  std::size_t bad = 0;
  for (const conformance::CheckResult& result : results) {
    output.json["checks"].push_back(row_of(result));
    output.text += result_line(result);
    if (result.outcome == conformance::Outcome::kFailed) ++bad;
  }
  output.json["failed"] = bad;
  output.text +=
      bad == 0 ? "✓ 全部通过 all passed\n" : "✗ 未通过 failed: " + std::to_string(bad) + "\n";
  output.exit = bad == 0 ? kOk : kRefused;
  if (!command.junit.empty()) {
    QC_TRY(write_file(command.junit, conformance::junit_of("quancheng." + plugin, results),
                      FileMode::kPublic));
  }
  return output;
}

std::string names_of_checks() {
  std::string out;
  for (const std::string& name : conformance::check_names())
    out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

void add_plugin_check(Command group) {
  auto options = std::make_shared<CheckCommand>();
  Command command = group.sub("check", "一致性检查 · conformance, one process for each check");
  command.text("package", options->package, "插件包目录 · folder with manifest.json",
               Need::kRequired);
  command.text("--settings", options->settings,
               "插件配置 · settings <id>.toml; without, a key of its own and nothing else");
  command.text("--fixture", options->fixture,
               "样例消息 · messages that the plugin answers: {\"chain\",\"calls\":[{\"method\","
               "\"message\"}]}");
  command.texts("--only", options->only, "仅此检查 · only this one of: " + names_of_checks());
  command.number("--seed", options->seed, "随机种子 · the same seed tries the same", 0, INT64_MAX);
  command.number("--cycles", options->cycles, "建立与销毁次数 · of create and destroy", 1, 1000000);
  command.number("--max-load-ms", options->max_load_ms, "加载时限 · allowed to an instance", 1,
                 600000);
  command.text("--junit", options->junit, "JUnit 报告 · write JUnit XML here");
  command.action([options] { return check(*options); });
}

}  // namespace qc::cli
