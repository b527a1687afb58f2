// quancheng story: the ten steps, one after the other, told in both languages.
#include <algorithm>
#include <iostream>

#include "host/cli/commands.hpp"
#include "host/cli/show.hpp"
#include "host/cli/story_steps.hpp"
#include "sdk/base/files.hpp"

namespace qc::cli {

std::vector<StepPlan> story_plan() {
  return {
      {"网络创立,成员准入", "The network is founded, members are admitted", &found_network},
      {"部门与产品插件核验、加载", "Department and product plugins are checked and loaded",
       &start_plugins},
      {"市民开立数字保险箱", "A citizen opens a safe box", &open_box},
      {"部门签发数据资产", "The departments' data become the citizen's assets", &fill_box},
      {"银行请求授权", "The bank asks for consent", &ask_consent},
      {"市民查看、选择并签署", "The citizen sees, chooses and signs", &grant_consent},
      {"访问先上链,秒级决定", "Access on the ledger first, then the decision", &decide_loan},
      {"市民撤回,银行被拒", "The citizen revokes, the bank is refused", &withdraw_consent},
      {"常设授权,贷后定期关注", "A standing grant: the bank looks again and again", &watch_loan},
      {"全程追溯,离线验证,监管可见", "Full trace, checked offline, seen by the regulator",
       &trace_everything},
  };
}

namespace {

struct StoryOptions {
  std::string dir, url;
  bool plain = false;
};

void tell(const Step& step, bool colour) {
  std::cout << (colour ? "\033[1m" : "") << step.number << ". " << step.title_zh << " · "
            << step.title_en << (colour ? "\033[0m\033[2m" : "") << "  (" << step.elapsed_ms
            << " ms)" << (colour ? "\033[0m" : "") << "\n";
  for (const std::string& text : step.lines) std::cout << text;
  std::cout << std::endl;
}

Json step_json(const Step& step, const Status& status) {
  Json row = {{"step", step.number},   {"title_zh", step.title_zh}, {"title_en", step.title_en},
              {"ms", step.elapsed_ms}, {"ok", status.ok()},         {"facts", step.facts}};
  if (!status.ok()) row["problem"] = problem_of(status.error());
  return row;
}

Output ending(const Stage& stage, const Json& steps, std::int64_t total_ms, bool ok) {
  Output output;
  const Json last = steps.empty() ? Json::object() : steps.back()["facts"];
  output.json = {{"story", stage.number()},
                 {"chain", stage.chain()},
                 {"folder", stage.folder().string()},
                 {"steps", steps},
                 {"receipts_verified", last.value("receipts_verified", 0)},
                 {"ms", total_ms},
                 {"ok", ok}};
  if (!ok) {
    output.exit = kRefused;
    output.text = "✗ 第 " + std::to_string(steps.size()) + " 步失败 step failed\n";
    return output;
  }
  output.text = "✓ 十步完成 ten steps done in " + std::to_string(total_ms) + " ms, " +
                value_text(output.json["receipts_verified"]) +
                " 份存证已验证 receipts verified: " + stage.receipts().string() + "\n";
  return output;
}

Result<Output> story(const StoryOptions& options, const RunMode& mode) {
  QC_ASSIGN(const Stage stage, Stage::open(options.dir, options.url));
  const bool colour = mode.terminal && !options.plain;
  Plot plot;
  Json steps = Json::array();
  std::int64_t total_ms = 0;
  bool ok = true;
  if (!mode.json) {
    std::cout << "泉城链 Quancheng Chain · " << stage.chain() << " · 第 " << stage.number()
              << " 次 story " << stage.number() << "\n\n";
  }
  for (const StepPlan& plan : story_plan()) {
    Step step;
    step.number = static_cast<int>(steps.size()) + 1;
    step.title_zh = plan.title_zh;
    step.title_en = plan.title_en;
    const auto start = std::chrono::steady_clock::now();
    const Status status = plan.body(stage, plot, step);
    step.elapsed_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::steady_clock::now() - start)
                          .count();
    total_ms += step.elapsed_ms;
    steps.push_back(step_json(step, status));
    if (!mode.json) tell(step, colour);
    if (!status.ok()) {
      std::cerr << line_of(status.error()) << std::endl;
      ok = false;
      break;
    }
  }
  Output output = ending(stage, steps, total_ms, ok);
  QC_TRY(write_file(stage.folder() / "story.json", output.json.dump(2) + "\n", FileMode::kPrivate));
  return output;
}

}  // namespace

void add_story(Command root, const RunMode& mode) {
  auto options = std::make_shared<StoryOptions>();
  Command command = root.sub("story", "演示十步全程 · play the ten steps against a running host");
  command.text("-d,--dir", options->dir, "城市目录 · folder made by city init", Need::kRequired);
  command.text("--url", options->url, "主机地址 · host, instead of the city's own");
  command.flag("--plain", options->plain, "无颜色 · no colours");
  command.action([options, &mode] { return story(*options, mode); });
}

}  // namespace qc::cli
