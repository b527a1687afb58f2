// Internal: the ledger files cut into windows of some thousand transactions, and the work on a
// window that needs no state: hashing, parsing.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/chain/append_file.hpp"
#include "host/chain/chunk_store.hpp"
#include "host/chain/record.hpp"
#include "sdk/proof/transaction.hpp"

namespace qc::chain {

/// What is wrong, and where.
struct AuditDefect {
  std::string code;
  std::string message;
  std::string file;  ///< name inside the folder of chunks, or with the other folder before it
  std::uint64_t offset = 0;
  std::int64_t index = -1;
  std::string tx = {};
};

/// A key that signs what stands in other people's transactions.
struct EvidenceKey {
  std::array<std::uint8_t, 64> xy;
  std::string x;  ///< as in its JWK
  std::string y;
};

/// A transaction on its way through the audit.
struct AuditedTx {
  Result<proof::Transaction> tx = internal("tx.invalid", "not parsed");
  Hash32 id{};
  Hash32 leaf{};
  std::array<std::uint8_t, 64> xy{};  ///< the key to verify with, once the rules' turn has found it
  /// Key under which the evidence in the body was found valid. Null: the rule has to verify it.
  std::shared_ptr<const EvidenceKey> evidence;
};

struct AuditedRecord {
  std::uint64_t offset = 0;  ///< in the chunk
  RecordHeader header;
  std::size_t at = 0;  ///< in the window's bytes
  Record record;       ///< views into the window's bytes
  std::size_t first_tx = 0;
  Position before;  ///< set by the check
};

/// Neighbouring records of one chunk, whole.
struct AuditWindow {
  std::size_t chunk = 0;  ///< number in the listing
  std::string bytes;
  std::vector<AuditedRecord> records;
  std::vector<AuditedTx> transactions;
  std::size_t applied = 0;            ///< of them, by the check: their keys are known
  std::string hints;                  ///< as far as there are any (hints.hpp)
  std::optional<AuditDefect> defect;  ///< found after the records
  bool ends_chunk = false;
};

/// Reads window after window. Thread contract: one thread at a time.
class WindowReader {
 public:
  /// Begins with the chunk of that number.
  explicit WindowReader(const ChunkListing& listing, std::size_t chunk = 0)
      : listing_(listing), chunk_(chunk) {}
  /// Null after the last one, and after one with a defect. Error: "ledger.io".
  Result<std::unique_ptr<AuditWindow>> next();
  /// Memory of windows that are done, for those to come.
  void take_back(std::vector<std::string> spare);

 private:
  Status open_chunk(AuditWindow& window);
  Status begin_at(const ChunkFile& file);
  Status fill(AuditWindow& window);

  const ChunkListing& listing_;
  std::size_t chunk_;
  bool in_chunk_ = false;
  bool done_ = false;
  std::uint64_t chunk_bytes_ = 0;
  std::uint64_t offset_ = 0;
  Position before_ = initial_position();  ///< as far as headers and trailers say
  PartReader reader_;
  std::vector<std::string> spare_;
};

/// Checks the records' hashes of all windows, together: a record is long, and one vector hashes
/// sixteen in the time of one. What does not hold becomes its window's defect, and the window's
/// records from there on are dropped. Any thread.
void check_record_hashes(std::span<const std::unique_ptr<AuditWindow>> windows,
                         const ChunkListing& listing);
/// Takes the records of such a window apart and hashes their transactions. Defects as above. Any
/// thread.
void hash_window(AuditWindow& window, const ChunkListing& listing);
/// The text of a hashed window's transaction.
std::string_view text_in(const AuditWindow& window, std::size_t number);
/// Parses the transactions of a hashed window. Any thread.
void parse_window(AuditWindow& window);

}  // namespace qc::chain
