// The nonces of an audit's state, "nonce/<period>/<kid>/<nonce>" -> second: one a transaction, kept
// for some minutes of the ledger's time. As documents they would take most of the memory.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sdk/base/json.hpp"

namespace qc::chain {

/// 32 bytes a nonce, and some for its place in a table. Thread contract: one thread.
class ReplayNonces {
 public:
  static constexpr std::string_view kFamily = "nonce/";
  using Visit = std::function<bool(const std::string&, const Json&)>;

  /// Whether row and value have the form that is kept here.
  static bool takes(std::string_view key, const Json& value);
  std::optional<std::int64_t> find(std::string_view key) const;
  /// Only what takes() says yes to.
  void put(std::string_view key, const Json& value);
  void erase(std::string_view key);
  /// In order from `start` (or ""); false when the visitor ended it.
  bool scan(std::string_view prefix, std::string_view start, const Visit& visit) const;
  /// Kept in memory, about.
  std::size_t bytes() const;
  void clear();

 private:
  struct Entry {
    std::array<char, 22> nonce;
    bool there;
    std::uint32_t kid;
    std::uint32_t second;
  };
  struct Period {
    std::vector<Entry> entries;         ///< in the order in which they came
    std::vector<std::uint64_t> places;  ///< open addressing: part of the hash, number + 1
    std::size_t there = 0;
    mutable std::vector<std::uint32_t> order;  ///< as far as it has been asked for
  };
  struct Name {
    std::string_view period;
    std::string_view kid;
    std::string_view nonce;
  };
  static std::optional<Name> take_apart(std::string_view key);
  std::optional<std::uint32_t> known_kid(std::string_view kid) const;
  std::uint32_t number_of_kid(std::string_view kid);
  const Entry* entry_of(std::string_view key) const;
  /// Its place in the table, or the empty one where it belongs.
  static std::size_t place_of(const Period& period, std::uint32_t kid, std::string_view nonce);
  void grow(Period& period);
  void put_in_order(const Period& period) const;
  std::string name_of(const std::string& period, const Entry& entry) const;

  std::map<std::string, Period, std::less<>> periods_;
  std::vector<const std::string*> kids_;
  std::unordered_map<std::string, std::uint32_t> kid_numbers_;
  mutable std::pair<std::string, std::uint32_t> last_kid_;  ///< asked for some times in a row
};

}  // namespace qc::chain
