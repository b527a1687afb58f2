#include "host/plugin/library.hpp"

#include <dlfcn.h>
#include <exception>

#include <boost/dll/shared_library.hpp>

#include "host/plugin/runner/table.hpp"

namespace qc::plugin {
namespace {

Error load_failed(std::string message) {
  Error error = internal("plugin.load_failed", std::move(message));
  error.side = Side::kProvider;
  return error;
}

Status check_table(const qc_plugin* table) {
  const auto fault = find_table_fault(table);
  if (!fault) return {};
  if (fault->version) return conflict("plugin.abi_mismatch", fault->message);
  return load_failed(fault->message);
}

}  // namespace

Result<std::shared_ptr<const Library>> Library::load(SealedImage image) {
  // RTLD_NODELETE beside Boost's own modes: leaving this function must not unmap the library.
  constexpr auto kMode = static_cast<boost::dll::load_mode::type>(
      static_cast<unsigned>(boost::dll::load_mode::rtld_now) |
      static_cast<unsigned>(boost::dll::load_mode::rtld_local) | RTLD_NODELETE);
  prime_unwinder();
  try {
    const boost::dll::shared_library library(image.path(), kMode);
    // The dynamic linker knows the library by this path. Were the descriptor's number used again,
    // the next library would be taken for this one.
    image.keep_open();
    if (!library.has(QC_PLUGIN_SYMBOL)) {
      return load_failed("the library does not export " QC_PLUGIN_SYMBOL);
    }
    const auto entry = library.get<const qc_plugin*()>(QC_PLUGIN_SYMBOL);
    const qc_plugin* table = entry();
    QC_TRY(check_table(table));
    return std::shared_ptr<const Library>(new Library(table));
  } catch (const std::exception& failure) {
    return load_failed(failure.what());
  }
}

}  // namespace qc::plugin
