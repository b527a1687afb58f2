#include "host/plugin/library.hpp"

#include <dlfcn.h>
#include <exception>

#include <boost/dll/shared_library.hpp>

namespace qc::plugin {
namespace {

std::string version(std::uint32_t major, std::uint32_t minor) {
  return std::to_string(major) + '.' + std::to_string(minor);
}

Error load_failed(std::string message) {
  Error error = internal("plugin.load_failed", std::move(message));
  error.side = Side::kProvider;
  return error;
}

Status check_table(const qc_plugin* table) {
  constexpr std::size_t kVersionEnd = offsetof(qc_plugin, abi_minor) + sizeof(std::uint32_t);
  if (table == nullptr || table->struct_size < kVersionEnd) {
    return load_failed("the library returns no table");
  }
  if (table->abi_major != QC_ABI_MAJOR || table->abi_minor > QC_ABI_MINOR) {
    return conflict("plugin.abi_mismatch",
                    "the library speaks ABI " + version(table->abi_major, table->abi_minor) +
                        ", this host offers " + version(QC_ABI_MAJOR, QC_ABI_MINOR));
  }
  if (table->struct_size < sizeof(qc_plugin) || table->create == nullptr ||
      table->destroy == nullptr || table->call == nullptr) {
    return load_failed("the library's table is incomplete");
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const Library>> Library::load(SealedImage image) {
  // RTLD_NODELETE beside Boost's own modes: leaving this function must not unmap the library.
  constexpr auto kMode = static_cast<boost::dll::load_mode::type>(
      static_cast<unsigned>(boost::dll::load_mode::rtld_now) |
      static_cast<unsigned>(boost::dll::load_mode::rtld_local) | RTLD_NODELETE);
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
