// Internal: what restore_snapshot() leaves in a ledger's folder until it is known that nothing is
// missing behind it. A host that began on such a folder too early would sign a second history.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "host/chain/batch.hpp"
#include "host/chain/recovery.hpp"

namespace qc::chain {

inline constexpr const char* kRestoredFile = "RESTORED";

struct RestoredMark {
  std::uint64_t transactions = 0;  ///< of the ledger that was made
  std::string head;                ///< newest one known then (JWS), or "": nobody knew
};
/// Error: "file.io".
Status write_restored(const std::filesystem::path& directory, const RestoredMark& mark);

/// Nothing in a folder without the mark. Otherwise the ledger, recovered up to `position`, must
/// reach the head of the mark, or the operator says that it ends here; then the mark goes. Errors:
/// "ledger.behind", which says what to copy; "ledger.corrupt" (the head is of another ledger);
/// "ledger.io".
Status settle_restored(const std::filesystem::path& directory, const Position& position,
                       const RecoveryContext& context, bool ends_here);

}  // namespace qc::chain
