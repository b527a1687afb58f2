#include "gui/console/ui/window.hpp"

#include <backends/imgui_impl_glfw.h>
#include <backends/imgui_impl_opengl3.h>
#include <cstring>
#include <fstream>
#include <stb/stb_image_write.h>

#include <GLFW/glfw3.h>
#include <imgui_internal.h>

namespace qc::console {

/// GLFW and ImGui, ended in the reverse order.
struct Window::Library {
  bool glfw = false, platform = false, renderer = false;
  Library() = default;
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() {
    if (glfw) glfwTerminate();
  }
};

void Window::Destroy::operator()(GLFWwindow* window) const { glfwDestroyWindow(window); }

Result<std::unique_ptr<Window>> Window::open(const WindowOptions& options) {
  std::unique_ptr<Window> out(new Window);
  QC_TRY(out->start(options));
  return out;
}

Status Window::start(const WindowOptions& options) {
  QC_ASSIGN(const FontFiles files, find_fonts(options.font));
  QC_ASSIGN(fonts_, Fonts::open(files));
  library_ = std::make_unique<Library>();
  if (glfwInit() != GLFW_TRUE) {
    return unavailable("window.no_display",
                       "no display: set DISPLAY, or run under a virtual one with xvfb-run",
                       Side::kClient);
  }
  library_->glfw = true;
  glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 2);
  glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
  glfwWindowHint(GLFW_OPENGL_FORWARD_COMPAT, GLFW_TRUE);
  if (options.scale <= 0) glfwWindowHint(GLFW_SCALE_TO_MONITOR, GLFW_TRUE);
  const float given = options.scale > 0 ? options.scale : 1;
  window_.reset(glfwCreateWindow(static_cast<int>(static_cast<float>(options.width) * given),
                                 static_cast<int>(static_cast<float>(options.height) * given),
                                 options.title.c_str(), nullptr, nullptr));
  if (!window_) {
    return unavailable("window.no_opengl",
                       "no OpenGL 3.2; LIBGL_ALWAYS_SOFTWARE=1 draws without it", Side::kClient);
  }
  glfwSetWindowSizeLimits(window_.get(), static_cast<int>(960 * given),
                          static_cast<int>(600 * given), GLFW_DONT_CARE, GLFW_DONT_CARE);
  glfwMakeContextCurrent(window_.get());
  glfwSwapInterval(1);
  scale_ = options.scale;
  if (scale_ <= 0) glfwGetWindowContentScale(window_.get(), &scale_, nullptr);
  IMGUI_CHECKVERSION();
  ImGui::CreateContext();
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.LogFilename = nullptr;
  // A caret that blinks would redraw an idle window for ever.
  io.ConfigInputTextCursorBlink = false;
  library_->platform = ImGui_ImplGlfw_InitForOpenGL(window_.get(), true);
  library_->renderer = ImGui_ImplOpenGL3_Init("#version 150");
  if (!library_->renderer) return unavailable("window.no_opengl", "OpenGL cannot be started");
  ui_ = std::make_unique<Ui>(*fonts_);
  return build_atlas({});
}

Window::~Window() {
  if (library_ && library_->renderer) ImGui_ImplOpenGL3_Shutdown();
  if (library_ && library_->platform) ImGui_ImplGlfw_Shutdown();
  if (ImGui::GetCurrentContext() != nullptr) ImGui::DestroyContext();
  window_.reset();
}

bool Window::closing() const { return glfwWindowShouldClose(window_.get()) == GLFW_TRUE; }

void Window::wait(double idle_seconds) {
  if (!settled() || ui_->animating()) {
    glfwWaitEventsTimeout(1.0 / 60);
  } else {
    glfwWaitEventsTimeout(idle_seconds);
    unchanged_ = 1;  // two more frames at least: ImGui takes one to react
  }
}

void Window::wake() { glfwPostEmptyEvent(); }

Status Window::build_atlas(const GlyphSet& glyphs) {
  const double start = glfwGetTime();
  ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
  QC_TRY(fonts_->build(atlas, scale_, glyphs));
  ImGui_ImplOpenGL3_DestroyFontsTexture();
  if (!ImGui_ImplOpenGL3_CreateFontsTexture()) {
    return unavailable("window.no_opengl", "the font texture was not accepted");
  }
  atlas_seconds_ = glfwGetTime() - start;
  return {};
}

std::size_t Window::atlas_bytes() const {
  const ImFontAtlas& atlas = *ImGui::GetIO().Fonts;
  return static_cast<std::size_t>(atlas.TexWidth) * static_cast<std::size_t>(atlas.TexHeight) * 4;
}

/// A fingerprint of everything that would be drawn (FNV-1a over words).
std::uint64_t Window::digest() const {
  std::uint64_t hash = 14695981039346656037ULL;
  const auto mix = [&hash](const void* data, std::size_t size) {
    const auto* at = static_cast<const unsigned char*>(data);
    for (; size >= 8; at += 8, size -= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, at, 8);
      hash = (hash ^ word) * 1099511628211ULL;
      hash ^= hash >> 29U;
    }
    for (; size > 0; ++at, --size) hash = (hash ^ *at) * 1099511628211ULL;
  };
  const ImDrawData& data = *ImGui::GetDrawData();
  mix(&data.DisplaySize, sizeof data.DisplaySize);
  for (int i = 0; i < data.CmdListsCount; ++i) {
    const ImDrawList& list = *data.CmdLists[i];
    mix(list.VtxBuffer.Data, static_cast<std::size_t>(list.VtxBuffer.size_in_bytes()));
    mix(list.IdxBuffer.Data, static_cast<std::size_t>(list.IdxBuffer.size_in_bytes()));
    for (const ImDrawCmd& command : list.CmdBuffer) {
      mix(&command.ClipRect, sizeof command.ClipRect);
    }
  }
  return hash;
}

