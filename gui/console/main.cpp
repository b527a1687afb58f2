// quancheng-console: the operator's desktop console.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include <CLI/CLI.hpp>

#include "gui/console/host_api.hpp"
#include "gui/console/ui/app.hpp"

namespace qc::console {
namespace {

struct Arguments {
  std::string url, key, passphrase_file, trust, ca_file, profile;
  std::string lang, theme, view = "overview", geometry = "1280x800", font;
  std::string screenshot, script, config;
  std::string trace, select;
  double scale = 0;
  double timeout_s = 20;
  bool no_config = false, figures = false;
};

void declare(CLI::App& app, Arguments& a) {
  app.add_option("--url", a.url, "主机地址 / host URL, e.g. http://127.0.0.1:8440");
  app.add_option("--profile", a.profile,
                 "命令行的配置 / profile of the command line: url, key, passphrase file, host key");
  app.add_option("--key", a.key, "密钥文件 / key file (encrypted PKCS#8 PEM)");
  app.add_option("--passphrase-file", a.passphrase_file,
                 "口令文件 / file with the passphrase (mode 0600); signs in at once");
  app.add_option("--trust", a.trust,
                 "固定主机公钥 / JSON {\"chain\",\"host_jwk\"}: pin network and host key");
  app.add_option("--ca-file", a.ca_file, "https 根证书 / root certificates for https (PEM)");
  app.add_option("--lang", a.lang, "语言 / language")->check(CLI::IsMember({"zh", "en"}));
  app.add_option("--theme", a.theme, "主题 / theme")->check(CLI::IsMember({"light", "dark"}));
  app.add_option("--view", a.view, "起始页面 / first view")
      ->capture_default_str()
      ->check(CLI::IsMember({"sign-in", "overview", "members", "plugins", "trace"}));
  app.add_option("--select", a.select, "选中的行 / row to select: account, plugin or index");
  app.add_option("--trace", a.trace, "追溯的主体 / subject account to trace");
  app.add_option("--screenshot", a.screenshot,
                 "写出 PNG 后退出 / write a picture once the view is ready, then exit");
  app.add_option("--script", a.script, "动作脚本 / file of interface actions, then exit");
  app.add_option("--step-timeout", a.timeout_s, "每步的秒数 / seconds that one step may take")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 600.0));
  app.add_option("--geometry", a.geometry, "窗口大小 / window size")->capture_default_str();
  app.add_option("--scale", a.scale, "界面比例 / interface scale, 0 = as the monitor says")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 4.0));
  app.add_option("--font", a.font, "字体 / font file, or file:index");
  app.add_option("--config", a.config, "偏好文件 / preferences file");
  app.add_flag("--no-config", a.no_config, "不读写偏好 / neither read nor write preferences");
  app.add_flag("--figures", a.figures, "结束时打印绘制数据 / print drawing figures at the end");
}

/// "1280x800" into the window's options. Error: "argument.geometry".
Status read_geometry(const std::string& text, WindowOptions& window) {
  int width = 0;
  int height = 0;
  int used = 0;
  const int found = std::sscanf(text.c_str(), "%dx%d%n", &width, &height, &used);
  if (found != 2 || static_cast<std::size_t>(used) != text.size() || width < 640 || height < 480 ||
      width > 16384 || height > 16384) {
    return invalid("argument.geometry", "expected WIDTHxHEIGHT from 640x480, as in 1280x800",
                   "--geometry");
  }
  window.width = width;
  window.height = height;
  return {};
}

/// Fills what was not given from a profile of `quancheng`; its paths are relative to it.
Status read_profile(Arguments& a) {
  if (a.profile.empty()) return {};
  std::ifstream in(a.profile);
  if (!in) return not_found("argument.profile", "cannot read " + a.profile).at("--profile");
  std::stringstream text;
  text << in.rdbuf();
  QC_ASSIGN(const Json json, parse_json(text.str()));
  const JsonReader reader(json);
  const std::filesystem::path folder = std::filesystem::path(a.profile).parent_path();
  if (a.url.empty()) {
    QC_ASSIGN(a.url, reader.text("url", 512));
  }
  if (a.key.empty()) {
    QC_ASSIGN(const std::string key, reader.text("key", 4096));
    a.key = (folder / key).lexically_normal().string();
  }
  if (a.passphrase_file.empty()) {
    QC_ASSIGN(const std::string file, reader.text_or_empty("passphrase_file", 4096));
    if (!file.empty()) a.passphrase_file = (folder / file).lexically_normal().string();
  }
  if (a.trust.empty() && reader.has("host_jwk")) a.trust = a.profile;
  return {};
}

/// The steps that --view, --select, --trace and --screenshot stand for.
std::string steps_of(const Arguments& a) {
  if (a.view == "sign-in") return "screenshot " + a.screenshot + "\n";
  std::string out = "wait signed-in\nview " + a.view + "\n";
  if (!a.trace.empty()) out += "trace " + a.trace + "\n";
  if (!a.select.empty()) out += "select " + a.select + "\n";
  return out + "wait ready\nscreenshot " + a.screenshot + "\n";
}

Result<AppOptions> options_of(Arguments a) {
  AppOptions out;
  QC_TRY(read_profile(a));
  QC_TRY(read_geometry(a.geometry, out.window));
  out.window.scale = static_cast<float>(a.scale);
  out.window.font = a.font;
  out.step_timeout_s = a.timeout_s;
  out.print_figures = a.figures;
  if (!a.no_config) {
    out.preferences_file =
        a.config.empty() ? default_preferences_file() : std::filesystem::path(a.config);
    out.preferences = load_preferences(out.preferences_file);
  }
  if (!a.lang.empty()) out.preferences.lang = *lang_from(a.lang);
  if (!a.theme.empty()) out.preferences.dark = a.theme == "dark";
  out.window.title = std::string(tr(Text::kProduct, out.preferences.lang)) + " · " +
                     tr(Text::kConsole, out.preferences.lang);
  out.sign_in.url = a.url;
  out.sign_in.key_file = a.key;
  out.sign_in.passphrase_file = a.passphrase_file;
  out.sign_in.trust_file = a.trust;
  out.sign_in.ca_file = a.ca_file;
  out.sign_in_at_once = !a.passphrase_file.empty() && a.view != "sign-in";
  out.view = view_from(a.view).value_or(View::kOverview);
  if (!a.script.empty()) {
    QC_ASSIGN(out.script, load_script(a.script));
  } else if (!a.screenshot.empty()) {
    QC_ASSIGN(out.script, parse_script(steps_of(a)));
  }
  out.scripted = !out.script.empty();
  return out;
}

int run(int argc, char** argv) {
  CLI::App app("泉城链运营控制台 / Quancheng Chain operations console");
  Arguments arguments;
  declare(app, arguments);
  CLI11_PARSE(app, argc, argv);
  const auto options = options_of(arguments);
  const Status ended = options.ok() ? run_console(connect_to_host, *options) : options.error();
  if (ended.ok()) return 0;
  const Error& error = ended.error();
  std::cerr << "quancheng-console: " << error.code << ": " << error.message
            << (error.field.empty() ? "" : " (" + error.field + ")") << "\n";
  return error.code == "script.failed" ? 3 : 2;
}

}  // namespace
}  // namespace qc::console

int main(int argc, char** argv) {
  try {
    return qc::console::run(argc, argv);
  } catch (const std::exception& failure) {
    std::cerr << "quancheng-console: " << failure.what() << "\n";
    return 2;
  }
}
