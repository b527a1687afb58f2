// Internal: from an author's class to the C table of abi.h.
#pragma once

#include <memory>
#include <string_view>

#include "sdk/plugin/abi.h"

namespace qc::plugin {

/// The text of plugin.json, compiled in by qc_plugin() (sdk/cmake/QuanchengPlugin.cmake).
std::string_view embedded_description();

class Department;
class Product;

/// Makes an instance; NULL (and a line in the host's log) on failure. No exception leaves.
void* create_instance(const qc_host* host, std::unique_ptr<Department> author) noexcept;
void* create_instance(const qc_host* host, std::unique_ptr<Product> author) noexcept;
void log_create_failure(const qc_host* host) noexcept;
void destroy_instance(void* instance) noexcept;
int call_instance(void* instance, const qc_call* call, const qc_sink* out) noexcept;

template <typename Class, typename Base>
void* create_author(const qc_host* host) noexcept {
  try {
    return create_instance(host, std::unique_ptr<Base>(std::make_unique<Class>()));
  } catch (...) {
    log_create_failure(host);
    return nullptr;
  }
}

}  // namespace qc::plugin

// The table is constant data of the library: no static object is built when it is loaded.
#define QC_PLUGIN_ENTRY(Class, Base)                                                          \
  extern "C" __attribute__((visibility("default"))) const qc_plugin* quancheng_plugin(void) { \
    static constexpr qc_plugin kTable = {sizeof(qc_plugin),                                   \
                                         QC_ABI_MAJOR,                                        \
                                         QC_ABI_MINOR,                                        \
                                         &::qc::plugin::create_author<Class, Base>,           \
                                         &::qc::plugin::destroy_instance,                     \
                                         &::qc::plugin::call_instance};                       \
    return &kTable;                                                                           \
  }
