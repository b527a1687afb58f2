// When a product's regular work under a standing grant comes due, and the access that each time
// has: one computation for the host, for consumers and for auditors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace qc::proof {

/// A stretch of time in which regular work is done once. Seconds since the epoch.
struct DueTime {
  std::int64_t number = 0;  ///< 0, 1, 2 … from the beginning of the grant's validity
  std::int64_t since_s = 0;
  std::int64_t until_s = 0;  ///< when the next one begins
};

/// The one that `now_s` falls into; nullopt before `valid_from_s`. `every_s` is at least 1. Any
/// thread.
std::optional<DueTime> due_time(std::int64_t valid_from_s, std::int64_t every_s,
                                std::int64_t now_s);

/// The name of the access for one due time of a grant: the first 16 bytes of
/// SM3("qc-due-1" 00 chain 00 grant 00 number in decimal), the highest bit cleared, in base64url.
/// As no access has a name twice, the ledger's own rules let the work of a due time be done once,
/// whoever asks for it, however often, and after whatever crash. Any thread.
std::string due_access(std::string_view chain, std::string_view grant, std::int64_t number);

}  // namespace qc::proof
