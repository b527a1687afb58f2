// The running console: session, model, window and script put together.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gui/console/model/app_model.hpp"
#include "gui/console/model/script.hpp"
#include "gui/console/ui/window.hpp"

namespace qc::console {

struct AppOptions {
  WindowOptions window;
  Preferences preferences;
  std::filesystem::path preferences_file;  ///< "" = remember nothing
  SignInRequest sign_in;
  bool sign_in_at_once = false;  ///< the request is complete
  View view = View::kOverview;
  std::vector<Step> script;
  bool scripted = false;  ///< end when the script is done
  double step_timeout_s = 20;
  std::int64_t poll_ms = 5'000;
  bool print_figures = false;  ///< at the end: frames, atlas, time of processor
};

/// Runs until the window is closed or the script has ended. Errors: "window.*", "font.*",
/// "script.failed". Call on the main thread.
Status run_console(Connect connect, const AppOptions& options);

}  // namespace qc::console
