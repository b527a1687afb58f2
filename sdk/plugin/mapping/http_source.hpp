// Driver "http": a department's HTTP interface that answers with JSON.
#pragma once

#include "sdk/plugin/mapping/mapped_department.hpp"

namespace qc::plugin {

/// Opens the upstream "http(s)://host:port[/base]" of the setting that the mapping names.
/// Connections come from the host (extension "quancheng.outbound/1") and are kept for the next
/// call. Errors: "source.not_granted", "source.unavailable" (the token's file), "mapping.invalid"
/// (the setting is no such address).
Result<std::unique_ptr<Source>> open_http_source(const SourceOpening& opening);

}  // namespace qc::plugin
