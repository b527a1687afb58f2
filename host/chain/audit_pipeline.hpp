// Internal: the audit's threads. Windows are read by one at a time, prepared by any, checked in
// order by one at a time, and then their signatures are verified by any again.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "host/chain/audit_check.hpp"
#include "host/chain/audit_window.hpp"
#include "sdk/crypto/sm2_batch.hpp"
#include "sdk/crypto/sm2_key_cache.hpp"

namespace qc::chain {

class AuditPipeline {
 public:
  AuditPipeline(const ChunkListing& listing, AuditCheck& check, unsigned threads)
      : listing_(listing), check_(check), threads_(threads), reader_(listing) {}

  /// Runs to the end of the ledger or to the first defect. Errors: failures to read or keep state.
  Status run();

  /// The first transaction whose signature does not hold: it comes before whatever defect the check
  /// found, as the check has passed it.
  struct BadSignature {
    AuditDefect defect;
    Position before;  ///< of its record
  };
  const std::optional<BadSignature>& bad_signature() const { return bad_; }
  std::uint64_t batch_verified() const { return batch_verified_; }
  std::uint64_t single_verified() const { return single_verified_; }

 private:
  struct Slot {
    std::unique_ptr<AuditWindow> window;
    bool prepared = false;
  };
  struct Checked {
    std::unique_ptr<AuditWindow> window;
    Cooling cooling;
  };
  struct Group {
    std::vector<std::unique_ptr<AuditWindow>> windows;
    bool last = false;
  };
  using Lock = std::unique_lock<std::mutex>;
  void work();
  bool can_check() const;
  bool can_prepare() const;
  bool can_read() const;
  bool finished() const;
  /// Neighbouring windows whose records' hashes were checked together.
  Result<Group> read_group();
  void read(Lock& lock);
  void prepare(Lock& lock);
  void check(Lock& lock);
  void verify(Lock& lock, crypto::BatchVerifier& verifier);
  std::optional<BadSignature> first_bad(const AuditWindow& window, crypto::BatchVerifier& verifier);
  BadSignature describe(const AuditWindow& window, std::size_t bad) const;

  const ChunkListing& listing_;
  AuditCheck& check_;
  unsigned threads_;
  WindowReader reader_;
  crypto::KeyCache keys_;

  std::mutex mutex_;  ///< guards what follows, and whose turn it is with reader_ and check_
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Slot>> waiting_;  ///< for their check, in order
  std::deque<Slot*> to_prepare_;               ///< of those waiting
  std::deque<Checked> to_verify_;
  std::vector<std::string> spare_;  ///< memory of windows that are done, for the reader
  std::vector<Cooling> cooled_;     ///< for the check to take back
  std::size_t in_flight_ = 0;       ///< windows taken to be prepared and not yet verified
  unsigned running_ = 0;            ///< threads at work on a window
  bool reading_ = false;
  bool checking_ = false;
  bool read_all_ = false;
  bool stopped_ = false;  ///< a defect or a failure: only what was checked is still verified
  Status failure_;
  std::optional<BadSignature> bad_;
  std::uint64_t batch_verified_ = 0;
  std::uint64_t single_verified_ = 0;
};

}  // namespace qc::chain
