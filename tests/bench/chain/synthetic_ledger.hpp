// Makes a whole, valid ledger of any length: founding, subjects with assets, and then one request,
// grant and access after the other, every one through the rules and into the chunk files as the
// host writes them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "host/chain/rules.hpp"

namespace qc::chain::test {

struct SyntheticOptions {
  std::filesystem::path directory;
  std::uint64_t transactions = 100000;  ///< at least as many as founding and subjects take
  std::uint64_t subjects = 5000;
  std::size_t assets_a_consent = 0;  ///< issued for its person before, beside the first two
  std::size_t batch_transactions = 1000;
  std::uint64_t per_second = 5000;  ///< by the batches' times
  std::size_t chunk_bytes = 64U << 20U;
  std::uint64_t seconds = 0;  ///< ends after about so long, whatever was made; 0: never
  bool state = true;          ///< keep state and tiles, so that a host can open the folder
  /// What to change in a transaction before it is applied; rules do not look at signatures.
  std::function<void(std::uint64_t index, Transaction& tx)> tamper;
};

struct SyntheticLedger {
  std::uint64_t transactions = 0;
  std::uint64_t batches = 0;
  std::uint64_t bytes = 0;  ///< of transactions
  std::string head;         ///< JWS
  struct OfOperation {
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
  };
  std::map<std::string, OfOperation> operations;
};

/// Ends the program with the reason when a rule refuses: nothing after it could mean anything.
SyntheticLedger make_synthetic_ledger(const SyntheticOptions& options);

}  // namespace qc::chain::test
