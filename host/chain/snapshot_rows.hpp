// The rows of a snapshot as one file: what is stored about the rules' state and the transactions,
// and nothing that follows from it. The same ledger gives the same bytes on every host.
//
//   "QCSR", version (4) = 1
//   for each row: length of the key (4), length of the value (4), key, value
//   FF FF FF FF, number of rows (8), SM3 of all bytes before
//
// Rows of the store (keys.hpp) in this order of families: z, y, l, f, s; within one, by key.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "host/chain/append_file.hpp"
#include "host/chain/kv_store.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::chain {

/// Families in the order in which they stand in the file.
inline constexpr std::string_view kSnapshotFamilies = "zylfs";

/// Thread contract: one thread.
class RowsWriter {
 public:
  /// Error: "ledger.io".
  static Result<RowsWriter> create(const std::filesystem::path& path);
  Status add(std::string_view key, std::string_view value);
  /// The end, synced. Call once.
  Status finish();

 private:
  explicit RowsWriter(std::unique_ptr<AppendFile> file) : file_(std::move(file)) {}
  Status put(std::string_view bytes);
  Status flush();

  std::unique_ptr<AppendFile> file_;
  std::string buffer_;
  crypto::Sm3 digest_;
  std::uint64_t rows_ = 0;
};

/// Visits every row, in order, in memory that does not grow; an error of the visitor ends it. The
/// file's own digest is checked at its end, against accidents: what the rows are worth is for the
/// caller to find out. Errors: the visitor's, "snapshot.damaged", "ledger.io".
Status read_rows(const std::filesystem::path& path,
                 const std::function<Status(std::string_view key, std::string_view value)>& visit);

}  // namespace qc::chain
