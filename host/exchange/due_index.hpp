// Which standing grants are to be looked at when, so that asking what is due costs what is due and
// not what was ever granted.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "host/exchange/due_flow.hpp"

namespace qc::exchange {

/// In memory, for the products that are asked about: the first question reads the consumer's grants
/// once, from then on the ledger's events add to it. It judges nothing and loses nothing: a grant
/// is filed under the time when due_of_grant() may next say something else of it than "not yet",
/// and only one that has ended is dropped. Any thread, concurrently; of one product one question at
/// a time.
class DueIndex {
 public:
  /// Runs its argument on a snapshot of the ledger's state.
  using Read = std::function<void(const std::function<void(const chain::StateReader&)>&)>;

  /// What `published` brings: a standing grant was given or got its last signature. In the ledger's
  /// order; what is not told here until the first question after it is found by that question.
  void follow(const chain::Published& published, const chain::StateReader& state);
  /// Everything below `size` was followed.
  void reached(std::uint64_t size);
  /// Until that is so, at most `most`.
  void await(std::uint64_t size, std::chrono::milliseconds most) const;

  struct Answer {
    Json due = Json::array(), held = Json::array();  ///< as due_accesses() lists them
    std::int64_t next_s = 0;                         ///< 0 = none follows
  };
  Answer ask(const std::string& consumer, const DueTerms& terms, const Read& read);

 private:
  /// One product's grants.
  struct Schedule {
    std::mutex turn;
    bool read_once = false;                  ///< under `turn`, as the next
    std::map<std::string, std::int64_t> at;  ///< by grant: seconds since the epoch
    std::set<std::pair<std::int64_t, std::string>> order;
    std::vector<std::string> fresh;  ///< under the index's mutex: not filed yet

    void file(const std::string& grant, std::int64_t when_s);
    void drop(const std::string& grant);
  };
  using Key = std::pair<std::string, std::string>;  ///< consumer, product

  static Answer judge(Schedule& schedule, const chain::StateReader& state, const DueTerms& terms);

  mutable std::mutex mutex_;
  mutable std::condition_variable moved_;
  std::uint64_t reached_ = 0;
  std::map<Key, std::shared_ptr<Schedule>> schedules_;
};

}  // namespace qc::exchange
