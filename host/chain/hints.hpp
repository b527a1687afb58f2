// Hints for verification in batches (sdk/crypto/sm2_batch.hpp) beside each chunk:
// `<chunk>.hints`, one byte a transaction: '0' or '1', or '-' where none is known.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "host/chain/append_file.hpp"
#include "sdk/crypto/sm2.hpp"

namespace qc::chain {

char hint_char(crypto::NonceHint hint);
crypto::NonceHint hint_from_char(char c);

/// Appends hints. They are derived and nobody trusts them: what is missing or lost costs an audit
/// time and nothing else, so nothing is synced and a failure is logged. A wrong one costs time too,
/// and the audit names it: the file is not what the host wrote.
/// Thread contract: one thread.
class HintsWriter {
 public:
  explicit HintsWriter(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// Hints of the transactions from number `at` of the chunk on.
  void write(std::uint64_t chunk, std::uint64_t at, std::string_view hints);

 private:
  std::filesystem::path folder_;
  std::unique_ptr<AppendFile> file_;
  std::uint64_t chunk_ = 0;
};

/// Hints of `count` transactions from number `at` of the chunk on, as far as the file has them.
std::string read_hints(const std::filesystem::path& folder, std::uint64_t chunk, std::uint64_t at,
                       std::size_t count);

}  // namespace qc::chain
