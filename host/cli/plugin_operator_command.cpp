// quancheng operator plugin …: running plugins, one generation after another.
#include <cstdio>

#include "host/cli/commands.hpp"
#include "host/cli/directory.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"

namespace qc::cli {
namespace {

struct RunOptions {
  ConnectionOptions to;
  std::string plugin, digest;
  std::int64_t percent = 10;
  std::int64_t after_calls = 50;
  std::int64_t max_failed_percent = 5;
};

std::string plugin_line(const Json& entry) {
  std::string text = "  " + padded(text_of(entry, "plugin"), 18) +
                     padded(text_of(entry, "version"), 8) + padded(text_of(entry, "state"), 12) +
                     padded(text_of(entry, "owner"), 10) + shortened(text_of(entry, "digest"));
  const Json canary = entry.value("canary", Json());
  if (canary.is_object()) {
    text += "  灰度 canary " + text_of(canary, "version") + " " +
            value_text(canary.value("percent", Json(0))) + " %, " +
            value_text(canary.value("calls", Json(0))) + " calls, " +
            value_text(canary.value("faults", Json(0))) + " failed";
  }
  const std::string reason = text_of(entry, "reason");
  return text + (reason.empty() ? "" : "  " + reason) + "\n";
}

Result<Output> change_plugin(const RunOptions& options, const std::string& verb, const Json& body) {
  QC_ASSIGN(Session session, open_session(options.to, Signer::kNeeded));
  Output output;
  QC_ASSIGN(output.json, session.client->post("/v1/plugins/" + options.plugin + ":" + verb, body));
  output.text = plugin_line(output.json);
  return output;
}

Result<Output> check_plugin(const RunOptions& options) {
  QC_ASSIGN(Session session, open_session(options.to, Signer::kNeeded));
  Output output;
  QC_ASSIGN(output.json,
            session.client->post("/v1/plugins/" + options.plugin + ":check", Json::object()));
  output.text = "  " + options.plugin + "  " + text_of(output.json, "status") + "  " +
                text_of(output.json, "detail") + "\n";
  return output;
}

Result<Output> list_plugins(const ConnectionOptions& to) {
  QC_ASSIGN(Session session, open_session(to, Signer::kOptional));
  Output output;
  QC_ASSIGN(output.json, session.client->get("/v1/plugins"));
  QC_ASSIGN(const Json list, array_of(output.json, "plugins"));
  for (const Json& entry : list) output.text += plugin_line(entry);
  return output;
}

std::string microseconds(const Json& entry, const char* name) {
  const Json latency = entry.value("latency_us", Json::object());
  char text[48];
  std::snprintf(text, sizeof text, "%.1f us", latency.value(name, 0.0));
  return text;
}

std::string or_none(const std::string& text) { return text.empty() ? "–" : text; }

std::string failures_text(const Json& entry) {
  std::string out;
  const Json failures = entry.value("failures", Json::object());
  for (const auto& [kind, count] : failures.items()) {
    if (count == 0) continue;
    out += (out.empty() ? "" : ", ") + kind + " " + value_text(count);
  }
  return or_none(out);
}

std::string kept_text(const Json& entry) {
  std::string out;
  const Json kept = entry.value("kept", Json::array());
  for (const Json& one : kept) {
    out += (out.empty() ? "" : ", ") + text_of(one, "version") + " " + text_of(one, "digest");
  }
  return or_none(out);
}

/// Everything that the host knows of one plugin.
Result<Output> show_plugin(const RunOptions& options) {
  QC_ASSIGN(Session session, open_session(options.to, Signer::kOptional));
  QC_ASSIGN(const Json answer, session.client->get("/v1/plugins"));
  QC_ASSIGN(const Json list, array_of(answer, "plugins"));
  for (const Json& entry : list) {
    if (text_of(entry, "plugin") != options.plugin) continue;
    const auto number = [&](const char* name) { return value_text(entry.value(name, Json(0))); };
    Output output;
    output.json = entry;
    output.text =
        plugin_line(entry) + line("包 package", text_of(entry, "digest")) +
        line("运行处 isolation", text_of(entry, "isolation")) +
        line("代 generation", number("generation")) + line("调用 calls", number("calls")) +
        line("进行中 in flight", number("in_flight")) +
        line("失败 failures", failures_text(entry)) +
        line("时延 latency p50", microseconds(entry, "p50")) +
        line("p95", microseconds(entry, "p95")) + line("p99", microseconds(entry, "p99")) +
        line("处理器 cpu ms", number("cpu_ms")) +
        line("内存 memory bytes", number("memory_bytes")) +
        line("重启 restarts", number("restarts")) + line("被拒 refusals", number("refusals")) +
        line("已退役 retired", number("retired")) + line("排空中 draining", number("draining")) +
        line("逾期 overdue", number("overdue")) + line("驻留 mapped in host", number("mapped")) +
        line("可退回 kept", kept_text(entry)) +
        line("固定 pinned", or_none(text_of(entry, "pinned")));
    return output;
  }
  return not_found("plugin.not_found", "the host has no plugin of this name");
}

Command named(Command group, const char* name, const char* help,
              const std::shared_ptr<RunOptions>& options) {
  Command sub = group.sub(name, help);
  add_connection(sub, options->to);
  sub.text("plugin", options->plugin, "插件 · plugin", Need::kRequired);
  return sub;
}

void add_plain_verbs(const Command& plugin) {
  struct Verb {
    const char* name;
    const char* help;
  };
  for (const Verb& verb :
       {Verb{"load", "加载 · load"},
        Verb{"upgrade", "热升级为目录中的新包 · put the folder's package in place, losing no call"},
        Verb{"reload", "重读设置 · run the same package with its settings anew"},
        Verb{"promote", "灰度转正 · the canary takes all requests"},
        Verb{"rollback", "撤回灰度 · the canary takes none"},
        Verb{"drain", "排空后停止 · drain, then stop"}, Verb{"stop", "停止 · stop"}}) {
    auto options = std::make_shared<RunOptions>();
    named(plugin, verb.name, verb.help, options).action([options, name = std::string(verb.name)] {
      return change_plugin(*options, name, Json::object());
    });
  }
}

}  // namespace

void add_plugin_operation(Command group) {
  Command plugin = group.sub("plugin", "插件运行 · run plugins");
  add_plain_verbs(plugin);

  auto back = std::make_shared<RunOptions>();
  Command downgrade =
      named(plugin, "downgrade", "退回曾运行过的包 · go back to a package that ran here", back);
  downgrade.text("--digest", back->digest, "包摘要,默认上一个 · which package; default: the last");
  downgrade.action([back] {
    return change_plugin(*back, "downgrade",
                         back->digest.empty() ? Json::object() : Json{{"digest", back->digest}});
  });

  auto trial = std::make_shared<RunOptions>();
  Command canary =
      named(plugin, "canary", "灰度:新包先接一部分请求 · give a new package a share", trial);
  canary.number("--percent", trial->percent, "请求占比 · share of requests", 1, 99);
  canary.number("--after-calls", trial->after_calls, "多少次调用后判定 · judged after", 1,
                1'000'000);
  canary.number("--max-failed-percent", trial->max_failed_percent, "失败率上限 · rolled back above",
                0, 100);
  canary.action([trial] {
    return change_plugin(*trial, "canary",
                         {{"percent", trial->percent},
                          {"after_calls", trial->after_calls},
                          {"max_failed_percent", trial->max_failed_percent}});
  });

  auto asked = std::make_shared<RunOptions>();
  named(plugin, "check", "询问运行状况 · ask a plugin how it is", asked).action([asked] {
    return check_plugin(*asked);
  });
  auto shown = std::make_shared<RunOptions>();
  named(plugin, "show", "详情与指标 · details and figures", shown).action([shown] {
    return show_plugin(*shown);
  });
  auto list = std::make_shared<ConnectionOptions>();
  Command sub = plugin.sub("list", "列表 · list");
  add_connection(sub, *list);
  sub.action([list] { return list_plugins(*list); });
}

}  // namespace qc::cli
