// A witness of a ledger: fetches its newest head, checks that it extends the last one that was
// co-signed here, co-signs it, hands the co-signature in; and says so loudly when it does not.
#pragma once

#include <filesystem>
#include <string>

#include "sdk/client/client.hpp"
#include "sdk/proof/witness.hpp"

namespace qc::cli {

struct WitnessRound {
  std::string outcome;  ///< "cosigned", "unchanged" or "stale"
  std::uint64_t size = 0;
  std::string head, cosignature;
  std::string refused;  ///< code with which the host refused the co-signature, or ""
};

/// Its memory is one file in a folder of its own, replaced durably before a co-signature leaves, so
/// that whatever crashes, two heads that contradict each other are never both co-signed. Thread
/// contract: one thread; one process per folder (the caller holds the folder's lock).
class Witness {
 public:
  struct Options {
    std::filesystem::path folder;
    std::filesystem::path evidence;  ///< where to write it; empty: in the folder
  };
  /// Errors: "witness.state_invalid" when the memory is not this network's, host's and key's.
  static Result<Witness> open(client::Client& client, crypto::PrivateKey key, Options options);

  /// One look at the host. Errors: "client.*", "head.*" (not signed by the pinned host);
  /// "witness.fork" (the host's own signatures contradict each other), "witness.rolled_back" (it
  /// has no longer what it signed), "witness.unproven" (it does not prove that it has): after these
  /// three the evidence is on disk and the error's field names the file.
  Result<WitnessRound> look();

 private:
  struct Memory {
    std::string head, cosignature;
    bool delivered = false;
  };
  Witness(client::Client& client, crypto::PrivateKey key, Options options)
      : client_(client), key_(std::move(key)), options_(std::move(options)) {}
  Status load();
  Status keep(const Memory& memory);
  Result<WitnessRound> deliver(WitnessRound round);
  Result<WitnessRound> follow(const std::string& head, const proof::TreeHead& now);
  Error scream(const proof::HeadConflict& heads, const std::string& why);

  client::Client& client_;
  crypto::PrivateKey key_;
  Options options_;
  Memory memory_;  ///< `head` is "" before the first
};

}  // namespace qc::cli
