#include "host/plugin/transitions.hpp"

namespace qc::plugin {
namespace {

struct Row {
  State from;
  Event event;
  State to;
};

// Absent pairs are refused. Loading starts anew (kVerify) from where nothing runs: a generation
// beside an active one has a life of its own and does not pass through its predecessor's row.
constexpr Row kTable[] = {
    {State::kDiscovered, Event::kDiscover, State::kDiscovered},
    {State::kDiscovered, Event::kVerify, State::kVerified},
    {State::kDiscovered, Event::kFail, State::kFailed},
    // What was quarantined before the host was restarted.
    {State::kDiscovered, Event::kQuarantine, State::kQuarantined},

    {State::kVerified, Event::kAdmit, State::kAdmitted},
    {State::kVerified, Event::kFail, State::kFailed},

    {State::kAdmitted, Event::kLoad, State::kLoaded},
    {State::kAdmitted, Event::kFail, State::kFailed},

    {State::kLoaded, Event::kConfigure, State::kConfigured},
    {State::kLoaded, Event::kFail, State::kFailed},

    {State::kConfigured, Event::kActivate, State::kActive},
    {State::kConfigured, Event::kFail, State::kFailed},

    {State::kActive, Event::kDiscover, State::kActive},
    {State::kActive, Event::kDrain, State::kDraining},
    {State::kActive, Event::kStop, State::kStopped},
    {State::kActive, Event::kFail, State::kFailed},
    {State::kActive, Event::kCrash, State::kRestarting},
    {State::kActive, Event::kQuarantine, State::kQuarantined},
    {State::kActive, Event::kWithdraw, State::kStopped},

    {State::kDraining, Event::kDiscover, State::kDraining},
    {State::kDraining, Event::kStop, State::kStopped},
    {State::kDraining, Event::kFail, State::kFailed},
    // What was in flight has failed; whoever drains goes on to the stop.
    {State::kDraining, Event::kCrash, State::kDraining},
    {State::kDraining, Event::kQuarantine, State::kDraining},
    {State::kDraining, Event::kWithdraw, State::kDraining},

    {State::kStopped, Event::kDiscover, State::kStopped},
    {State::kStopped, Event::kVerify, State::kVerified},
    {State::kStopped, Event::kFail, State::kFailed},

    {State::kFailed, Event::kDiscover, State::kDiscovered},
    {State::kFailed, Event::kVerify, State::kVerified},
    {State::kFailed, Event::kStop, State::kStopped},
    {State::kFailed, Event::kFail, State::kFailed},

    // Activation: a generation that was loaded beside the fallen one has passed the steps itself.
    {State::kRestarting, Event::kDiscover, State::kRestarting},
    {State::kRestarting, Event::kRecover, State::kActive},
    {State::kRestarting, Event::kCrash, State::kRestarting},
    {State::kRestarting, Event::kQuarantine, State::kQuarantined},
    {State::kRestarting, Event::kActivate, State::kActive},
    {State::kRestarting, Event::kDrain, State::kDraining},
    {State::kRestarting, Event::kStop, State::kStopped},
    {State::kRestarting, Event::kFail, State::kFailed},
    {State::kRestarting, Event::kWithdraw, State::kStopped},

    {State::kQuarantined, Event::kDiscover, State::kQuarantined},
    {State::kQuarantined, Event::kActivate, State::kActive},
    {State::kQuarantined, Event::kStop, State::kStopped},
    // Nothing of it runs, and why it does not is not to be forgotten.
    {State::kQuarantined, Event::kWithdraw, State::kQuarantined},
};

}  // namespace

std::optional<State> next_state(State state, Event event) {
  for (const Row& row : kTable) {
    if (row.from == state && row.event == event) return row.to;
  }
  return std::nullopt;
}

std::string_view state_name(State state) {
  switch (state) {
    case State::kDiscovered:
      return "discovered";
    case State::kVerified:
      return "verified";
    case State::kAdmitted:
      return "admitted";
    case State::kLoaded:
      return "loaded";
    case State::kConfigured:
      return "configured";
    case State::kActive:
      return "active";
    case State::kDraining:
      return "draining";
    case State::kStopped:
      return "stopped";
    case State::kFailed:
      return "failed";
    case State::kRestarting:
      return "restarting";
    case State::kQuarantined:
      return "quarantined";
  }
  return "unknown";
}

std::string_view event_name(Event event) {
  switch (event) {
    case Event::kDiscover:
      return "discover";
    case Event::kVerify:
      return "verify";
    case Event::kAdmit:
      return "admit";
    case Event::kLoad:
      return "load";
    case Event::kConfigure:
      return "configure";
    case Event::kActivate:
      return "activate";
    case Event::kDrain:
      return "drain";
    case Event::kStop:
      return "stop";
    case Event::kFail:
      return "fail";
    case Event::kCrash:
      return "crash";
    case Event::kRecover:
      return "recover";
    case Event::kQuarantine:
      return "quarantine";
    case Event::kWithdraw:
      return "withdraw";
  }
  return "unknown";
}

}  // namespace qc::plugin
