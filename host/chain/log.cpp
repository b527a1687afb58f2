#include "host/chain/log.hpp"

#include <spdlog/spdlog.h>

namespace qc::chain {

void log_info(std::string_view message) { spdlog::info("ledger: {}", message); }
void log_warning(std::string_view message) { spdlog::warn("ledger: {}", message); }
void log_error(std::string_view message) { spdlog::error("ledger: {}", message); }

}  // namespace qc::chain
