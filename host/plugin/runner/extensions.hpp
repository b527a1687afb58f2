// The extensions that a plugin may be given, by id: the same in the host and in the runner.
#pragma once

#include <cstring>

#include "host/plugin/runner/wire.hpp"
#include "sdk/plugin/abi.h"

namespace qc::plugin {

inline constexpr qc_routes kRoutesTable = {sizeof(qc_routes), wire::kMaxRouteBodyBytes,
                                           wire::kMaxRouteAnswerBytes};

/// What one instance is granted; null is not granted. Any thread.
struct Extensions {
  const qc_outbound* outbound = nullptr;
  const qc_routes* routes = nullptr;

  const void* find(const char* id) const {
    if (id == nullptr) return nullptr;
    if (std::strcmp(id, QC_OUTBOUND) == 0) return outbound;
    if (std::strcmp(id, QC_ROUTES) == 0) return routes;
    return nullptr;
  }
};

}  // namespace qc::plugin
