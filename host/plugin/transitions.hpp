// The life cycle of a plugin as one table.
#pragma once

#include <optional>
#include <string_view>

#include "host/plugin/manager.hpp"

namespace qc::plugin {

enum class Event {
  kDiscover,   ///< its manifest was read
  kVerify,     ///< the library's digest is the manifest's
  kAdmit,      ///< the ledger admits exactly this package
  kLoad,       ///< mapped, ABI checked, instance created
  kConfigure,  ///< described itself as its manifest says and took its settings
  kActivate,   ///< healthy: takes calls
  kDrain,      ///< no new calls
  kStop,       ///< let go
  kFail,       ///< a step failed; the reason is kept
};
std::string_view event_name(Event event);

/// Where `event` leads from `state`, or nothing when it must not happen there. Any thread.
std::optional<State> next_state(State state, Event event);

/// All states and events, in order: for those who must treat each.
inline constexpr State kAllStates[] = {State::kDiscovered, State::kVerified,   State::kAdmitted,
                                       State::kLoaded,     State::kConfigured, State::kActive,
                                       State::kDraining,   State::kStopped,    State::kFailed};
inline constexpr Event kAllEvents[] = {Event::kDiscover, Event::kVerify,    Event::kAdmit,
                                       Event::kLoad,     Event::kConfigure, Event::kActivate,
                                       Event::kDrain,    Event::kStop,      Event::kFail};

}  // namespace qc::plugin
