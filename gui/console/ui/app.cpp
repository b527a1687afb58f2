#include "gui/console/ui/app.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>

#include <GLFW/glfw3.h>

#include "gui/console/ui/runner.hpp"
#include "gui/console/ui/views.hpp"

namespace qc::console {
namespace {

std::int64_t wall_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

void print_figures(const Window& window, double seconds, double processor_s) {
  std::printf("frames shown %llu; atlas %.1f MiB in %.0f ms; processor %.2f %% of %.1f s\n",
              static_cast<unsigned long long>(window.frames_shown()),
              static_cast<double>(window.atlas_bytes()) / 1048576.0, window.atlas_seconds() * 1000,
              100 * processor_s / seconds, seconds);
}

Status loop(Window& window, AppModel& app, const AppOptions& options) {
  ScriptRunner runner(options.script, options.step_timeout_s);
  if (options.scripted) window.script_pointer();
  while (!window.closing()) {
    app.update(wall_ms());
    QC_TRY(window.frame(app, [&app](Ui& ui) { draw_app(ui, app); }));
    if (app.preferences_changed) {
      app.preferences_changed = false;
      // A preference that cannot be kept must not disturb the work.
      (void)save_preferences(options.preferences_file, app.preferences);
    }
    if (options.scripted) {
      app.update(wall_ms());
      const auto state = runner.step(window, app, glfwGetTime());
      if (state == ScriptRunner::State::kFailed) {
        return internal("script.failed", runner.failure());
      }
      if (state == ScriptRunner::State::kDone) return {};
    }
    window.wait(options.scripted ? 0.05 : 1.0);
  }
  return {};
}

}  // namespace

Status run_console(Connect connect, const AppOptions& options) {
  QC_ASSIGN(const std::unique_ptr<Window> window, Window::open(options.window));
  Session session({.connect = std::move(connect),
                   .wake = [] { Window::wake(); },
                   .now_ms = wall_ms,
                   .poll_ms = options.poll_ms});
  AppModel app(session, options.preferences);
  app.form.request = options.sign_in;
  if (app.form.request.url.empty()) app.form.request.url = options.preferences.url;
  if (app.form.request.key_file.empty()) app.form.request.key_file = options.preferences.key_file;
  app.form.by_file = !options.sign_in.passphrase_file.empty();
  app.go(options.view);
  if (options.sign_in_at_once) app.sign_in();
  const double start = glfwGetTime();
  const std::clock_t before = std::clock();
  Status ended = loop(*window, app, options);
  if (options.print_figures) {
    print_figures(*window, glfwGetTime() - start,
                  static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC);
  }
  return ended;
}

}  // namespace qc::console
