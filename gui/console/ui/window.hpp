// One window: GLFW, OpenGL 3, ImGui, the font atlas; draws only what changed.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "gui/console/ui/fonts.hpp"
#include "gui/console/ui/ui.hpp"

struct GLFWwindow;

namespace qc::console {

struct WindowOptions {
  std::string title;
  int width = 1280, height = 800;
  float scale = 0;  ///< 0 = what the monitor asks for
  std::string font;
};

/// Thread contract: the main thread, except wake().
class Window {
 public:
  /// Errors: "window.no_display", "window.no_opengl", "font.*".
  static Result<std::unique_ptr<Window>> open(const WindowOptions& options);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  bool closing() const;
  /// Sleeps until an event, wake(), or the timeout; at once when the picture still moves.
  void wait(double idle_seconds);
  /// Any thread: ends wait().
  static void wake();

  /// Builds missing glyphs, runs `draw` within a frame, and shows it when it differs from what is
  /// on screen. Error: "font.unreadable".
  Status frame(AppModel& app, const std::function<void(Ui&)>& draw);
  /// The last frames were all alike: nothing is moving.
  bool settled() const { return unchanged_ >= 3; }
  std::uint64_t frames_shown() const { return shown_; }
  Ui& ui() { return *ui_; }
  float scale() const { return scale_; }
  std::size_t atlas_bytes() const;
  double atlas_seconds() const { return atlas_seconds_; }

  /// Writes what the last frame drew. Error: "screenshot.io".
  Status screenshot(const std::filesystem::path& file);

  /// From now on the pointer is the script's: the display's own is ignored.
  void script_pointer() { scripted_ = true; }
  /// Presses and releases keys as if typed: for scripts.
  void press(int glfw_key, bool control, bool shift);
  void type(std::string_view utf8);
  void click(ImVec2 at);

 private:
  Window() = default;
  Status start(const WindowOptions& options);
  Status build_atlas(const GlyphSet& glyphs);
  std::uint64_t digest() const;
  void play_pointer();

  struct Library;
  struct Destroy {
    void operator()(GLFWwindow* window) const;
  };
  std::unique_ptr<Library> library_;
  std::unique_ptr<GLFWwindow, Destroy> window_;
  std::unique_ptr<Fonts> fonts_;
  std::unique_ptr<Ui> ui_;
  float scale_ = 1;
  bool styled_dark_ = false, styled_ = false;
  std::uint64_t last_digest_ = 0, shown_ = 0;
  int unchanged_ = 0;
  int release_key_ = 0;
  int release_in_ = 0;
  bool scripted_ = false;
  ImVec2 pointer_;
  int pointer_frame_ = 0;
  double atlas_seconds_ = 0;
};

}  // namespace qc::console
