#include "host/plugin/transitions.hpp"

#include <map>
#include <set>

#include <gtest/gtest.h>

namespace qc::plugin {
namespace {

using S = State;
using E = Event;

// Written anew rather than taken from the table: the two must agree on all 132 pairs.
std::map<std::pair<S, E>, S> expected() {
  return {{{S::kDiscovered, E::kDiscover}, S::kDiscovered},
          {{S::kFailed, E::kDiscover}, S::kDiscovered},
          {{S::kStopped, E::kDiscover}, S::kStopped},
          {{S::kActive, E::kDiscover}, S::kActive},
          {{S::kDraining, E::kDiscover}, S::kDraining},
          {{S::kDiscovered, E::kVerify}, S::kVerified},
          {{S::kStopped, E::kVerify}, S::kVerified},
          {{S::kFailed, E::kVerify}, S::kVerified},
          {{S::kVerified, E::kAdmit}, S::kAdmitted},
          {{S::kAdmitted, E::kLoad}, S::kLoaded},
          {{S::kLoaded, E::kConfigure}, S::kConfigured},
          {{S::kConfigured, E::kActivate}, S::kActive},
          {{S::kActive, E::kDrain}, S::kDraining},
          {{S::kActive, E::kStop}, S::kStopped},
          {{S::kDraining, E::kStop}, S::kStopped},
          {{S::kFailed, E::kStop}, S::kStopped},
          {{S::kDiscovered, E::kFail}, S::kFailed},
          {{S::kVerified, E::kFail}, S::kFailed},
          {{S::kAdmitted, E::kFail}, S::kFailed},
          {{S::kLoaded, E::kFail}, S::kFailed},
          {{S::kConfigured, E::kFail}, S::kFailed},
          {{S::kActive, E::kFail}, S::kFailed},
          {{S::kDraining, E::kFail}, S::kFailed},
          {{S::kStopped, E::kFail}, S::kFailed},
          {{S::kFailed, E::kFail}, S::kFailed},
          {{S::kDiscovered, E::kQuarantine}, S::kQuarantined},
          {{S::kActive, E::kWithdraw}, S::kStopped},
          {{S::kRestarting, E::kWithdraw}, S::kStopped},
          {{S::kDraining, E::kWithdraw}, S::kDraining},
          {{S::kQuarantined, E::kWithdraw}, S::kQuarantined},
          {{S::kActive, E::kCrash}, S::kRestarting},
          {{S::kActive, E::kQuarantine}, S::kQuarantined},
          {{S::kDraining, E::kCrash}, S::kDraining},
          {{S::kDraining, E::kQuarantine}, S::kDraining},
          {{S::kRestarting, E::kDiscover}, S::kRestarting},
          {{S::kRestarting, E::kRecover}, S::kActive},
          {{S::kRestarting, E::kCrash}, S::kRestarting},
          {{S::kRestarting, E::kQuarantine}, S::kQuarantined},
          {{S::kRestarting, E::kActivate}, S::kActive},
          {{S::kRestarting, E::kDrain}, S::kDraining},
          {{S::kRestarting, E::kStop}, S::kStopped},
          {{S::kRestarting, E::kFail}, S::kFailed},
          {{S::kQuarantined, E::kDiscover}, S::kQuarantined},
          {{S::kQuarantined, E::kActivate}, S::kActive},
          {{S::kQuarantined, E::kStop}, S::kStopped}};
}

TEST(TransitionsTest, EveryPairOfStateAndEventIsAsWritten) {
  const auto table = expected();
  int pairs = 0;
  for (const State state : kAllStates) {
    for (const Event event : kAllEvents) {
      const auto next = next_state(state, event);
      const auto found = table.find({state, event});
      EXPECT_EQ(next.has_value(), found != table.end())
          << state_name(state) << " + " << event_name(event);
      if (next && found != table.end()) {
        EXPECT_EQ(*next, found->second) << state_name(state) << " + " << event_name(event);
      }
      ++pairs;
    }
  }
  EXPECT_EQ(pairs, 143);
}

TEST(TransitionsTest, NothingTakesCallsWithoutEachStepBeforeIt) {
  State state = State::kDiscovered;
  for (const Event event :
       {Event::kVerify, Event::kAdmit, Event::kLoad, Event::kConfigure, Event::kActivate}) {
    for (const Event other : {Event::kAdmit, Event::kLoad, Event::kConfigure, Event::kActivate}) {
      EXPECT_EQ(next_state(state, other).has_value(), other == event) << state_name(state);
    }
    state = next_state(state, event).value();
  }
  EXPECT_EQ(state, State::kActive);
}

TEST(TransitionsTest, OnlyAnOperatorEndsAQuarantine) {
  for (const Event event : kAllEvents) {
    const auto next = next_state(State::kQuarantined, event);
    const bool operators = event == Event::kActivate || event == Event::kStop;
    EXPECT_EQ(next.has_value() && *next != State::kQuarantined, operators) << event_name(event);
  }
  EXPECT_FALSE(next_state(State::kQuarantined, Event::kRecover));
}

TEST(TransitionsTest, WhatTheLedgerWithdrewTakesNoCalls) {
  for (const State state : kAllStates) {
    const auto next = next_state(state, Event::kWithdraw);
    if (next) {
      EXPECT_NE(*next, State::kActive) << state_name(state);
      EXPECT_NE(*next, State::kRestarting) << state_name(state);
    }
  }
  EXPECT_EQ(next_state(State::kActive, Event::kWithdraw), State::kStopped);
}

TEST(TransitionsTest, NothingRisesThatDidNotFall) {
  for (const State state : kAllStates) {
    EXPECT_EQ(next_state(state, Event::kRecover).has_value(), state == State::kRestarting)
        << state_name(state);
  }
}

TEST(TransitionsTest, NamesAreDistinct) {
  std::set<std::string_view> names;
  for (const State state : kAllStates) names.insert(state_name(state));
  for (const Event event : kAllEvents) names.insert(event_name(event));
  EXPECT_EQ(names.size(), 24U);
}

}  // namespace
}  // namespace qc::plugin
