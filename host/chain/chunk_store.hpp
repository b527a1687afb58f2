// The ledger files: chunks/<first index>.qcl, one record per batch, one synced append each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "host/chain/append_file.hpp"
#include "host/chain/record.hpp"

namespace qc::chain {

/// "000000000042.qcl" for 42.
std::string chunk_name(std::uint64_t first_index);
std::string heads_name(std::uint64_t first_index);
std::string hints_name(std::uint64_t first_index);
std::string witnessed_name(std::uint64_t first_index);

struct ChunkFile {
  std::uint64_t first_index = 0;
  std::filesystem::path path;
};
struct ChunkListing {
  std::vector<ChunkFile> chunks;     ///< in order of first index
  std::vector<ChunkFile> heads;      ///< in order of first index
  std::vector<ChunkFile> witnessed;  ///< co-signatures (witnesses.hpp), in order of first index
  std::vector<std::string> unknown;  ///< names that belong to nothing here, in order
};
/// What the folder holds; `.torn` files, kept for inspection, and hints are left out. Error:
/// "ledger.io".
Result<ChunkListing> list_chunks(const std::filesystem::path& folder);

/// What stands at an offset of a chunk.
enum class ScanKind {
  kRecord,
  kEnd,     ///< the chunk ends here
  kTorn,    ///< a record that was not written to its end
  kDamaged  ///< anything else
};

/// A record by its header alone.
struct ScannedFrame {
  ScanKind kind = ScanKind::kEnd;
  RecordHeader header;
  std::string message;
};
/// Judges a record that must follow `before` by its first bytes: a header's, or all that the chunk
/// has left. `left`: bytes of the chunk from there on.
ScannedFrame scan_frame(std::string_view start, std::uint64_t left, const Position& before);

struct Scanned {
  using Kind = ScanKind;
  Kind kind = Kind::kEnd;
  Record record;  ///< views into the chunk's bytes
  std::string message;
};
/// Reads the record at `offset`, which must follow `before`. Never reads outside `chunk`.
Scanned scan_record(std::string_view chunk, std::uint64_t offset, const Position& before);

struct ChunkStoreOptions {
  std::filesystem::path folder;
  std::uint64_t chunk_bytes = 64U << 20U;
  bool fsync = true;
  AppendFileFactory open_file = open_append_file;
};

/// The writing end. Thread contract: one thread.
class ChunkStore {
 public:
  explicit ChunkStore(ChunkStoreOptions options) : options_(std::move(options)) {}
  /// Continues the chunk that holds the last record of `position` (none when it is initial).
  /// Everything after it must have been cut off. Error: "ledger.io".
  Status open(const Position& position);

  /// True when the next record of this size opens a new chunk.
  bool rolls_over(std::size_t record_bytes) const;

  struct Place {
    std::uint64_t chunk = 0;
    std::uint64_t offset = 0;
  };
  /// Writes and syncs one record. On error nothing of it remains in the file; when that cannot be
  /// ensured, broken() says why and every later append fails. Error: "ledger.io".
  Result<Place> append(std::string_view record, std::uint64_t first_index);

  const std::string& broken() const { return broken_; }
  std::uint64_t chunk() const { return chunk_; }

 private:
  Status undo(std::uint64_t size);
  ChunkStoreOptions options_;
  std::unique_ptr<AppendFile> file_;
  std::uint64_t chunk_ = 0;
  std::string broken_;
};

}  // namespace qc::chain
