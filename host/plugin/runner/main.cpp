// quancheng-plugin-runner: one plugin in a process of its own. Started by the host alone.
#include <csignal>
#include <dlfcn.h>
#include <iconv.h>
#include <malloc.h>
#include <unistd.h>

#include "host/plugin/runner/channel.hpp"
#include "host/plugin/runner/confine.hpp"
#include "host/plugin/runner/instance.hpp"
#include "host/plugin/runner/lanes.hpp"
#include "host/plugin/runner/outbound.hpp"
#include "host/plugin/runner/syscall_filter.hpp"
#include "host/plugin/runner/threads.hpp"

namespace qc::runner {
namespace {

int refuse(wire::Refusal kind, std::string_view why) {
  send_control(wire::Control::kRefused, static_cast<std::uint32_t>(kind), why, true);
  return 1;
}

/// What a plugin could not load any more once it is confined. These are the system's own files,
/// found by their names alone; a path is not taken.
std::string preload(const Setup& setup) {
  for (const std::string& name : setup.libraries) {
    if (name.find('/') != std::string::npos) return name + " is no name of a library";
    if (dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) == nullptr) {
      return "the library " + name + " is not on this machine";
    }
  }
  // glibc keeps a converter's code while one is open; files of departments are often GB18030.
  static_cast<void>(iconv_open("UTF-8", "GB18030"));
  return {};
}

int run() {
  Setup setup;
  if (!read_setup(setup)) {
    return refuse(wire::Refusal::kConfinement, "the runner and the host are of different builds");
  }
  // Each thread's own arena would reserve 64 MiB of the address space that is limited below.
  mallopt(M_ARENA_MAX, 2);
  // A connection whose other end is gone is an error to handle, not an end.
  std::signal(SIGPIPE, SIG_IGN);
  if (const std::string fault = preload(setup); !fault.empty()) {
    return refuse(wire::Refusal::kLoadFailed, fault);
  }
  int landlock_version = 0;
  if (const std::string fault = confine(setup, landlock_version); !fault.empty()) {
    return refuse(wire::Refusal::kConfinement, fault);
  }
  if (const std::string fault = install_syscall_filter(setup.header.outbound != 0);
      !fault.empty()) {
    return refuse(wire::Refusal::kConfinement, fault);
  }
  limit_threads(setup.header.threads);
  // From here on code of the plugin runs.
  plugin::Extensions extensions;
  if (setup.header.routes != 0) extensions.routes = &plugin::kRoutesTable;
  if (setup.header.outbound != 0) {
    extensions.outbound =
        outbound_extension(wire::kFirstLaneFd + static_cast<int>(setup.header.lanes));
  }
  static Instance instance(extensions);  // outlives the lanes, which end with the process
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
    instance.report_dropped_lines();
    send_control(wire::Control::kPong, 0, {}, true);
  }
  instance.destroy();
  return 0;
}

}  // namespace
}  // namespace qc::runner

// _exit: exit handlers and destructors that the plugin left behind do not run.
int main() { _exit(qc::runner::run()); }
