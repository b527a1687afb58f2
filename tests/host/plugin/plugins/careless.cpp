// A C++ plugin that breaks the ABI's word: it lets exceptions out, and it keeps statics of the
// kinds that g++ makes unique across libraries unless told otherwise.
#include <cstring>
#include <stdexcept>
#include <string>

#include "sdk/plugin/abi.h"

namespace {

template <typename T>
struct Holder {
  static inline int count = 0;  // STB_GNU_UNIQUE without -fno-gnu-unique
};

inline int& local_count() {
  static int count = 0;
  return count;
}

struct Instance {};

int put(const qc_sink* out, const std::string& text) {
  return out->write(out->context, reinterpret_cast<const std::uint8_t*>(text.data()),
                    text.size()) == 0
             ? QC_OK
             : QC_INTERNAL;
}

int call(void*, const qc_call* call, const qc_sink* out) {
  const std::string method = call->method;
  if (method == "describe") {
    return put(out, R"({"plugin":"careless","version":")" PLUGIN_VERSION
                    R"(","kind":"department","items":[{"item":"t.careless"}]})");
  }
  if (method == "configure") {
    return put(out, R"({"jwk":{"kty":"EC","crv":"SM2-P-256",)"
                    R"("x":"MsSuLB8ZgRlfmQRGajnJlI_jC7_yZgvhcVpFiTNMdMc",)"
                    R"("y":"vDc2ovT2d5xZvc7ja2khU9Cph3zGKkdAAt8y5SE58KA"}})");
  }
  if (method == "health") return put(out, R"({"status":"ok","detail":""})");
  if (method == "throw") throw std::runtime_error("a value that must not be seen");
  if (method == "throw_int") throw 42;
  ++Holder<int>::count;
  ++local_count();
  return put(out, R"({"version":")" PLUGIN_VERSION R"(","template":)" +
                      std::to_string(Holder<int>::count) + R"(,"local":)" +
                      std::to_string(local_count()) + "}");
}

const qc_plugin kTable = {sizeof(qc_plugin),
                          QC_ABI_MAJOR,
                          QC_ABI_MINOR,
                          [](const qc_host*) -> void* { return new Instance; },
                          [](void* self) { delete static_cast<Instance*>(self); },
                          &call};

}  // namespace

extern "C" __attribute__((visibility("default"))) const qc_plugin* quancheng_plugin(void) {
  return &kTable;
}
