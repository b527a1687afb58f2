#include "gui/console/ui/runner.hpp"

#include <array>
#include <fstream>

#include <GLFW/glfw3.h>

namespace qc::console {
namespace {

struct KeyName {
  std::string_view name;
  int key;
};
constexpr std::array kKeys = {
    KeyName{"enter", GLFW_KEY_ENTER},    KeyName{"esc", GLFW_KEY_ESCAPE},
    KeyName{"tab", GLFW_KEY_TAB},        KeyName{"space", GLFW_KEY_SPACE},
    KeyName{"up", GLFW_KEY_UP},          KeyName{"down", GLFW_KEY_DOWN},
    KeyName{"home", GLFW_KEY_HOME},      KeyName{"end", GLFW_KEY_END},
    KeyName{"pageup", GLFW_KEY_PAGE_UP}, KeyName{"pagedown", GLFW_KEY_PAGE_DOWN},
    KeyName{"f5", GLFW_KEY_F5},          KeyName{"backspace", GLFW_KEY_BACKSPACE},
};

struct Chord {
  int key = 0;  ///< 0: unknown
  bool control = false, shift = false;
};

Chord parse_chord(std::string_view text) {
  Chord out;
  while (true) {
    const auto plus = text.find('+');
    if (plus == std::string_view::npos) break;
    const std::string_view part = text.substr(0, plus);
    if (part == "ctrl") out.control = true;
    if (part == "shift") out.shift = true;
    text.remove_prefix(plus + 1);
  }
  for (const KeyName& key : kKeys) {
    if (key.name == text) out.key = key.key;
  }
  if (text.size() == 1 && text[0] >= 'a' && text[0] <= 'z') out.key = GLFW_KEY_A + text[0] - 'a';
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '9') out.key = GLFW_KEY_0 + text[0] - '0';
  return out;
}

bool has_data(const AppModel& app) { return app.state() != ViewState::kLoading; }

}  // namespace

void ScriptRunner::fail(const Step& step, const std::string& why) {
  failure_ = "line " + std::to_string(step.line) + ": " + step.name +
             (step.rest.empty() ? "" : " " + step.rest) + ": " + why;
}

ScriptRunner::State ScriptRunner::step(Window& window, AppModel& app, double now_s) {
  now_s_ = now_s;
  while (at_ < steps_.size()) {
    const Step& step = steps_[at_];
    if (started_s_ < 0) started_s_ = now_s;
    const Progress progress = play(step, window, app);
    if (!failure_.empty()) return State::kFailed;
    if (progress == Progress::kWait) {
      if (now_s - started_s_ > timeout_s_) {
        fail(step, "not within " + std::to_string(static_cast<int>(timeout_s_)) + " s; " +
                       waiting_for_ + "; the console shows " + app.dump().dump());
        return State::kFailed;
      }
      return State::kRunning;
    }
    ++at_;
    started_s_ = -1;
    begun_ = false;
    // Each step acts on a picture that shows what the one before has done.
    return State::kRunning;
  }
  return State::kDone;
}

ScriptRunner::Progress ScriptRunner::press_control(const std::string& name, Window& window) {
  if (!window.settled()) return Progress::kWait;  // and keep saying why it was not possible before
  waiting_for_ = "the control " + name;
  const auto& all = window.ui().hotspots();
  const auto it = all.find(name);
  if (it == all.end()) return Progress::kWait;
  if (!it->second.enabled) {
    waiting_for_ += " is disabled";
    return Progress::kWait;
  }
  const Hotspot& spot = it->second;
  window.click({(spot.min.x + spot.max.x) / 2, (spot.min.y + spot.max.y) / 2});
  return Progress::kNext;
}

