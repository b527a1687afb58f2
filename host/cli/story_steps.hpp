// The ten steps of the story. Each runs real commands as separate processes.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "host/cli/stage.hpp"

namespace qc::cli {

/// What later steps need from earlier ones.
struct Plot {
  std::string product = "citizen_loan", watch = "loan_watch";
  std::string bank = "qc-bank";
  std::string regulator = "jrj";
  std::int64_t first_index = 0;  ///< ledger position before the citizen's part began
  std::string account, request, grant, access;
  std::filesystem::path wallet;       ///< the citizen's folder
  Json person;                        ///< the citizen's identity, for the citizen's process alone
  Json scope;                         ///< as requested
  std::vector<std::string> optional;  ///< item.field the citizen gives beyond the required
  std::set<std::string> issued;       ///< items in the box
};

/// Fills the step's facts and lines. An Error ends the story.
using StepBody = std::function<Status(const Stage&, Plot&, Step&)>;

struct StepPlan {
  const char* title_zh;
  const char* title_en;
  StepBody body;
};

/// In order, one to ten.
std::vector<StepPlan> story_plan();

// story_founding.cpp
Status found_network(const Stage& stage, Plot& plot, Step& step);
Status start_plugins(const Stage& stage, Plot& plot, Step& step);
// story_citizen.cpp
Status open_box(const Stage& stage, Plot& plot, Step& step);
Status fill_box(const Stage& stage, Plot& plot, Step& step);
Status grant_consent(const Stage& stage, Plot& plot, Step& step);
// story_bank.cpp
Status ask_consent(const Stage& stage, Plot& plot, Step& step);
Status decide_loan(const Stage& stage, Plot& plot, Step& step);
Status withdraw_consent(const Stage& stage, Plot& plot, Step& step);
Status watch_loan(const Stage& stage, Plot& plot, Step& step);
// story_trace.cpp
Status trace_everything(const Stage& stage, Plot& plot, Step& step);

}  // namespace qc::cli
