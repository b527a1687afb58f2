// Driver "mysql": a department's MariaDB or MySQL server, through MySQL Connector/C++ 1.1.
#pragma once

#include "sdk/plugin/mapping/mapped_department.hpp"

namespace qc::plugin {

/// The server "mysql://user@host:port/database" or "mysql://user@/path/of/socket?database" of the
/// setting that the mapping names, with the password's file. Sessions are read-only and kept for
/// the next call; one that the server dropped is made anew. A server that is away is health, not an
/// error. Errors: "source.not_granted", "source.unavailable" (the password's file),
/// "mapping.invalid" (the setting is no such address).
Result<std::unique_ptr<Source>> open_mysql_source(const SourceOpening& opening);

}  // namespace qc::plugin
