// The life of a plugin as one explicit table.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "host/plugin/manager.hpp"

namespace qc::plugin {

/// What can happen to a plugin.
enum class Event {
  kFound,
  kVerified,
  kAdmitted,
  kLoaded,
  kConfigured,
  kActivated,
  kDrain,
  kStop,
  kFail
};

inline constexpr std::array kStates{State::kDiscovered, State::kVerified,   State::kAdmitted,
                                    State::kLoaded,     State::kConfigured, State::kActive,
                                    State::kDraining,   State::kStopped,    State::kFailed};
inline constexpr std::array kEvents{Event::kFound,  Event::kVerified,   Event::kAdmitted,
                                    Event::kLoaded, Event::kConfigured, Event::kActivated,
                                    Event::kDrain,  Event::kStop,       Event::kFail};

/// The state after `event`, or nullopt when the event is not possible in `from`. Any thread.
std::optional<State> next_state(State from, Event event);
std::string_view event_name(Event event);

}  // namespace qc::plugin
