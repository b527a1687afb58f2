// The life cycle of a plugin as one table.
#pragma once

#include <optional>
#include <string_view>

#include "host/plugin/manager.hpp"

namespace qc::plugin {

enum class Event {
  kDiscover,    ///< its manifest was read
  kVerify,      ///< the library's digest is the manifest's
  kAdmit,       ///< the ledger admits exactly this package
  kLoad,        ///< mapped, ABI checked, instance created
  kConfigure,   ///< described itself as its manifest says and took its settings
  kActivate,    ///< healthy: takes calls
  kDrain,       ///< no new calls
  kStop,        ///< let go
  kFail,        ///< a step failed; the reason is kept
  kCrash,       ///< its runner died; another one is started after a while
  kRecover,     ///< the new runner is up and configured as the last one was
  kQuarantine,  ///< its runners died too often; nothing is started until an operator says so
  kWithdraw,    ///< the ledger does not admit it any more
};
std::string_view event_name(Event event);

/// Where `event` leads from `state`, or nothing when it must not happen there. Any thread.
std::optional<State> next_state(State state, Event event);

/// All states and events, in order: for those who must treat each.
inline constexpr State kAllStates[] = {State::kDiscovered, State::kVerified,   State::kAdmitted,
                                       State::kLoaded,     State::kConfigured, State::kActive,
                                       State::kDraining,   State::kStopped,    State::kFailed,
                                       State::kRestarting, State::kQuarantined};
inline constexpr Event kAllEvents[] = {
    Event::kDiscover, Event::kVerify,     Event::kAdmit,   Event::kLoad, Event::kConfigure,
    Event::kActivate, Event::kDrain,      Event::kStop,    Event::kFail, Event::kCrash,
    Event::kRecover,  Event::kQuarantine, Event::kWithdraw};

}  // namespace qc::plugin
