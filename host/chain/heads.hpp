// Signed tree heads beside each chunk: `<chunk>.heads`, one {"head":"<JWS>"} a line.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "host/chain/append_file.hpp"
#include "sdk/proof/receipt.hpp"

namespace qc::chain {

struct StoredHead {
  proof::TreeHead head;
  std::uint64_t offset = 0;  ///< of its line
};

struct HeadsFile {
  std::vector<StoredHead> heads;
  std::uint64_t complete_bytes = 0;  ///< up to the last whole line
  std::string torn;                  ///< what follows it
  // First bad line, if any:
  std::string defect;
  std::uint64_t defect_offset = 0;
};
/// Reads and verifies every line. Error: "ledger.io"; a bad line is in the result.
Result<HeadsFile> read_heads(const std::filesystem::path& path, const crypto::PublicKey& host,
                             std::string_view chain);
/// As read_heads, from bytes.
HeadsFile parse_heads(std::string_view bytes, const crypto::PublicKey& host,
                      std::string_view chain);

/// As read_heads, of the last few lines alone: what an opening ledger is held to.
Result<HeadsFile> read_newest_heads(const std::filesystem::path& path,
                                    const crypto::PublicKey& host, std::string_view chain);

/// Appends heads. A failure to write one is logged and harms nothing: heads guard the files, the
/// files do not depend on heads. Thread contract: one thread.
class HeadsWriter {
 public:
  explicit HeadsWriter(std::filesystem::path folder) : folder_(std::move(folder)) {}
  void write(std::uint64_t chunk, const std::string& head, bool sync);
  /// As write, for whom a head is worth an error: "ledger.io".
  Status try_write(std::uint64_t chunk, const std::string& head, bool sync);

 private:
  std::filesystem::path folder_;
  std::unique_ptr<AppendFile> file_;
  std::uint64_t whole_bytes_ = 0;  ///< of the file; beyond are lines that were not written whole
  std::uint64_t chunk_ = 0;
};

}  // namespace qc::chain
