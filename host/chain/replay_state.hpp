// The rules' state during an audit: in memory, and what does not fit in a temporary store.
#pragma once

#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <unordered_map>

#include "host/chain/keys.hpp"
#include "host/chain/kv_store.hpp"
#include "host/chain/replay_lists.hpp"
#include "host/chain/replay_nonces.hpp"
#include "host/chain/state.hpp"

namespace qc::chain {

/// A document in memory, and where it is going.
struct ReplaySlot {
  Document value;                           ///< null: as text, or erased
  std::unique_ptr<const std::string> text;  ///< null: never made; both null: erased
  std::size_t bytes = 0;                    ///< counted as used
  std::size_t hot = 0;                      ///< of them, counted as hot
  bool stored = false;                      ///< equal in the temporary store
  bool queued = false;                      ///< waits for its turn to become text, or for the text
  bool touched = false;                     ///< used since its turn
  bool lent = false;                        ///< given away to be written again
};
using ReplaySlots = std::unordered_map<std::string, ReplaySlot>;

/// Documents that become text, and such as only need to be taken apart: work that may be done away
/// from the thread that goes in order. Thread contract: one thread at a time.
class Cooling {
 public:
  void run();

 private:
  friend class ReplayState;
  struct Item {
    ReplaySlots::value_type* entry;
    Document document;
    std::unique_ptr<const std::string> text;
  };
  std::vector<Item> items_;
  std::vector<Document> done_with_;
  std::uint64_t spills_ = 0;  ///< when they were taken
};

/// State above nothing, for one thread that applies transaction after transaction. Documents that
/// were used lately are kept as they are, `hot_bytes` of them; others as text, a fifth of that and
/// nothing to take apart in the end. What does not fit into `memory_bytes` goes, all of it, to a
/// RocksDB store in a temporary folder, and what is asked for again is read back. Nonces and lists
/// are kept apart, in a fifth of what they would take as documents, until they are most of the
/// memory or do not have the form that the rules give them. Thread contract: one thread.
class ReplayState final : public StateReader {
 public:
  static constexpr std::size_t kHotBytes = 32U << 20U;
  explicit ReplayState(std::size_t memory_bytes, std::size_t hot_bytes = kHotBytes)
      : memory_bytes_(memory_bytes), most_hot_bytes_(std::min(hot_bytes, memory_bytes / 2)) {}
  ~ReplayState() override;
  ReplayState(const ReplayState&) = delete;
  ReplayState& operator=(const ReplayState&) = delete;

  Document find(const std::string& key) const override;
  /// While lending, the document itself where nobody else has it.
  std::optional<Json> get(const std::string& key) const override;
  void scan(const std::string& prefix, const std::string& start,
            const std::function<bool(const std::string&, const Json&)>& visit) const override;

  /// For rules that write again each request, grant and access that they get(), and ask for it
  /// once: from now on these are given away instead of copied. What has not come back by absorb()
  /// is an error there, and so is what was asked for meanwhile.
  void lend(bool lending) { lending_ = lending; }
  /// Takes over what an accepted transaction wrote. Errors: "audit.io", "ledger.io",
  /// "audit.state" (see lend()).
  Status absorb(Overlay::Writes&& writes);
  /// What is to become text by now; stays as it is here until it comes back.
  Cooling take_cooling();
  /// Takes the texts of those that were not used in the meantime.
  void settle(Cooling cooled);
  /// As snapshot_digest() where the ledger stands at `at`. Writes all documents to the temporary
  /// store: memory does not grow. Errors: "audit.io", "ledger.io".
  Result<Hash32> digest(std::string_view chain, const Position& at);
  /// First failed read of the temporary store, or what is wrong with the use of lend(), or "".
  std::string failure() const;
  std::uint64_t spills() const { return spills_; }
  /// Kept in memory, about.
  std::size_t bytes() const { return used_bytes_ + nonces_.bytes() + lists_.bytes(); }

 private:
  /// Keys in memory of one family ("nonce/…"), in order, from the family's first scan on.
  /// The names are those of `slots_`: what goes there goes here first.
  using Index = std::set<std::string_view>;
  Index& index_of(std::string_view family) const;
  void put(std::string name, Document value);
  /// True when nonces or lists took it.
  bool put_apart(const std::string& key, const Document& value);
  using Visit = std::function<bool(const std::string&, const Json&)>;
  /// Which families a scan has not come to.
  struct Apart {
    bool nonces;
    bool lists;
  };
  /// Of those waiting, what comes before the document `below`; "": all.
  bool scan_apart(Apart& waiting, std::string_view below, const std::string& start,
                  const Visit& visit) const;
  /// Those of `slots_` and of the temporary store; false when the visitor ended it.
  bool scan_documents(const std::string& prefix, const std::string& start,
                      const Visit& visit) const;
  /// The slot's value, parsed when it is text; null when it was erased.
  static Document value_of(const ReplaySlot& slot);
  /// Takes the slot's memory into account, and its document among the hot ones.
  void count(ReplaySlots::value_type& entry) const;
  void forget(ReplaySlot& slot) const;
  /// Lets what was not used for longest become text, until the rest fits.
  void cool();
  Status open_spill();
  Status spill();
  Status write_spill(KvBatch& batch, std::size_t at_least);

  std::size_t memory_bytes_;
  std::size_t most_hot_bytes_;
  mutable std::size_t used_bytes_ = 0;
  mutable std::size_t hot_bytes_ = 0;
  mutable ReplaySlots slots_;
  ReplayNonces nonces_;
  ReplayLists lists_;
  /// Whether all of that family are there; else none is.
  bool nonces_apart_ = true;
  bool lists_apart_ = true;
  bool odd_ = false;  ///< a row of the wrong form came: to be one of `slots_` with all others
  bool lending_ = false;
  mutable std::vector<ReplaySlot*> lent_;
  mutable bool misused_ = false;
  Cooling cooling_;
  mutable std::deque<ReplaySlots::value_type*>
      hot_;  ///< in the order of their turn; none is erased
  mutable std::map<std::string, Index, std::less<>> indexes_;
  std::filesystem::path folder_;
  std::unique_ptr<KvStore> spill_;
  std::uint64_t spills_ = 0;
};

}  // namespace qc::chain
