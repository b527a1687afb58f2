// A list of interface actions, one a line, for tests and for making pictures.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sdk/base/result.hpp"

namespace qc::console {

/// One line. The steps and their arguments:
///   view NAME               go to a view and wait until its data is there
///   select KEY              select a row (account, plugin, index or transaction)
///   filter [TEXT…]          filter the table of the view
///   trace ACCOUNT           read and check a subject's trace
///   tab flows|subject       the two halves of the trace view
///   click NAME              press a control by its name
///   action load|drain|stop  press that button of the selected plugin
///   confirm | cancel        answer the open question
///   key CHORD               press keys, e.g. "ctrl+k", "down", "enter"
///   type TEXT…              type into the focused field
///   lang zh|en, theme light|dark
///   wait ready | wait state STATE | wait signed-in | wait failed | wait idle | wait MILLISECONDS
///   screenshot FILE         write the next frame as PNG
///   dump FILE               write what the view shows as JSON
struct Step {
  int line = 0;
  std::string name;
  std::vector<std::string> arguments;
  std::string rest;  ///< everything after the name
};

/// Blank lines and lines that start with "#" are skipped. Errors: "script.unknown_step",
/// "script.bad_argument" (both name the line).
Result<std::vector<Step>> parse_script(std::string_view text);
/// Errors: "script.io" and those of parse_script.
Result<std::vector<Step>> load_script(const std::filesystem::path& file);

}  // namespace qc::console
