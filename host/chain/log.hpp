// The ledger's log lines, in one place so that the logging library is included once.
#pragma once

#include <string_view>

namespace qc::chain {

/// Never holds a key, a value or a transaction's body. Any thread.
void log_info(std::string_view message);
void log_warning(std::string_view message);
void log_error(std::string_view message);

}  // namespace qc::chain
