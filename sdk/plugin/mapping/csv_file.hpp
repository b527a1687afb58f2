// One file of comma- or tab-separated values (RFC 4180), indexed by one of its columns.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sdk/base/result.hpp"

namespace qc::plugin {

struct CsvForm {
  char delimiter = ',';
  bool gb18030 = false;  ///< else UTF-8; a byte order mark is taken away
};

/// A file's text as it was read: UTF-8, with where the records of each key begin. Immutable.
class CsvFile {
 public:
  /// Beyond this a department needs a database.
  static constexpr std::size_t kMaxBytes = 64U << 20U;

  /// The first record names the columns; `key` is one of them. Every record is read, so that what
  /// is wrong with the file is known before it is used. Errors: "file.invalid" with
  /// the line's number, or with the column as its field when there is no such column.
  static Result<std::shared_ptr<const CsvFile>> parse(std::string bytes, const CsvForm& form,
                                                      const std::string& key);

  const std::vector<std::string>& header() const { return header_; }
  /// The records whose key is this one, as many cells as the header has.
  std::vector<std::vector<std::string>> find(const std::string& key, std::size_t max) const;

 private:
  CsvFile() = default;
  std::string text_;
  char delimiter_ = ',';
  std::vector<std::string> header_;
  std::unordered_multimap<std::string, std::uint32_t> index_;
};

}  // namespace qc::plugin
