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

  /// The document of a run that must succeed.
  static Json done(const std::vector<std::string>& words, std::string_view input = {});
  static Json done_as(const std::string& account, const std::vector<std::string>& words);
  /// The code of a run that must not.
  static std::string refused(const std::vector<std::string>& words);
  static std::string refused_as(const std::string& account, const std::vector<std::string>& words);
  /// The file with the passphrase of the city's keys.
  static std::string passphrase();
};

/// The facts of step n (1 to 10).
inline const Json& facts(const Json& story, std::size_t n) {
  return story.at("steps").at(n - 1).at("facts");
}

inline std::vector<std::string> with(std::vector<std::string> words,
                                     const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// The wallet options of a story's citizen.
std::vector<std::string> wallet_options(const LiveCity& city, const Json& story);

template <typename List, typename Predicate>
bool any(const List& list, Predicate predicate) {
  return std::any_of(list.begin(), list.end(), predicate);
}

}  // namespace qc::tests
