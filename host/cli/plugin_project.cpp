// quancheng plugin new, quancheng plugin build: a project outside of the tree, from the template to
// a package.
#include <algorithm>
#include <array>
#include <system_error>

#include "host/cli/plugin_command.hpp"
#include "host/cli/process.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "sdk/base/files.hpp"

namespace qc::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kBuildTimeoutMs = 30 * 60 * 1000;
constexpr std::size_t kShownOutput = 4000;

/// The folder that holds bin/ with this program: an installed prefix or a build folder.
fs::path own_prefix() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path().parent_path();
}

struct NewOptions {
  std::string id, kind = "department", dir, owner, code;
};

bool is_plugin_id(const std::string& id) {
  const bool plain = std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  return plain && !id.empty() && id.size() <= 48 && id.front() >= 'a' && id.front() <= 'z';
}

/// "housing_fund" -> "HousingFund"
std::string class_of(const std::string& id) {
  std::string out;
  bool capital = true;
  for (const char c : id) {
    if (c == '_') {
      capital = true;
      continue;
    }
    out += capital && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    capital = false;
  }
  return out;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
}

/// What the template's words stand for (samples/plugin-template/README.md).
std::string filled(std::string text, const NewOptions& options) {
  replace_all(text, "my_plugin", options.id);
  replace_all(text, "MyPlugin", class_of(options.id));
  replace_all(text, "my-owner", options.owner);
  replace_all(text, "\"my.", "\"" + options.code + ".");
  return text;
}

Status complete(NewOptions& options) {
  if (options.kind != "department" && options.kind != "product") {
    return invalid("usage.invalid", "department or product", "--kind");
  }
  if (!is_plugin_id(options.id)) {
    return invalid("usage.invalid", "a-z, 0-9 and '_', beginning with a letter", "id");
  }
  if (options.owner.empty()) {
    options.owner = options.id;
    std::replace(options.owner.begin(), options.owner.end(), '_', '-');
  }
  if (options.code.empty()) {
    std::copy_if(options.id.begin(), options.id.end(), std::back_inserter(options.code),
                 [](char c) { return c >= 'a' && c <= 'z'; });
    options.code.resize(std::min<std::size_t>(options.code.size(), 16));
  }
  if (options.dir.empty()) options.dir = options.id;
  return {};
}

Result<Output> make_project(NewOptions options) {
  QC_TRY(complete(options));
  const fs::path from = own_prefix() / "share" / "quancheng" / "plugin-template" / options.kind;
  const fs::path to = options.dir;
  std::error_code failure;
  if (fs::exists(to, failure) && !fs::is_empty(to, failure)) {
    return conflict("package.exists", "the folder is not empty; nothing was changed")
        .at(to.string());
  }
  fs::create_directories(to, failure);
  if (failure) return unavailable("file.io", "cannot make " + to.string());
  Output output;
  output.json = {{"dir", to.string()}, {"files", Json::array()}};
  output.text = "✓ 插件工程 project: " + to.string() + "\n";
  const std::array<std::pair<const char*, std::string>, 3> files{{
      {"CMakeLists.txt", "CMakeLists.txt"},
      {"plugin.json", "plugin.json"},
      {"my_plugin.cpp", options.id + ".cpp"},
  }};
  for (const auto& [name, target] : files) {
    QC_ASSIGN(const std::string text, read_file(from / name));
    QC_TRY(write_file(to / target, filled(text, options), FileMode::kPublic));
    output.json["files"].push_back(target);
    output.text += line("", target);
  }
  output.text += line("下一步 next", "quancheng plugin build " + to.string());
  return output;
}

struct BuildOptions {
  std::string dir = ".", build, sdk;
};

/// The CMake package beside this program.
Result<fs::path> find_sdk(const std::string& given) {
  const fs::path prefix = own_prefix();
  std::vector<fs::path> places = {prefix / "lib" / "cmake" / "QuanchengSdk", prefix / "sdk"};
  if (!given.empty()) places = {fs::absolute(given)};
  for (const fs::path& place : places) {
    std::error_code ignored;
    if (fs::exists(place / "QuanchengSdkConfig.cmake", ignored)) return place;
  }
  return not_found("build.no_sdk", "there is no QuanchengSdkConfig.cmake: give --sdk")
      .at(places.front().string());
}

Status run_step(const std::vector<std::string>& argv) {
  QC_ASSIGN(const Finished done, run_process(argv, {}, kBuildTimeoutMs));
  if (done.exit_code == 0) return {};
  std::string said = done.out + done.err;
  if (said.size() > kShownOutput) said = "…" + said.substr(said.size() - kShownOutput);
  return invalid("build.failed", "\n" + said, argv[1] + " " + argv[2]);
}

Result<Output> build(const BuildOptions& options) {
  const fs::path dir = options.dir;
  QC_ASSIGN(const Json description, read_document(dir / "plugin.json"));
  QC_ASSIGN(const fs::path sdk, find_sdk(options.sdk));
  const fs::path build = options.build.empty() ? dir / "build" : fs::path(options.build);
  std::vector<std::string> configure = {"/usr/bin/env",
                                        "cmake",
                                        "-S",
                                        dir.string(),
                                        "-B",
                                        build.string(),
                                        "-DQuanchengSdk_DIR=" + sdk.string(),
                                        "-DCMAKE_BUILD_TYPE=Release"};
  std::error_code ignored;
  if (!fs::exists(build / "CMakeCache.txt", ignored)) {
    configure.insert(configure.end(), {"-G", "Ninja"});
  }
  QC_TRY(run_step(configure));
  QC_TRY(run_step({"/usr/bin/env", "cmake", "--build", build.string()}));
  const fs::path package = build / "plugins" / text_of(description, "plugin");
  QC_ASSIGN(const Json manifest, read_document(package / "manifest.json"));
  Output output;
  output.json = {{"package", package.string()}, {"manifest", manifest}};
  output.text = "✓ 已构建 built: " + package.string() + "\n" +
                line("SM3", text_of(manifest, "digest")) +
                line("下一步 next", "quancheng plugin check " + package.string());
  return output;
}

}  // namespace

void add_plugin_project(Command group) {
  auto options = std::make_shared<NewOptions>();
  Command command = group.sub("new", "新建插件工程 · write a project from the template");
  command.text("id", options->id, "插件标识 · id, a-z 0-9 _", Need::kRequired);
  command.text("--kind", options->kind, "类别 · department or product");
  command.text("--dir", options->dir, "目录 · folder, absent or empty; default: ./<id>");
  command.text("--owner", options->owner, "所属成员 · the publisher's account");
  command.text("--code", options->code, "目录前缀(部门) · item prefix of the department");
  command.action([options] { return make_project(*options); });

  auto built = std::make_shared<BuildOptions>();
  Command building = group.sub("build", "构建 · configure and build against the installed SDK");
  building.text("dir", built->dir, "工程目录 · folder of the project; default: .");
  building.text("--build-dir", built->build, "构建目录 · default: <dir>/build");
  building.text("--sdk", built->sdk, "SDK 目录 · folder of QuanchengSdkConfig.cmake");
  building.action([built] { return build(*built); });
}

}  // namespace qc::cli
