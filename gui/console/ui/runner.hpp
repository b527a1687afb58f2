// Plays a script on a running window.
#pragma once

#include <string>
#include <vector>

#include "gui/console/model/script.hpp"
#include "gui/console/ui/window.hpp"

namespace qc::console {

/// Call step() between frames until it is done. Thread contract: the drawing thread.
class ScriptRunner {
 public:
  ScriptRunner(std::vector<Step> steps, double timeout_s)
      : steps_(std::move(steps)), timeout_s_(timeout_s) {}

  enum class State { kRunning, kDone, kFailed };
  State step(Window& window, AppModel& app, double now_s);
  /// "line 7: view plugins: not ready within 15 s (loading)"
  const std::string& failure() const { return failure_; }

 private:
  enum class Progress { kWait, kNext };
  Progress play(const Step& step, Window& window, AppModel& app);
  Progress play_input(const Step& step, Window& window, AppModel& app);
  Progress play_output(const Step& step, Window& window, AppModel& app);
  Progress wait_for(const Step& step, Window& window, AppModel& app);
  Progress press_control(const std::string& name, Window& window);
  void fail(const Step& step, const std::string& why);

  std::vector<Step> steps_;
  double timeout_s_;
  std::size_t at_ = 0;
  double started_s_ = -1, now_s_ = 0;
  bool begun_ = false;  ///< the step has done its one-time part
  std::string waiting_for_;
  std::string failure_;
};

}  // namespace qc::console