Status Window::frame(AppModel& app, const std::function<void(Ui&)>& draw) {
  const GlyphSet wanted = *app.snapshot().glyphs | ui_->typed();
  if (!fonts_->built_for(wanted)) QC_TRY(build_atlas(wanted));
  if (!styled_ || styled_dark_ != app.preferences.dark) {
    styled_ = true;
    styled_dark_ = app.preferences.dark;
    apply_style(palette(styled_dark_), scale_);
  }
  ImGui_ImplOpenGL3_NewFrame();
  ImGui_ImplGlfw_NewFrame();
  ImGuiIO& io = ImGui::GetIO();
  if (scripted_) play_pointer();
  ImGui::NewFrame();
  ImGui::PushFont(ui_->font(Face::kBody));
  KeyState keys;
  keys.tab = ImGui::IsKeyPressed(GLFW_KEY_TAB);
  keys.enter =
      ImGui::IsKeyPressed(GLFW_KEY_ENTER, false) || ImGui::IsKeyPressed(GLFW_KEY_KP_ENTER, false);
  keys.space = ImGui::IsKeyPressed(GLFW_KEY_SPACE, false);
  keys.shift = io.KeyShift;
  ui_->begin_frame(app, scale_, keys);
  draw(*ui_);
  ui_->end_frame();
  ImGui::PopFont();
  ImGui::Render();
  const std::uint64_t now = digest();
  if (now == last_digest_) {
    ++unchanged_;
  } else {
    int width = 0;
    int height = 0;
    glfwGetFramebufferSize(window_.get(), &width, &height);
    glViewport(0, 0, width, height);
    glClearColor(0, 0, 0, 1);
    glClear(GL_COLOR_BUFFER_BIT);
    ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
    glfwSwapBuffers(window_.get());
    last_digest_ = now;
    unchanged_ = 0;
    ++shown_;
  }
  if (release_in_ > 0 && --release_in_ == 0) {
    for (const int key : {release_key_, GLFW_KEY_LEFT_CONTROL, GLFW_KEY_LEFT_SHIFT}) {
      ImGui_ImplGlfw_KeyCallback(window_.get(), key, 0, GLFW_RELEASE, 0);
    }
  }
  return {};
}

Status Window::screenshot(const std::filesystem::path& file) {
  int width = 0;
  int height = 0;
  glfwGetFramebufferSize(window_.get(), &width, &height);
  glViewport(0, 0, width, height);
  glClear(GL_COLOR_BUFFER_BIT);
  // Drawn once more into the back buffer: after a swap its content is undefined.
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
  glFinish();
  const auto stride = static_cast<std::size_t>(width) * 3;
  std::vector<unsigned char> pixels(stride * static_cast<std::size_t>(height));
  glPixelStorei(GL_PACK_ALIGNMENT, 1);
  glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE, pixels.data());
  std::vector<unsigned char> rows(pixels.size());
  for (int y = 0; y < height; ++y) {
    std::memcpy(rows.data() + static_cast<std::size_t>(y) * stride,
                pixels.data() + static_cast<std::size_t>(height - 1 - y) * stride, stride);
  }
  std::string png;
  stbi_write_png_to_func(
      [](void* out, void* data, int size) {
        static_cast<std::string*>(out)->append(static_cast<const char*>(data),
                                               static_cast<std::size_t>(size));
      },
      &png, width, height, 3, rows.data(), static_cast<int>(stride));
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(png.data(), static_cast<std::streamsize>(png.size()));
  out.close();
  if (png.empty() || !out) return internal("screenshot.io", "cannot write " + file.string());
  return {};
}

void Window::press(int glfw_key, bool control, bool shift) {
  GLFWwindow* w = window_.get();
  if (control) ImGui_ImplGlfw_KeyCallback(w, GLFW_KEY_LEFT_CONTROL, 0, GLFW_PRESS, 0);
  if (shift) ImGui_ImplGlfw_KeyCallback(w, GLFW_KEY_LEFT_SHIFT, 0, GLFW_PRESS, 0);
  ImGui_ImplGlfw_KeyCallback(w, glfw_key, 0, GLFW_PRESS, 0);
  release_key_ = glfw_key;
  release_in_ = 1;
  unchanged_ = 0;
}

void Window::type(std::string_view utf8) {
  const std::string text(utf8);
  for (const char* at = text.c_str(); *at != '\0';) {
    unsigned int c = 0;
    at += ImTextCharFromUtf8(&c, at, nullptr);
    ImGui_ImplGlfw_CharCallback(window_.get(), c);
  }
  unchanged_ = 0;
}

void Window::click(ImVec2 at) {
  pointer_ = at;
  pointer_frame_ = 4;
  unchanged_ = 0;
}

/// The pointer arrives, goes down, comes up and leaves, a frame each; else it is nowhere, so that
/// pictures do not depend on where the display's pointer happens to rest.
void Window::play_pointer() {
  ImGuiIO& io = ImGui::GetIO();
  const bool there = pointer_frame_ > 0;
  io.MousePos = there ? pointer_ : ImVec2(-FLT_MAX, -FLT_MAX);
  io.MouseDown[0] = pointer_frame_ == 3;
  if (there) --pointer_frame_;
}

}  // namespace qc::console
