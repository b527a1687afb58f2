// Step 10: the citizen's trace, receipts checked offline, and the regulator's view.
#include <algorithm>

#include "host/cli/directory.hpp"
#include "host/cli/show.hpp"
#include "host/cli/story_steps.hpp"

namespace qc::cli {
namespace {

namespace fs = std::filesystem;

Status check_refusal_traced(const Json& events, const Json& problem) {
  const bool traced = std::any_of(events.begin(), events.end(), [](const Json& event) {
    return text_of(event, "op") == "access.refuse";
  });
  (void)problem;
  if (traced) return {};
  return internal("story.refusal_not_traced", "the refusal is not in the citizen's trace");
}

/// Every receipt file of this story through the offline check, in a process of its own.
Status check_receipts(const Stage& stage, Step& step) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(stage.receipts())) {
    if (entry.path().extension() == ".json") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> verify = {"receipt",    "verify",
                                     "--host-key", stage.in_city("host.jwk.json").string(),
                                     "--chain",    stage.chain()};
  verify.insert(verify.end(), files.begin(), files.end());
  QC_ASSIGN(const Json verified, Stage::must(stage.run(verify)));
  step.facts["receipts_verified"] = verified.value("verified", 0);
  step.facts["receipts_failed"] = verified.value("failed", 0);
  step.lines.push_back(line("离线验证 offline check", std::to_string(files.size()) +
                                                          " 份存证 receipts ✓ quancheng receipt "
                                                          "verify"));
  if (verified.value("verified", std::size_t{0}) != files.size() || files.empty()) {
    return internal("story.receipts_failed", "not every receipt verifies");
  }
  return {};
}

/// Numbers and names of the citizen must not be in what the regulator sees.
Status check_no_value(const Json& flows, const Plot& plot) {
  const std::string text = flows.dump();
  for (const char* name : {"id_no", "name"}) {
    if (text.find(text_of(plot.person, name)) != std::string::npos) {
      return internal("story.value_leaked", "the regulator's view holds a personal value");
    }
  }
  return {};
}

Status regulators_view(const Stage& stage, const Plot& plot, Step& step) {
  QC_ASSIGN(const Json answer,
            Stage::must(stage.as_member(plot.regulator, {"regulator", "flows", "--after",
                                                         std::to_string(plot.first_index)})));
  QC_TRY(check_no_value(answer, plot));
  const Json flows = answer.value("flows", Json::array());
  step.facts["flows"] = flows;
  step.lines.emplace_back("  监管所见 the regulator sees, without a value:\n");
  for (const Json& flow : flows) {
    step.lines.push_back("    #" + padded(value_text(flow.value("index", Json(0))), 6) +
                         padded(operation(text_of(flow, "op")), 34) +
                         padded(text_of(flow, "consumer"), 10) +
                         padded(text_of(flow, "purpose"), 20) + text_of(flow, "outcome") + "\n");
  }
  const bool refused = std::any_of(flows.begin(), flows.end(), [](const Json& flow) {
    return text_of(flow, "op") == "access.refuse";
  });
  if (!refused) return internal("story.flow_missing", "the regulator does not see the refusal");
  QC_ASSIGN(const Json trace,
            Stage::must(stage.as_member(plot.regulator, {"regulator", "trace", plot.account})));
  step.facts["regulator_events"] = trace.value("events", Json::array()).size();
  return {};
}

}  // namespace

Status trace_everything(const Stage& stage, Plot& plot, Step& step) {
  QC_ASSIGN(const Json history, Stage::must(stage.as_citizen(plot.wallet, {"wallet", "history"})));
  const Json events = history.value("events", Json::array());
  step.facts["events"] = events;
  step.facts["complete"] = history.value("complete", false);
  for (const Json& event : events) {
    step.lines.push_back(
        "    " + padded(value_text(event["n"]), 4) + "#" + padded(value_text(event["index"]), 6) +
        padded(operation(text_of(event, "op")), 34) + padded(text_of(event, "actor"), 36) + "✓\n");
  }
  QC_TRY(check_refusal_traced(events, step.facts));
  step.lines.push_back(line("完整性 completeness", std::to_string(events.size()) +
                                                       " 事件,无遗漏 events, none left out ✓"));
  QC_TRY(check_receipts(stage, step));
  return regulators_view(stage, plot, step);
}

}  // namespace qc::cli
