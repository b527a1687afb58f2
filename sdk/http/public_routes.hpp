// Which routes need no signature: the host does not ask for one, clients do not send one.
#pragma once

#include <string_view>

namespace qc::http {

/// `path` without the query. The host's route table is tested against this. Any thread.
bool is_public_route(std::string_view method, std::string_view path);

}  // namespace qc::http
