// The lists of an audit's state, "of/<account>/<family>/<id>" -> true: two rows for each document,
// written once and hardly ever read. As documents they would take more memory than what they list.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sdk/base/json.hpp"

namespace qc::chain {

/// An identifier and five bytes a row, and its list's name once. Thread contract: one thread.
class ReplayLists {
 public:
  static constexpr std::string_view kFamily = "of/";
  using Visit = std::function<bool(const std::string&, const Json&)>;

  /// Whether row and value have the form that is kept here.
  static bool takes(std::string_view key, const Json& value);
  bool contains(std::string_view key) const;
  /// Only what takes() says yes to.
  void put(std::string_view key);
  void erase(std::string_view key);
  /// In order from `start` (or ""); false when the visitor ended it.
  bool scan(std::string_view prefix, std::string_view start, const Visit& visit) const;
  /// Kept in memory, about.
  std::size_t bytes() const;
  void clear();

 private:
  /// Place of a row, + 1; 0: none.
  using Ref = std::uint64_t;
  struct List {
    std::string name;  ///< up to and with the slash before the identifier
    Ref last = 0;
  };
  struct Row {
    Ref before = 0;
    bool there = false;
    std::string_view id;
  };
  static constexpr std::size_t kPieceBytes = std::size_t{1} << 20U;

  Row row_at(Ref ref) const;
  void append(std::string_view key, bool there);
  std::size_t place_of(std::string_view name) const;
  void grow();
  /// The rows of a list that are there, in order.
  std::vector<std::string_view> ids_of(const List& list) const;

  std::vector<List> lists_;
  std::vector<std::uint32_t> places_;      ///< open addressing: number of the list, + 1
  std::vector<std::vector<char>> pieces_;  ///< rows, the newest at the end
  std::size_t name_bytes_ = 0;
};

}  // namespace qc::chain
