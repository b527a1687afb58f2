// Opening a ledger: what the files hold, what is torn, and bringing the state level.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "host/chain/keys.hpp"
#include "host/chain/kv_store.hpp"
#include "host/chain/tile_store.hpp"
#include "sdk/crypto/sm2.hpp"
#include "sdk/proof/receipt.hpp"

namespace qc::chain {

/// What transaction 0 says of the network.
struct Genesis {
  std::string chain;
  crypto::PublicKey host;
};
/// Nullopt when the folder holds no whole transaction yet. Errors: "ledger.io", "ledger.corrupt".
Result<std::optional<Genesis>> read_genesis(const std::filesystem::path& chunks);

struct RecoveryContext {
  std::filesystem::path chunks;  ///< folder of the chunk files
  std::string chain;
  crypto::PublicKey host;
  TileStore& tiles;
};
/// Checks the chunk that holds the last applied record and everything after it, cuts off a torn
/// tail (kept beside as `<chunk>.<offset>.torn`), applies what the state lacks, brings the Merkle
/// log's tiles level, and compares the newest signed head. Older chunks are the audit's business:
/// opening must not grow with history. Errors: "ledger.corrupt" (file and offset), "ledger.io".
Result<Position> recover(KvStore& store, const RecoveryContext& context);

/// Whether a ledger that stands at `position` passed through this head, which is not beyond it.
/// Errors: "ledger.corrupt" (a tile). Any thread.
Result<bool> passed_through(const proof::TreeHead& head, const Position& position,
                            const TileStore& tiles);

}  // namespace qc::chain
