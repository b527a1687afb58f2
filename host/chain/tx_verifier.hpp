// From bytes to verified transactions, many at once.
#pragma once

#include <string_view>
#include <vector>

#include "host/chain/ingest_keys.hpp"
#include "host/chain/ledger.hpp"
#include "sdk/crypto/sm2_batch.hpp"

namespace qc::chain {

/// What the outcome of a verification depends on.
struct VerifyContext {
  std::string_view chain;
  const crypto::PublicKey& host_key;
  const StateReader& state;
};

/// Parses transactions and verifies each signature once. Keys at hand, mostly with tables, share
/// their hashing (crypto::verify_for_hints); unseen ones are verified one by one, or, where
/// submitters gave hints, go through a BatchVerifier as one sum, and a sum that fails is split to
/// the culprit. Each transaction's outcome is the same as if it had come alone, and carries the
/// hint for later batches.
/// Thread contract: one object, one thread; it keeps the BatchVerifier's working memory.
class TxVerifier {
 public:
  explicit TxVerifier(IngestKeys& keys) : keys_(keys) {}

  /// One outcome for each submission, in order. Errors: parse errors, "tx.wrong_chain",
  /// "tx.unknown_key", "tx.bad_signature", "ledger.wrong_host_key".
  std::vector<Result<Transaction>> run(std::vector<Submission> submissions,
                                       const VerifyContext& context);

  /// How signatures that came with hints were decided.
  const crypto::BatchVerifier::Counters& counters() const { return batch_.counters(); }

 private:
  struct Pending;
  void verify_known(const std::vector<Pending>& pending, std::vector<Result<Transaction>>& out);
  void verify_hinted(const std::vector<Pending>& pending, std::vector<Result<Transaction>>& out);

  IngestKeys& keys_;
  crypto::BatchVerifier batch_;
};

}  // namespace qc::chain
