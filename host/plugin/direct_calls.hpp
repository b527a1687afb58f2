// Internal: calls of plugins inside the host that run on their callers' own threads, and the
// watchdog that looks after them.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace qc::plugin {

/// Which methods of one generation have proved quick. To hand a call to a thread that can be given
/// up costs some 10 us: nothing beside a call that asks a database, everything beside one that only
/// looks something up. So a method is handed over until it has answered kProof times running in
/// less than kQuick; from then on it is called directly, until it is slow once. Any thread.
class QuickMethods {
 public:
  static constexpr std::uint32_t kProof = 64;
  static constexpr std::chrono::milliseconds kQuick{1};

  class Record {
   public:
    bool proven() const { return in_a_row_.load(std::memory_order_relaxed) >= kProof; }
    void note(std::chrono::nanoseconds took) {
      if (took >= kQuick) {
        in_a_row_.store(0, std::memory_order_relaxed);
      } else if (const auto n = in_a_row_.load(std::memory_order_relaxed); n < kProof) {
        in_a_row_.store(n + 1, std::memory_order_relaxed);  // one lost beside another harms nobody
      }
    }

   private:
    friend class QuickMethods;
    std::string method_;
    std::atomic<std::uint32_t> in_a_row_{0};
  };

  /// Null when there are more methods than records: what is beyond them is always handed over.
  Record* find(const std::string& method);

 private:
  static constexpr std::size_t kMethods = 16;
  std::array<Record, kMethods> records_;
  std::atomic<std::size_t> count_{0};  ///< records below it do not change their names
  std::mutex mutex_;                   ///< of who adds one
};

/// Who is told of a direct call that is overdue, while it has not left the table.
class OverdueListener {
 public:
  /// On the watchdog's thread. Must not enter, leave, or end the table.
  virtual void on_overdue(const std::string& method) = 0;
  /// On the call's own thread, when an overdue one came back after all.
  virtual void on_late_return(const std::string& method) = 0;

 protected:
  ~OverdueListener() = default;
};

/// A table with a place for each thread that may be inside a plugin at a time, for all generations
/// of a host together. To enter and to leave is one exchange each. A watchdog thread looks at the
/// table and tells of a call that is overdue. A call that never returns keeps its thread and its
/// place: so at most `places` threads are ever lost, and after the last of them every call is
/// handed over again. Any thread.
class DirectCalls {
 public:
  /// How long after its deadline a call is noticed, on a machine that is not full.
  static constexpr std::chrono::milliseconds kLook{10};

  explicit DirectCalls(std::size_t places);
  ~DirectCalls();
  DirectCalls(const DirectCalls&) = delete;
  DirectCalls& operator=(const DirectCalls&) = delete;

 private:
  /// One line of the table, alone on its cache line.
  struct alignas(64) Place {
    std::atomic<std::int64_t> deadline_ns{0};  ///< by the steady clock; 0 = free
    std::atomic<OverdueListener*> listener{nullptr};
    std::atomic<const std::string*> method{nullptr};
  };

 public:
  /// A call under way; ends with leave() or with itself. It, its listener and its method must not
  /// outlive the table.
  class Entry {
   public:
    Entry(DirectCalls& calls, OverdueListener& listener, const std::string& method,
          std::chrono::steady_clock::time_point deadline);
    ~Entry() { static_cast<void>(leave()); }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    /// False when there was no place: the call may not be made on this thread.
    bool entered() const { return place_ != nullptr; }
    /// False when the call was overdue, of which its listener has been told.
    bool leave();

   private:
    DirectCalls& calls_;
    Place* place_ = nullptr;
    std::int64_t deadline_ns_;
  };

 private:
  void watch();

  std::vector<Place> places_;
  std::mutex mutex_;  ///< held while somebody is told, and to leave what was told of
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread watchdog_;
};

}  // namespace qc::plugin
