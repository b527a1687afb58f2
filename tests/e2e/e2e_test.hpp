// One live city for all end-to-end tests of a program, with the first story played.
#pragma once

#include <algorithm>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "sdk/base/files.hpp"
#include "tests/e2e/live_city.hpp"

namespace qc::tests {

/// The city is made when the first test asks for it and goes at the end of the program. Tests leave
/// its host running.
class E2e : public ::testing::Test {
 protected:
  static LiveCity& city();
  /// The document of the first story, played once.
  static const Json& first_story();
  void SetUp() override;
};

/// The facts of step n (1 to 9).
inline const Json& facts(const Json& story, std::size_t n) {
  return story.at("steps").at(n - 1).at("facts");
}

/// The wallet options of a story's citizen.
std::vector<std::string> wallet_options(const LiveCity& city, const Json& story);

template <typename List, typename Predicate>
bool any(const List& list, Predicate predicate) {
  return std::any_of(list.begin(), list.end(), predicate);
}

}  // namespace qc::tests
