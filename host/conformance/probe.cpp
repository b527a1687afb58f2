#include "host/conformance/probe.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/plugin/runner/extensions.hpp"
#include "host/plugin/runner/table.hpp"

namespace qc::conformance {
namespace {

constexpr std::size_t kMaxKept = 1U << 20U;
constexpr std::size_t kMaxLog = 16U << 10U;
constexpr std::size_t kMaxAsked = 64;

/// Takes an answer without asking for memory.
struct Sink {
  std::string text;
  bool full = false;

  static int write(void* context, const std::uint8_t* data, std::size_t size) noexcept {
    auto& self = *static_cast<Sink*>(context);
    if (self.full || (data == nullptr && size > 0)) return 1;
    if (size > self.text.capacity() - self.text.size()) return 1;
    self.text.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }
};

/// The exact bytes that were read: the file may change while it is checked.
Result<std::string> sealed_path(std::string_view bytes) {
  const int fd = ::memfd_create("quancheng-check", MFD_CLOEXEC);
  if (fd < 0) return internal("package.load_failed", "no memory file for the library");
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd, bytes.data(), bytes.size());
    if (done <= 0) return internal("package.load_failed", "cannot copy the library");
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return "/proc/self/fd/" + std::to_string(fd);
}

}  // namespace

std::int64_t steady_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::int64_t epoch_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

TestHost::TestHost(std::uint32_t major, std::uint32_t minor) {
  log_.reserve(kMaxLog);
  asked_.reserve(kMaxAsked);
  table_.host.struct_size = sizeof(qc_host);
  table_.host.abi_major = major;
  table_.host.abi_minor = minor;
  table_.host.context = this;
  table_.host.log = [](void* context, int, const char* text, std::size_t size) {
    auto& self = *static_cast<TestHost*>(context);
    if (text == nullptr || size >= kMaxLog - self.log_.size()) return;
    self.log_.append(text, size).append(1, '\n');
  };
  table_.host.extension = [](void* context, const char* id) -> const void* {
    auto& self = *static_cast<TestHost*>(context);
    if (id != nullptr && self.asked_.size() < kMaxAsked) self.asked_.emplace_back(id);
    if (self.outbound_ && id != nullptr && std::strcmp(id, QC_OUTBOUND) == 0) {
      return &self.outbound_table_;
    }
    const bool routes = self.routes_ && id != nullptr && std::strcmp(id, QC_ROUTES) == 0;
    return routes ? &plugin::kRoutesTable : nullptr;
  };
}

void TestHost::let_reach(std::vector<std::string> addresses) {
  if (addresses.empty()) return;
  outbound_ =
      std::make_unique<const plugin::Outbound>(std::move(addresses), [](const std::string&) {});
  outbound_table_ = plugin::outbound_table(*outbound_);
}

Result<Probe> Probe::load(std::string_view bytes) {
  QC_ASSIGN(const std::string path, sealed_path(bytes));
  plugin::prime_unwinder();
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = ::dlerror();
    return invalid("package.load_failed", reason != nullptr ? reason : "cannot load the library");
  }
  const auto entry = reinterpret_cast<qc_plugin_entry>(::dlsym(library, QC_PLUGIN_SYMBOL));
  if (entry == nullptr) {
    return invalid("package.load_failed", "the library does not export " QC_PLUGIN_SYMBOL);
  }
  const qc_plugin* table = entry();
  constexpr std::size_t kVersionEnd = offsetof(qc_plugin, abi_minor) + sizeof(std::uint32_t);
  if (table == nullptr || table->struct_size < kVersionEnd) {
    return invalid("package.load_failed", "the library returns no table");
  }
  return Probe(table);
}

void* Probe::create(const TestHost& host, bool* threw) const {
  try {
    return table_->create(host.table());
  } catch (...) {  // what is tried here
    if (threw != nullptr) *threw = true;
    return nullptr;
  }
}

void Probe::destroy(void* instance) const { table_->destroy(instance); }

Answer Probe::call(void* instance, const Message& message) const {
  Sink sink;
  sink.text.reserve(kMaxKept);
  sink.full = message.full;
  const qc_sink out{sizeof(qc_sink), &sink, &Sink::write};
  const qc_call call{sizeof(qc_call), message.method.c_str(),
                     reinterpret_cast<const std::uint8_t*>(message.text.data()),
                     message.text.size(), message.deadline_ms};
  Answer answer;
  const std::int64_t began = steady_ms();
  try {
    answer.status = table_->call(instance, &call, &out);
  } catch (...) {  // what is tried here
    answer.threw = true;
  }
  answer.elapsed_ms = steady_ms() - began;
  answer.text = std::move(sink.text);
  return answer;
}

}  // namespace qc::conformance
