#include "sdk/plugin/entry.hpp"

#include <utility>

#include <openssl/crypto.h>

#include "sdk/plugin/core.hpp"
#include "sdk/plugin/department.hpp"
#include "sdk/plugin/product.hpp"

namespace qc::plugin {
namespace {

/// Another major version is another language; an older minor lacks what this library may ask for.
bool speaks_with(const qc_host* host) {
  if (host == nullptr || host->struct_size < sizeof(qc_host)) return false;
  const std::pair<std::uint32_t, std::uint32_t> own(QC_ABI_MAJOR, QC_ABI_MINOR);
  if (host->abi_major == own.first && host->abi_minor >= own.second) return true;
  const auto text = [](std::uint32_t major, std::uint32_t minor) {
    return std::to_string(major) + '.' + std::to_string(minor);
  };
  const bool newer = host->abi_major > own.first;
  HostLog(host).write(QC_LOG_ERROR,
                      "the host speaks ABI " + text(host->abi_major, host->abi_minor) +
                          ", this plugin was built for " + text(QC_ABI_MAJOR, QC_ABI_MINOR) +
                          (newer ? ": its publisher must build it anew" : ": update the host"));
  return false;
}

void* create(const qc_host* host, std::unique_ptr<Service> service) {
  if (!speaks_with(host)) return nullptr;
  // The host has its own OpenSSL. Ours must not run exit handlers that may come after the library
  // it lives in is torn down, and must not read a configuration meant for programs.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  auto description = Description::parse(embedded_description());
  if (!description.ok()) {
    HostLog(host).write(QC_LOG_ERROR, "description refused: " + description.error().code + " at " +
                                          description.error().field);
    return nullptr;
  }
  if (description->kind() != service->kind()) {
    HostLog(host).write(QC_LOG_ERROR, "plugin.json names another kind than the class is of");
    return nullptr;
  }
  if (const Status fits = service->fits(*description); !fits.ok()) {
    HostLog(host).write(QC_LOG_ERROR, "description refused: " + fits.error().message);
    return nullptr;
  }
  return std::make_unique<Core>(host, std::move(*description), std::move(service)).release();
}

}  // namespace

void* create_instance(const qc_host* host, std::unique_ptr<Department> author) noexcept {
  try {
    author->attach(host);
    return create(host, make_service(std::move(author)));
  } catch (...) {
    log_create_failure(host);
    return nullptr;
  }
}

void* create_instance(const qc_host* host, std::unique_ptr<Product> author) noexcept {
  try {
    return create(host, make_service(std::move(author)));
  } catch (...) {
    log_create_failure(host);
    return nullptr;
  }
}

void log_create_failure(const qc_host* host) noexcept {
  HostLog(host).write(QC_LOG_ERROR, "create failed with an exception");
}

void destroy_instance(void* instance) noexcept {
  const std::unique_ptr<Core> owner(static_cast<Core*>(instance));
}

int call_instance(void* instance, const qc_call* call, const qc_sink* out) noexcept {
  if (instance == nullptr || call == nullptr || out == nullptr) return QC_INVALID;
  if (call->struct_size < sizeof(qc_call) || out->struct_size < sizeof(qc_sink)) return QC_INVALID;
  return static_cast<Core*>(instance)->call(*call, *out);
}

}  // namespace qc::plugin
