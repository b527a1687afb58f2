// Members that watch the ledger co-sign its heads: what is taken from them, kept beside the chunks
// (`<chunk>.witnessed`, one {"cosignature":"<JWS>","head":"<JWS>"} a line) and shown.
#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "host/chain/ledger.hpp"

namespace qc::chain {

struct Cosignature {
  std::string account;
  std::uint64_t size = 0;  ///< of the tree whose head it signs
  std::string jws;
  std::string head;  ///< the host's own signature over the same
};

/// Lines of a file of co-signatures, as read.
struct WitnessedLine {
  std::string cosignature, head;  ///< JWS
  std::uint64_t offset = 0;
};
struct WitnessedFile {
  std::vector<WitnessedLine> lines;
  std::uint64_t complete_bytes = 0;  ///< up to the last whole line
  std::string torn;                  ///< what follows it
  std::string defect;                ///< first line of another form, if any
  std::uint64_t defect_offset = 0;
};
WitnessedFile parse_witnessed(std::string_view bytes);

/// Opens a co-signature with the key of that name as the state knows it, replaced ones too.
/// Errors: "head.*", "tx.unknown_key".
struct OpenedCosignature {
  std::string account;
  proof::TreeHead head;
  std::uint64_t key_index = 0;  ///< transaction that brought the key
};
Result<OpenedCosignature> open_cosignature(const std::string& jws, const StateReader& state,
                                           std::string_view chain);

/// Thread contract: any thread.
class Witnesses {
 public:
  /// Reads the newest of the files, to show what was co-signed before; an incomplete last line was
  /// never acknowledged and is cut off. Error: "ledger.io". `ledger` must outlive it.
  static Result<std::unique_ptr<Witnesses>> open(const Ledger& ledger,
                                                 std::filesystem::path chunks);

  /// The ledger's latest head, remembered for a while so that it can be co-signed. Error:
  /// "ledger.empty".
  Result<std::string> show();
  /// Takes a co-signature of a head that was shown, made with the present key of this account,
  /// durably. Errors: "witness.invalid", "witness.not_the_signer", "witness.wrong_head" (no such
  /// head), "witness.unknown_head" (shown too long ago, or before the key was on the ledger),
  /// "witness.too_often", "ledger.io".
  Result<std::uint64_t> take(const std::string& account, const std::string& jws);
  /// The newest of each witness, the greatest tree first, at most 16.
  std::vector<Cosignature> newest() const;

 private:
  struct Shown {
    std::uint64_t size = 0;
    std::string head, payload;
  };
  struct Last {
    Cosignature cosignature;
    std::optional<std::chrono::steady_clock::time_point> taken_at;
  };
  Witnesses(const Ledger& ledger, std::filesystem::path chunks)
      : ledger_(ledger), chunks_(std::move(chunks)) {}
  Status load();
  Status append(const Cosignature& cosignature);
  /// The host's signature over what was co-signed.
  Result<std::string> shown_head(std::uint64_t size, const std::string& payload) const;

  const Ledger& ledger_;
  const std::filesystem::path chunks_;
  mutable std::mutex mutex_;
  std::deque<Shown> shown_;  ///< the newest last
  std::map<std::string, Last> last_;
};

}  // namespace qc::chain
