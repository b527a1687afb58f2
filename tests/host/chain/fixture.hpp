// What the ledger's tests share: folders, the rules' little city as signed transactions.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "host/chain/ledger.hpp"
#include "host/chain/ledger_impl.hpp"
#include "tests/host/chain_rules/world.hpp"

namespace qc::chain::test {

/// A folder that goes away with the object.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The clock stands at kStart; batches of any size; fdatasync on.
LedgerOptions options_in(const std::filesystem::path& directory);
/// Opens, or ends the program with the reason: nothing after it could mean anything.
std::unique_ptr<Ledger> must_open(const LedgerOptions& options, LedgerParts parts = {});

std::string sign(const std::string& signer, std::string_view op, const Json& body,
                 std::int64_t now_s = kStart);
/// The world's accepted transactions, signed by whom they name.
std::vector<std::string> signed_history(const World& world);
/// Submits all, one after another; every one must be accepted.
void submit_all(Ledger& ledger, const std::vector<std::string>& transactions);

/// Valid after city(): item n of department "ga"; person n of registrar "reg".
std::string item_tx(unsigned n, std::int64_t now_s = kStart);
std::string subject_tx(unsigned n, std::int64_t now_s = kStart);
std::string subject_name(unsigned n);

/// Digest of a closed ledger's whole state.
Hash32 digest_of(const std::filesystem::path& directory);
/// Copies the ledger's files without its state.
void copy_chunks(const std::filesystem::path& from, const std::filesystem::path& to);

std::string read_text(const std::filesystem::path& path);
void write_text(const std::filesystem::path& path, std::string_view text);

}  // namespace qc::chain::test
