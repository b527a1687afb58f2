#include "host/plugin/share_watch.hpp"

#include <algorithm>

namespace qc::plugin {
namespace {

using std::chrono::milliseconds;

/// That much of its own, at more than half a processor or what it may use, and it goes behind.
constexpr milliseconds kPatience{30};
constexpr std::uint32_t kBurningPercent = 50;
constexpr std::uint32_t kCalmPercent = 10;

/// A tenth more than it may use: one thread that never rests measures as some 100 percent.
std::uint32_t beyond(std::uint32_t percent) { return percent + percent / 10; }
/// A lane looks for its next call for a moment after each (runner/spin.hpp).
constexpr std::chrono::microseconds kSpinOfACall{25};
/// Calm for so long, and it comes back; twice as long if it was back only shortly.
constexpr milliseconds kFirstSentence{1000};
constexpr milliseconds kLongestSentence{60'000};

constexpr milliseconds kQuiet{100};
constexpr milliseconds kAttentive{20};
constexpr milliseconds kSuspicious{10};
constexpr milliseconds kDemoted{50};

}  // namespace

void ShareWatch::begin(const Look& look) {
  last_ = look;
  active_ = false;
  burned_ = burned_in_ = Time(0);
  calm_since_ = look.now;
}

ShareWatch::Verdict ShareWatch::look(const Look& look,
                                     const std::function<bool()>& wants_processor) {
  const Time elapsed = look.now - last_.now;
  const std::uint64_t calls = look.calls - last_.calls;
  const Time covered = (look.covered - last_.covered) + calls * Time(kSpinOfACall);
  const Time own = std::max(look.processor - last_.processor - covered, Time(0));
  active_ = calls > 0;
  last_ = look;
  return demoted_ ? judge_demoted(look.now, own, elapsed, wants_processor)
                  : judge_free(look.now, own, elapsed);
}

ShareWatch::Verdict ShareWatch::judge_free(Moment now, Time own, Time elapsed) {
  if (own * 100 < elapsed * std::max(beyond(percent_), kBurningPercent)) {
    burned_ = burned_in_ = Time(0);
    return Verdict::kStay;
  }
  burned_ += own;
  burned_in_ += elapsed;
  if (burned_ < kPatience) return Verdict::kStay;
  const bool again = sentence_.count() > 0 && now - promoted_ < 10 * sentence_;
  sentence_ = again ? std::min(2 * sentence_, kLongestSentence) : kFirstSentence;
  calm_since_ = now;
  demoted_ = true;
  return Verdict::kDemote;
}

ShareWatch::Verdict ShareWatch::judge_demoted(Moment now, Time own, Time elapsed,
                                              const std::function<bool()>& wants_processor) {
  if (own * 100 >= elapsed * std::max(beyond(percent_), kCalmPercent) || wants_processor()) {
    calm_since_ = now;
    return Verdict::kStay;
  }
  if (now - calm_since_ < sentence_) return Verdict::kStay;
  burned_ = burned_in_ = Time(0);
  promoted_ = now;
  demoted_ = false;
  return Verdict::kPromote;
}

milliseconds ShareWatch::pause() const {
  if (demoted_) return kDemoted;
  if (burned_.count() > 0) return kSuspicious;
  return active_ ? kAttentive : kQuiet;
}

}  // namespace qc::plugin
