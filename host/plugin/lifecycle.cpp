#include "host/plugin/lifecycle.hpp"

namespace qc::plugin {
namespace {

struct Transition {
  State from;
  Event event;
  State to;
};

constexpr Transition kTable[] = {
    // One load runs through these in order; any of them may fail.
    {State::kDiscovered, Event::kVerified, State::kVerified},
    {State::kVerified, Event::kAdmitted, State::kAdmitted},
    {State::kAdmitted, Event::kLoaded, State::kLoaded},
    {State::kLoaded, Event::kConfigured, State::kConfigured},
    {State::kConfigured, Event::kActivated, State::kActive},
    // Out of service and back.
    {State::kActive, Event::kDrain, State::kDraining},
    {State::kActive, Event::kStop, State::kStopped},
    {State::kDraining, Event::kStop, State::kStopped},
    {State::kStopped, Event::kFound, State::kDiscovered},
    {State::kFailed, Event::kFound, State::kDiscovered},
    {State::kDiscovered, Event::kFound, State::kDiscovered},
    // Failure is possible wherever a step is under way.
    {State::kDiscovered, Event::kFail, State::kFailed},
    {State::kVerified, Event::kFail, State::kFailed},
    {State::kAdmitted, Event::kFail, State::kFailed},
    {State::kLoaded, Event::kFail, State::kFailed},
    {State::kConfigured, Event::kFail, State::kFailed},
    {State::kActive, Event::kFail, State::kFailed},
    {State::kDraining, Event::kFail, State::kFailed},
};

}  // namespace

std::optional<State> next_state(State from, Event event) {
  for (const Transition& transition : kTable) {
    if (transition.from == from && transition.event == event) return transition.to;
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
  }
  return "unknown";
}

std::string_view event_name(Event event) {
  switch (event) {
    case Event::kFound:
      return "found";
    case Event::kVerified:
      return "verified";
    case Event::kAdmitted:
      return "admitted";
    case Event::kLoaded:
      return "loaded";
    case Event::kConfigured:
      return "configured";
    case Event::kActivated:
      return "activated";
    case Event::kDrain:
      return "drain";
    case Event::kStop:
      return "stop";
    case Event::kFail:
      return "fail";
  }
  return "unknown";
}

}  // namespace qc::plugin
