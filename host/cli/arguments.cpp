#include "host/cli/arguments.hpp"

#include <ostream>
#include <unistd.h>

#include <CLI/CLI.hpp>

namespace qc::cli {
namespace {

constexpr const char* kFooter =
    "退出码 exit codes: 0 成功 ok · 1 被规则拒绝 refused or failed · 2 用法 usage · "
    "3 无法连接 unreachable · 4 验证失败 verification failed · 5 本地文件或密钥 local file or key "
    "· "
    "6 账本分叉 a forked ledger";

}  // namespace

struct Command::Context {
  Action chosen;
  RunMode mode;
};

struct Program::Impl {
  CLI::App app{"泉城链命令行 · Quancheng Chain command line", "quancheng"};
  std::shared_ptr<Command::Context> context = std::make_shared<Command::Context>();
};

Command::Command(void* app, std::shared_ptr<Context> context)
    : app_(app), context_(std::move(context)) {}

namespace {
CLI::App& app_of(void* app) { return *static_cast<CLI::App*>(app); }
}  // namespace

Command Command::sub(const std::string& name, const std::string& help, Need need) {
  CLI::App& parent = app_of(app_);
  if (need == Need::kRequired) parent.require_subcommand(1);
  CLI::App* child = parent.add_subcommand(name, help);
  child->add_flag("--json", context_->mode.json, "机器可读输出 · machine-readable output");
  child->set_help_flag("-h,--help", "帮助 · this help");
  return {child, context_};
}

void Command::text(const std::string& names, std::string& target, const std::string& help,
                   Need need) {
  auto* option = app_of(app_).add_option(names, target, help);
  if (need == Need::kRequired) option->required();
}

void Command::texts(const std::string& names, std::vector<std::string>& target,
                    const std::string& help, Need need) {
  auto* option = app_of(app_).add_option(names, target, help);
  if (need == Need::kRequired) option->required();
}

void Command::number(const std::string& names, std::int64_t& target, const std::string& help,
                     std::int64_t min, std::int64_t max) {
  app_of(app_).add_option(names, target, help)->check(CLI::Range(min, max))->capture_default_str();
}

void Command::flag(const std::string& names, bool& target, const std::string& help) {
  app_of(app_).add_flag(names, target, help);
}

void Command::environment(const std::string& option, const std::string& variable) {
  app_of(app_).get_option(option)->envname(variable);
}

void Command::action(Action action) {
  auto context = context_;
  // The innermost command comes first, and is the one that was meant.
  app_of(app_).callback([context, action = std::move(action)] {
    if (!context->chosen) context->chosen = action;
  });
}

Program::Program() : impl_(std::make_unique<Impl>()) {
  impl_->app.set_help_flag("-h,--help", "帮助 · this help");
  impl_->app.footer(kFooter);
  impl_->app.add_flag("--json", impl_->context->mode.json,
                      "机器可读输出 · machine-readable output");
  impl_->context->mode.terminal = ::isatty(STDOUT_FILENO) == 1;
}

Program::~Program() = default;

Command Program::root() { return {&impl_->app, impl_->context}; }

const RunMode& Program::mode() const { return impl_->context->mode; }

int Program::run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants
    impl_->app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      impl_->app.exit(error, out, err);
      return kOk;
    }
    err << line_of(invalid("usage.invalid", error.what())) << "\n"
        << "帮助 help: quancheng --help\n";
    return kUsage;
  }
  if (!impl_->context->chosen) return kUsage;
  const Result<Output> result = impl_->context->chosen();
  const bool json = impl_->context->mode.json;
  if (!result.ok()) {
    err << line_of(result.error()) << std::endl;
    if (json) out << problem_of(result.error()).dump() << std::endl;
    return exit_of(result.error());
  }
  if (json) {
    out << result.value().json.dump() << std::endl;
  } else {
    out << result.value().text << std::flush;
  }
  return result.value().exit;
}

}  // namespace qc::cli
