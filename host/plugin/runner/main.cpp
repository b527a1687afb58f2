// quancheng-plugin-runner: one plugin in a process of its own. Started by the host alone.
#include <malloc.h>
#include <unistd.h>

#include "host/plugin/runner/channel.hpp"
#include "host/plugin/runner/confine.hpp"
#include "host/plugin/runner/instance.hpp"
#include "host/plugin/runner/lanes.hpp"
#include "host/plugin/runner/syscall_filter.hpp"

namespace qc::runner {
namespace {

int refuse(wire::Refusal kind, std::string_view why) {
  send_control(wire::Control::kRefused, static_cast<std::uint32_t>(kind), why, true);
  return 1;
}

int run() {
  Setup setup;
  if (!read_setup(setup)) {
    return refuse(wire::Refusal::kConfinement, "the runner and the host are of different builds");
  }
  // Each thread's own arena would reserve 64 MiB of the address space that is limited below.
  mallopt(M_ARENA_MAX, 2);
  int landlock_version = 0;
  if (const std::string fault = confine(setup, landlock_version); !fault.empty()) {
    return refuse(wire::Refusal::kConfinement, fault);
  }
  if (const std::string fault = install_syscall_filter(); !fault.empty()) {
    return refuse(wire::Refusal::kConfinement, fault);
  }
  // From here on code of the plugin runs.
  static Instance instance;  // outlives the lanes, which end with the process
  LoadFault fault;
  if (!instance.load(fault)) return refuse(fault.kind, fault.message);
  if (!start_lanes(instance, setup.header.lanes, setup.header.max_answer_bytes)) {
    return refuse(wire::Refusal::kLoadFailed, "no threads for its calls");
  }
  send_control(wire::Control::kReady, static_cast<std::uint32_t>(landlock_version), {}, true);
  for (;;) {
    const auto word = next_control();
    if (!word) return wire::kLostHost;
    if (*word == wire::Control::kStop) break;
    send_control(wire::Control::kPong, 0, {}, true);
  }
  instance.destroy();
  return 0;
}

}  // namespace
}  // namespace qc::runner

// _exit: exit handlers and destructors that the plugin left behind do not run.
int main() { _exit(qc::runner::run()); }
