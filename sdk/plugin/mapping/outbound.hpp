// A driver's way to the outside: the extension "quancheng.outbound/1" of the host.
#pragma once

#include <string>

#include "sdk/base/result.hpp"
#include "sdk/plugin/abi.h"

namespace qc::plugin {

/// Immutable, any thread.
class OutboundAccess {
 public:
  /// Error: "source.not_granted" when the host grants no address at all.
  static Result<OutboundAccess> of(const qc_host* host);
  /// Whether connect() to a UNIX path that is an address goes the same way (abi.h).
  bool connects_paths() const;
  /// A connected descriptor that the caller closes. Errors: "source.not_granted",
  /// "source.unavailable".
  Result<int> open(const std::string& address, std::int64_t deadline_ms) const;

 private:
  explicit OutboundAccess(const qc_outbound* table) : table_(table) {}
  const qc_outbound* table_;
};

}  // namespace qc::plugin
