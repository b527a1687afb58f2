// Command line of the program `quancheng`: commands, options, help. The only place that knows the
// parser library (CLI11), which is costly to compile.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "host/cli/errors.hpp"
#include "sdk/base/json.hpp"
#include "sdk/base/result.hpp"

namespace qc::cli {

/// What a command gives back: one document for --json, one text for people.
struct Output {
  Json json = Json::object();
  std::string text;
  Exit exit = kOk;
};

using Action = std::function<Result<Output>()>;

/// How a command runs beside its own options.
struct RunMode {
  bool json = false;      ///< --json was given
  bool terminal = false;  ///< standard output is a terminal
};

enum class Need { kOptional, kRequired };

/// A command or a group of commands. A handle: copies mean the same command. Targets of options
/// must live until Program::run ends; actions keep them alive by capturing them.
class Command {
 public:
  /// `help` holds both languages: "中文 · English". A group runs nothing by itself, unless all of
  /// its commands are kOptional.
  Command sub(const std::string& name, const std::string& help, Need need = Need::kRequired);
  void text(const std::string& names, std::string& target, const std::string& help,
            Need need = Need::kOptional);
  void texts(const std::string& names, std::vector<std::string>& target, const std::string& help,
             Need need = Need::kOptional);
  void number(const std::string& names, std::int64_t& target, const std::string& help,
              std::int64_t min, std::int64_t max);
  void flag(const std::string& names, bool& target, const std::string& help);
  /// The option's value may also come from this environment variable.
  void environment(const std::string& option, const std::string& variable);
  /// Runs when this command is the one chosen.
  void action(Action action);

 private:
  friend class Program;
  struct Context;
  Command(void* app, std::shared_ptr<Context> context);
  void* app_;
  std::shared_ptr<Context> context_;
};

class Program {
 public:
  Program();
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  Command root();
  const RunMode& mode() const;
  /// Parses, runs the chosen action, prints its output to `out` and an error to `err` as
  /// "code: message (field)" (with --json also as a document to `out`). Returns the exit code.
  int run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace qc::cli
