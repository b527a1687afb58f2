// Internal: when a runner uses more of the processors than its calls account for.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace qc::plugin {

/// Decides when a runner goes behind all others, and when it comes back. Its own share is what it
/// used beyond its calls: a call accounts for one processor for the first ten seconds of its time,
/// which is longer than work takes that its deadline was meant for. Knows times only, asks no
/// clock. One thread.
class ShareWatch {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  using Time = std::chrono::nanoseconds;

  /// `percent` of one processor is its own to use.
  explicit ShareWatch(std::uint32_t percent = 0) : percent_(percent) {}

  static constexpr std::chrono::seconds kCallCovers{10};

  /// What is read of a runner; all but `now` since its start.
  struct Look {
    Moment now;
    Time processor{0};
    Time covered{0};  ///< by its calls
    std::uint64_t calls = 0;
  };
  enum class Verdict { kStay, kDemote, kPromote };

  /// Another runner of the same plugin takes over: what the last one was is not forgotten.
  void begin(const Look& look);
  /// `wants_processor`: whether it would use a processor now if it had one; asked only when it is
  /// behind all others, since who gets no processor uses none.
  Verdict look(const Look& look, const std::function<bool()>& wants_processor);
  /// Until the next look: often while it may be up to something.
  std::chrono::milliseconds pause() const;

  bool demoted() const { return demoted_; }
  /// Its own share in the looks that counted against it, and how long these were.
  Time burned() const { return burned_; }
  Time burned_in() const { return burned_in_; }
  /// It could not be brought back, so it is not tried again; or it could not be demoted.
  void set_demoted(bool demoted) { demoted_ = demoted; }

 private:
  Verdict judge_free(Moment now, Time own, Time elapsed);
  Verdict judge_demoted(Moment now, Time own, Time elapsed,
                        const std::function<bool()>& wants_processor);

  std::uint32_t percent_;
  Look last_;
  bool active_ = false;
  bool demoted_ = false;
  Time burned_{0};
  Time burned_in_{0};
  Moment calm_since_;
  Moment promoted_;
  std::chrono::milliseconds sentence_{0};
};

}  // namespace qc::plugin
