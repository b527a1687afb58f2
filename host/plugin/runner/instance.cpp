#include "host/plugin/runner/instance.hpp"

#include <dlfcn.h>
#include <exception>
#include <unistd.h>

#include <boost/dll/shared_library.hpp>

#include "host/plugin/runner/channel.hpp"
#include "host/plugin/runner/table.hpp"

namespace qc::runner {
namespace {

struct Sink {
  CallAnswer& answer;
  std::size_t max_bytes;
  std::uint32_t refused = 0;

  static int write(void* context, const std::uint8_t* data, std::size_t size) {
    auto& self = *static_cast<Sink*>(context);
    if (size > 0 && data == nullptr) return 1;
    const bool full = (self.answer.flags & wire::kTooLarge) != 0;
    if (full || size > self.max_bytes - self.answer.text.size()) return self.refuse();
    try {
      self.answer.text.append(reinterpret_cast<const char*>(data), size);
    } catch (...) {
      return self.refuse();
    }
    return 0;
  }

  /// What was written before is no answer any more: it costs neither memory nor the way to the
  /// host. Who goes on whatever it is told gets no more of the processor for it.
  int refuse() {
    if (++refused > wire::kMaxRefusedWrites) _exit(wire::kWroteOn);
    answer.flags |= wire::kTooLarge;
    answer.text = std::string();
    return 1;
  }
};

}  // namespace

void Instance::write_log(void* context, int level, const char* text, std::size_t size) {
  if (text == nullptr) return;
  auto& self = *static_cast<Instance*>(context);
  if (self.log_budget_.take()) {
    send_control(wire::Control::kLog, static_cast<std::uint32_t>(level), {text, size}, false);
  }
  self.report_dropped_lines();
}

void Instance::report_dropped_lines() {
  const std::uint32_t dropped = log_budget_.report();
  if (dropped > 0) send_control(wire::Control::kDropped, dropped, {}, false);
}

const void* Instance::find_extension(void* context, const char* id) {
  return static_cast<const Instance*>(context)->extensions_.find(id);
}

Instance::Instance(const plugin::Extensions& extensions) : extensions_(extensions) {
  host_.struct_size = sizeof(qc_host);
  host_.abi_major = QC_ABI_MAJOR;
  host_.abi_minor = QC_ABI_MINOR;
  host_.log = &write_log;
  host_.context = this;
  host_.extension = &find_extension;
}

bool Instance::load(LoadFault& fault) {
  // RTLD_NODELETE as in the host: the same library must not meet another loader here.
  constexpr auto kMode = static_cast<boost::dll::load_mode::type>(
      static_cast<unsigned>(boost::dll::load_mode::rtld_now) |
      static_cast<unsigned>(boost::dll::load_mode::rtld_local) | RTLD_NODELETE);
  plugin::prime_unwinder();
  try {
    const std::string path = "/proc/self/fd/" + std::to_string(wire::kLibraryFd);
    const boost::dll::shared_library library(path, kMode);
    if (!library.has(QC_PLUGIN_SYMBOL)) {
      fault.message = "the library does not export " QC_PLUGIN_SYMBOL;
      return false;
    }
    const qc_plugin* table = library.get<const qc_plugin*()>(QC_PLUGIN_SYMBOL)();
    if (const auto found = plugin::find_table_fault(table)) {
      if (found->version) fault.kind = wire::Refusal::kAbiMismatch;
      fault.message = found->message;
      return false;
    }
    instance_ = table->create(&host_);
    if (instance_ == nullptr) {
      fault.message = "the plugin made no instance; its log lines say why";
      return false;
    }
    table_ = table;
    return true;
  } catch (const std::exception& failure) {
    fault.message = failure.what();
  } catch (...) {
    fault.message = "an exception left the plugin while it was loaded";
  }
  return false;
}

void Instance::call(const qc_call& call, std::size_t max_answer_bytes, CallAnswer& answer) const {
  answer.text.clear();
  answer.flags = 0;
  answer.status = QC_INTERNAL;
  Sink sink{answer, max_answer_bytes};
  const qc_sink out{sizeof(qc_sink), &sink, &Sink::write};
  try {
    answer.status = table_->call(instance_, &call, &out);
  } catch (...) {  // forbidden by the ABI; the host is told
    answer.flags |= wire::kThrew;
  }
}

void Instance::destroy() noexcept {
  if (table_ == nullptr) return;
  try {
    table_->destroy(instance_);
  } catch (...) {  // NOLINT: forbidden by the ABI; the process ends anyway
  }
}

}  // namespace qc::runner
