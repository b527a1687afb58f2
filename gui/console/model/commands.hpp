// The command palette: everything that can be done now, found by typing.
#pragma once

#include <string>
#include <vector>

#include "gui/console/model/messages.hpp"

namespace qc::console {

struct Command {
  enum class Kind {
    kGo,  ///< argument: view name
    kLanguage,
    kTheme,
    kRefresh,
    kSearch,
    kSignOut,
    kLoad,  ///< argument: plugin
    kDrain,
    kStop,
    kMember,  ///< argument: account
    kTrace,   ///< argument: account
    kCopy,    ///< argument: text
  };
  Kind kind = Kind::kRefresh;
  std::string argument;
  std::string label;
  std::string shortcut;  ///< "Ctrl+1", or ""
};

/// Commands whose label, shortcut or argument holds every word of `typed`, best first; at most 50.
/// A typed subject account ("p-…") offers to trace it.
std::vector<Command> find_commands(const Snapshot& snapshot, std::string_view typed, Lang lang);

}  // namespace qc::console
