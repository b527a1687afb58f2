#include "sdk/plugin/mapping/outbound.hpp"

#include <cerrno>
#include <cstring>

#include "sdk/plugin/mapping/source.hpp"

namespace qc::plugin {
namespace {

Error not_granted(const std::string& what) {
  Error error = forbidden("source.not_granted",
                          what +
                              ": ask for it in outbound_hosts of plugin.json, and have the "
                              "admission grant the capability outbound:<address>");
  error.side = Side::kProvider;
  return error;
}

}  // namespace

Result<OutboundAccess> OutboundAccess::of(const qc_host* host) {
  const void* table = host == nullptr || host->extension == nullptr
                          ? nullptr
                          : host->extension(host->context, QC_OUTBOUND);
  if (table == nullptr) return not_granted("no address is granted");
  return OutboundAccess(static_cast<const qc_outbound*>(table));
}

bool OutboundAccess::connects_paths() const {
  return table_->struct_size >= sizeof(qc_outbound) &&
         (table_->flags & QC_OUTBOUND_CONNECTS_PATHS) != 0;
}

Result<int> OutboundAccess::open(const std::string& address, std::int64_t deadline_ms) const {
  const int opened = table_->open(table_->context, address.c_str(), deadline_ms);
  if (opened >= 0) return opened;
  if (opened == -EACCES) return not_granted(address + " is not granted");
  return source_away("cannot connect to " + address + ": " + std::strerror(-opened));
}

}  // namespace qc::plugin
