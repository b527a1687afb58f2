// The runner's end of the control socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/plugin/runner/wire.hpp"

namespace qc::runner {

namespace wire = plugin::wire;

/// What the host sends first, checked.
struct Setup {
  wire::Setup header;
  std::vector<std::string> paths;      ///< files and folders that the plugin may read
  std::vector<std::string> libraries;  ///< of the system, that the plugin needs
};

/// False when the host is gone or of another build.
bool read_setup(Setup& setup);

/// One message, whole or not at all; text beyond kMaxTextBytes is cut. Any thread; safe inside a
/// signal handler. `wait` = false: dropped when the host does not keep up.
bool send_control(wire::Control kind, std::uint32_t number, std::string_view text, bool wait);

/// Next message of the host: kPing or kStop; nothing when none can come any more.
std::optional<wire::Control> next_control();

}  // namespace qc::runner
