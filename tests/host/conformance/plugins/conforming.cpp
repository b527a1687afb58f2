// A small department plugin against abi.h alone that keeps every promise, and with one macro breaks
// exactly one of them.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

#include "sdk/plugin/abi.h"

#ifndef PLUGIN_NAME
#define PLUGIN_NAME "conforming"
#endif

#ifdef BREAK_UNIQUE
template <typename T>
struct SharedHolder {
  static inline int count = 0;
};
#endif

namespace {

struct Instance {
  const qc_host* host;
  bool configured = false;
};

int put(const qc_sink* out, std::string_view text) {
  return out->write(out->context, reinterpret_cast<const std::uint8_t*>(text.data()),
                    text.size()) == 0
             ? QC_OK
             : QC_INTERNAL;
}

int refuse(const qc_sink* out, int status, std::string_view code) {
  const int put_status = put(out, "{\"code\":\"" + std::string(code) + "\",\"message\":\"\"}");
  return put_status == QC_OK ? status : QC_INTERNAL;
}

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// As much of JSON as is needed here: what stands for an object, and one text member.
bool object(std::string_view message) {
  return message.size() >= 2 && message.size() <= (4U << 20U) && message.front() == '{' &&
         message.back() == '}';
}

std::string text_member(std::string_view message, std::string_view name) {
  const std::size_t at = message.find("\"" + std::string(name) + "\":\"");
  if (at == std::string_view::npos) return {};
  const std::string_view rest = message.substr(at + name.size() + 4);
  return std::string(rest.substr(0, rest.find('"')));
}

#ifdef BREAK_LOAD_TIME
struct Slow {
  Slow() { usleep(100'000); }
} const slow;
#endif

int configure(Instance& self, std::string_view message, const qc_sink* out) {
  if (self.configured) return refuse(out, QC_REFUSED, "plugin.wrong_state");
  const std::string key = text_member(message, "key");
  if (!object(message) || key.empty()) return refuse(out, QC_INVALID, "t.invalid");
  std::FILE* file = std::fopen(key.c_str(), "re");
#ifdef BREAK_CAPABILITIES
  if (file == nullptr) std::abort();
#endif
  if (file == nullptr) return refuse(out, QC_UNAVAILABLE, "t.no_key");
  std::fclose(file);
  self.configured = true;
  return put(out, "{\"jwk\":{}}");
}

/// What stands for a call that carries data: {"subject":"real",…}, answered when configured.
int answer_really(Instance& self, const qc_call& call, std::string_view message,
                  const qc_sink* out) {
#ifndef BREAK_REAL_DEADLINES
  if (call.deadline_ms != 0 && now_ms() >= call.deadline_ms) {
    return refuse(out, QC_UNAVAILABLE, "plugin.deadline");
  }
#endif
#ifdef BREAK_REAL_EXTENSIONS
  if (self.host->extension(self.host->context, "clock") != nullptr) return QC_INTERNAL;
#endif
#ifdef BREAK_REAL_MESSAGES
  if (text_member(message, "field").empty()) std::abort();
#endif
  if (text_member(message, "field").empty()) return refuse(out, QC_INVALID, "t.invalid");
  std::string name = "value";
#ifdef BREAK_REAL_REPEATABLE
  static std::atomic<int> count{0};
  name += std::to_string(++count);
#endif
#ifdef BREAK_REAL_LEAKS
  static void* volatile lost = nullptr;
  lost = std::malloc(4000);
  if (lost == nullptr) return QC_INTERNAL;
#endif
  (void)self;
  (void)call;
  return put(out, "{\"" + name + "\":\"" + std::to_string(now_ms()) + "\"}");
}

int handle(Instance& self, const qc_call& call, std::string_view message, const qc_sink* out) {
  if (self.configured && object(message) && text_member(message, "subject") == "real") {
    return answer_really(self, call, message, out);
  }
#ifdef BREAK_MESSAGES
  if (!message.empty() && message.front() == '{' && message.back() != '}') std::abort();
#endif
#ifdef BREAK_DEADLINES
  if (call.deadline_ms > 1) usleep(1'500'000);
#endif
  if (call.deadline_ms != 0 && now_ms() >= call.deadline_ms) {
    return refuse(out, QC_UNAVAILABLE, "plugin.deadline");
  }
#ifdef BREAK_EXTENSIONS
  if (message.ends_with("\"version\":1}") && call.deadline_ms == 0) {
    const auto* table =
        static_cast<const volatile int*>(self.host->extension(self.host->context, "clock/1"));
    if (*table != 0) return QC_INTERNAL;
  }
#endif
#ifdef BREAK_CANCELLATION
  if (message.ends_with("\"version\":1}")) {
    put(out, "{}");
    return QC_OK;
  }
#endif
  (void)self;
  return refuse(out, object(message) ? QC_REFUSED : QC_INVALID, "t.refused");
}

int dispatch(Instance& self, const qc_call& call, const qc_sink* out) {
  const std::string method = call.method;
  // A copy, as a parser makes one: where memory runs out.
  const std::string message(reinterpret_cast<const char*>(call.message), call.message_size);
  const std::vector<char> parsed(message.begin(), message.end());
  if (method == "describe") {
    return put(out, "{\"plugin\":\"" PLUGIN_NAME
                    "\",\"version\":\"1.0.0\",\"kind\":\"department\",\"items\":[]}");
  }
  if (method == "configure") return configure(self, message, out);
  if (method == "health") {
#ifdef BREAK_REPEATABLE
    static std::atomic<int> count{0};
    return put(out, "{\"status\":\"ok\",\"detail\":\"" + std::to_string(++count) + "\"}");
#else
    return put(out, "{\"status\":\"ok\",\"detail\":\"\"}");
#endif
  }
  if (method == "issue" || method == "prove_identity") return handle(self, call, message, out);
  return refuse(out, QC_UNKNOWN_METHOD, "plugin.unknown_method");
}

int call(void* instance, const qc_call* call, const qc_sink* out) {
#ifdef BREAK_EXCEPTIONS
  return dispatch(*static_cast<Instance*>(instance), *call, out);
#else
  try {
    return dispatch(*static_cast<Instance*>(instance), *call, out);
  } catch (...) {
    put(out, "{\"code\":\"plugin.internal\",\"message\":\"\"}");
    return QC_INTERNAL;
  }
#endif
}

void* create(const qc_host* host) {
#ifndef BREAK_VERSION
  if (host->abi_major != QC_ABI_MAJOR) {
    char line[96];
    const int size = std::snprintf(line, sizeof line, "host %u.%u, plugin %u.%u", host->abi_major,
                                   host->abi_minor, QC_ABI_MAJOR, QC_ABI_MINOR);
    host->log(host->context, QC_LOG_ERROR, line, static_cast<std::size_t>(size));
    return nullptr;
  }
#endif
#ifdef BREAK_FILES
  static_cast<void>(!open("/", O_RDONLY | O_DIRECTORY));
#endif
#ifdef BREAK_THREADS
  std::thread([] { pause(); }).detach();
#endif
#ifdef BREAK_MEMORY
  static void* volatile lost = nullptr;
  lost = std::malloc(1000);
  if (lost == nullptr) return nullptr;
#endif
#ifdef BREAK_SMALL_LEAK
  static void* volatile lost = nullptr;
  lost = std::malloc(16);
  if (lost == nullptr) return nullptr;
#endif
#ifdef BREAK_UNIQUE
  ++SharedHolder<int>::count;
#endif
  return new (std::nothrow) Instance{host};
}

void destroy(void* instance) { delete static_cast<Instance*>(instance); }

const qc_plugin kTable = {sizeof(qc_plugin), QC_ABI_MAJOR, QC_ABI_MINOR, create, destroy, call};

}  // namespace

extern "C" __attribute__((visibility("default"))) const qc_plugin* quancheng_plugin(void) {
  return &kTable;
}

#ifdef BREAK_EXPORTS
extern "C" __attribute__((visibility("default"))) int another_symbol(void);
int another_symbol(void) { return 1; }
#endif
