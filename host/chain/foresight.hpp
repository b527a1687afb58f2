// What transactions will ask the state for, read before their turn.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "host/chain/byte_budget.hpp"
#include "host/chain/kv_store.hpp"
#include "host/chain/rules.hpp"
#include "host/chain/state_store.hpp"
#include "sdk/proof/subject_map.hpp"

namespace qc::chain {

/// What one transaction will probably ask for, as the state of `batches` batches has it; read by
/// the threads that verify, so that the sequencer does not wait for the store. It only saves time:
/// what was written since is asked for anew (RecentWrites), and what is missing here is looked up.
/// Moved with its transaction; its part of the budget is given back with it.
class Foreseen {
 public:
  struct Entry {
    std::string key;
    std::uint64_t hash = 0;
    Document document;            ///< null: there was none
    std::unique_ptr<Json> alone;  ///< instead of `document`: nobody else has seen it
  };
  struct Subject {
    std::string account;
    std::uint64_t hash;
    std::optional<proof::SubjectValue> value;
  };

  Foreseen() = default;
  Foreseen(Foreseen&& other) noexcept { swap(other); }
  Foreseen& operator=(Foreseen&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Foreseen() {
    if (budget_ != nullptr) budget_->give_back(held_);
  }

  std::uint64_t batches = 0;
  std::vector<Entry> documents;
  std::vector<Subject> subjects;

  /// Takes what the documents hold from the budget, or forgets them when that is used up.
  void charge(ByteBudget& budget);

 private:
  void swap(Foreseen& other) noexcept {
    std::swap(batches, other.batches);
    std::swap(documents, other.documents);
    std::swap(subjects, other.subjects);
    std::swap(budget_, other.budget_);
    std::swap(held_, other.held_);
  }
  ByteBudget* budget_ = nullptr;
  std::size_t held_ = 0;
};

/// The state for a group of transactions that are verified together: keeps what was asked for, so
/// that the look-up of a signer serves the rules too. Thread contract: one thread.
class GroupReader final : public StateReader {
 public:
  explicit GroupReader(const KvReader& rows) : rows_(rows), state_(rows) {}
  Document find(const std::string& key) const override;
  void scan(const std::string& prefix, const std::string& start,
            const std::function<bool(const std::string&, const Json&)>& visit) const override {
    state_.scan(prefix, start, visit);
  }
  const KvReader& rows() const { return rows_; }

  /// Looks up at once what find() will be asked for.
  void expect(std::span<const std::string_view> keys) const;

  /// Not kept: for what belongs to one transaction.
  std::optional<Json> get(const std::string& key) const override { return state_.get(key); }
  /// The same of many.
  std::vector<std::optional<Json>> get_many(std::span<const std::string_view> keys) const;

 private:
  const KvReader& rows_;
  const StoredState state_;
  mutable std::unordered_map<std::string, Document> found_;
};

/// Reads ahead for transactions whose signatures are verified; one for each, in order. `batches`:
/// how many the group's state has.
std::vector<Foreseen> foresee(std::span<const Transaction* const> group, const GroupReader& state,
                              std::uint64_t batches);

/// Which keys were written by the last batches. A hash stands for a key: two keys with one hash
/// cost a look-up. Thread contract: one thread.
class RecentWrites {
 public:
  /// `batches`: how many there are before the first that is noted.
  explicit RecentWrites(std::uint64_t batches) : first_(batches), next_(batches) {}
  /// What batch number `next` wrote, and the subjects that it was about.
  void note(const Overlay::Writes& writes,
            const std::map<std::string, proof::SubjectValue>& subjects);
  /// Whether what was read from the state of `batches` batches is still so.
  bool unchanged(std::uint64_t hash, std::uint64_t batches) const;

 private:
  static constexpr std::size_t kMaxNoted = 200'000;  ///< some 10 MiB

  void forget_oldest();
  std::uint64_t first_;  ///< the oldest batch that is still noted
  std::uint64_t next_;
  std::deque<std::vector<std::uint64_t>> batches_;
  std::unordered_map<std::uint64_t, std::uint64_t> last_;  ///< hash -> batch that wrote it last
};

/// The state as the sequencer reads it: what was foreseen of the transaction at hand and is still
/// so, before what is below. Thread contract: one thread.
class Foresight final : public StateReader {
 public:
  Foresight(const StateReader& below, std::uint64_t batches) : below_(below), writes_(batches) {}

  /// Until the next call; null: nothing was foreseen. `foreseen` stays with the caller, but
  /// documents may be taken out of it.
  void look_at(Foreseen* foreseen) { now_ = foreseen; }
  /// What the next batch wrote.
  void wrote(const Overlay::Writes& writes,
             const std::map<std::string, proof::SubjectValue>& subjects) {
    writes_.note(writes, subjects);
  }
  /// Batches were undone; the next one has this number.
  void forget(std::uint64_t batches) { writes_ = RecentWrites(batches); }

  Document find(const std::string& key) const override;
  std::optional<Json> get(const std::string& key) const override;
  void scan(const std::string& prefix, const std::string& start,
            const std::function<bool(const std::string&, const Json&)>& visit) const override {
    below_.scan(prefix, start, visit);
  }
  /// Null: not foreseen.
  const Foreseen::Subject* subject(std::string_view account) const;

  /// Look-ups that foresight answered, and those that it left to the state below.
  struct Counters {
    std::uint64_t answered = 0, left = 0;
  };
  Counters counters() const { return counters_; }

 private:
  const StateReader& below_;
  RecentWrites writes_;
  Foreseen::Entry* entry_of(const std::string& key) const;
  Foreseen* now_ = nullptr;
  mutable Counters counters_;
};

}  // namespace qc::chain
