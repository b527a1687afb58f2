// Internal: the folder state/ of a ledger. It is derived, so what is damaged is put aside and made
// anew, and nothing is lost by it but time.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "host/chain/kv_store.hpp"

namespace qc::chain {

using StoreFactory = std::function<Result<std::unique_ptr<KvStore>>(const std::filesystem::path&)>;

/// True when what is stored has been found not to be what was written, now or by an earlier process
/// (open_rocks()).
bool state_is_damaged(const std::filesystem::path& folder);

/// Opens or creates. A damaged store is renamed to `state.damaged`, in the place of an earlier one;
/// a store of another format is removed: both are then made anew, by recovery. Errors: those of
/// `open`, except damage; "ledger.io" when the folder cannot be renamed or removed.
Result<std::unique_ptr<KvStore>> open_state(const std::filesystem::path& folder,
                                            const StoreFactory& open);

}  // namespace qc::chain