ScriptRunner::Progress ScriptRunner::play(const Step& step, Window& window, AppModel& app) {
  const std::string argument = step.arguments.empty() ? "" : step.arguments[0];
  if (step.name == "wait") return wait_for(step, window, app);
  if (step.name == "screenshot" || step.name == "dump") return play_output(step, window, app);
  if (step.name == "view") {
    if (!begun_) app.go(view_from(argument).value_or(View::kOverview));
    begun_ = true;
    waiting_for_ = "the view's data";
    return has_data(app) ? Progress::kNext : Progress::kWait;
  }
  if (step.name == "select") {
    waiting_for_ = "a row with that key";
    return app.select(argument) ? Progress::kNext : Progress::kWait;
  }
  if (step.name == "trace") {
    if (!begun_ && !app.trace(argument)) fail(step, "not a subject's account");
    begun_ = true;
    waiting_for_ = "the trace";
    const bool there =
        app.snapshot().trace_account == argument && !app.snapshot().trace.loading && has_data(app);
    return there ? Progress::kNext : Progress::kWait;
  }
  return play_input(step, window, app);
}

ScriptRunner::Progress ScriptRunner::play_input(const Step& step, Window& window, AppModel& app) {
  const std::string argument = step.arguments.empty() ? "" : step.arguments[0];
  if (step.name == "action") return press_control("action." + argument, window);
  if (step.name == "click") return press_control(argument, window);
  if (step.name == "confirm" || step.name == "cancel") return press_control(step.name, window);
  if (step.name == "filter") {
    app.set_filter(step.rest);
    window.ui().need(step.rest);
  } else if (step.name == "tab") {
    app.set_tab(argument == "flows" ? TraceTab::kFlows : TraceTab::kSubject);
  } else if (step.name == "lang") {
    app.preferences.lang = lang_from(argument).value_or(Lang::kZh);
  } else if (step.name == "theme") {
    app.preferences.dark = argument == "dark";
  } else if (step.name == "type") {
    if (!window.settled()) return Progress::kWait;
    window.type(step.rest);
  } else if (step.name == "key") {
    const Chord chord = parse_chord(argument);
    if (chord.key == 0) {
      fail(step, "no such key");
      return Progress::kWait;
    }
    if (!window.settled()) return Progress::kWait;
    window.press(chord.key, chord.control, chord.shift);
  }
  return Progress::kNext;
}

ScriptRunner::Progress ScriptRunner::play_output(const Step& step, Window& window, AppModel& app) {
  // A picture is taken when nothing moves and the view has its data.
  waiting_for_ = "a quiet picture";
  const bool loading = app.signed_in() && app.state() == ViewState::kLoading;
  if (!loading && (!window.settled() || window.ui().animating())) return Progress::kWait;
  if (step.name == "screenshot") {
    if (const Status done = window.screenshot(step.rest); !done.ok()) {
      fail(step, done.error().message);
      return Progress::kWait;
    }
    return Progress::kNext;
  }
  std::ofstream out(step.rest, std::ios::trunc);
  out << app.dump().dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  out.close();
  if (!out) fail(step, "cannot write " + step.rest);
  return Progress::kNext;
}

ScriptRunner::Progress ScriptRunner::wait_for(const Step& step, Window& window, AppModel& app) {
  const std::string& what = step.arguments[0];
  const Snapshot& s = app.snapshot();
  bool there = false;
  if (what == "signed-in") {
    there = s.phase == Phase::kSignedIn;
    if (s.phase == Phase::kSignedOut && s.sign_in_error) {
      fail(step, "sign-in was refused: " + s.sign_in_error->code);
    }
  } else if (what == "failed") {
    there = s.phase == Phase::kSignedOut && s.sign_in_error.has_value();
  } else if (what == "ready") {
    const ViewState state = app.state();
    there = state == ViewState::kReady || state == ViewState::kEmpty;
  } else if (what == "idle") {
    there = window.settled() && !s.running && !app.asking();
  } else if (what == "state") {
    if (app.view() == View::kPlugins) {
      const Plugin* plugin = app.selected_plugin();
      there = plugin != nullptr && plugin->state == step.arguments[1] && !s.running;
    } else {
      there = app.dump()["state"] == step.arguments[1];
    }
  } else {
    there = (now_s_ - started_s_) * 1000 >= std::stod(what);
  }
  waiting_for_ = "waited for " + step.rest;
  return there ? Progress::kNext : Progress::kWait;
}

}  // namespace qc::console
