#include "sdk/plugin/mapping/csv_file.hpp"

#include <algorithm>
#include <iconv.h>
#include <optional>

#include "sdk/plugin/values.hpp"

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxColumns = 512;

Error bad_line(std::size_t line, const std::string& what) {
  return invalid("file.invalid", "line " + std::to_string(line) + ": " + what);
}

std::size_t line_at(std::string_view text, std::size_t at) {
  return 1 + static_cast<std::size_t>(
                 std::count(text.begin(), text.begin() + static_cast<long>(at), '\n'));
}

/// Reads records one after the other.
class Records {
 public:
  Records(std::string_view text, char delimiter, std::size_t at = 0)
      : text_(text), delimiter_(delimiter), at_(at) {}

  std::size_t at() const { return at_; }
  std::size_t line() const { return line_; }  ///< where the last record began

  /// False at the end of the text. Lines without anything are passed over.
  Result<bool> next(std::vector<std::string>& cells) {
    cells.clear();
    while (at_ < text_.size() && end_of_line()) take_line_end();
    if (at_ >= text_.size()) return false;
    line_ = next_line_;
    for (;;) {
      QC_ASSIGN(std::string cell, read_cell());
      cells.push_back(std::move(cell));
      if (cells.size() > kMaxColumns) return bad_line(line_, "more than 512 cells");
      if (at_ >= text_.size()) return true;
      if (end_of_line()) {
        take_line_end();
        return true;
      }
      ++at_;  // the delimiter: read_cell() stops nowhere else
      if (at_ >= text_.size()) {
        cells.emplace_back();
        return true;
      }
    }
  }

  /// To the next record, before next().
  std::size_t skip_empty_lines() {
    while (at_ < text_.size() && end_of_line()) take_line_end();
    return at_;
  }

 private:
  bool end_of_line() const { return text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n"; }
  void take_line_end() {
    at_ += text_[at_] == '\r' ? 2 : 1;
    ++next_line_;
  }

  Result<std::string> read_cell() {
    if (at_ < text_.size() && text_[at_] == '"') return read_quoted();
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != delimiter_ && !end_of_line()) {
      if (text_[at_] == '"')
        return bad_line(next_line_, "a quotation mark inside an unquoted cell");
      ++at_;
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  Result<std::string> read_quoted() {
    std::string cell;
    ++at_;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') ++next_line_;
      if (c != '"') {
        cell.push_back(c);
      } else if (text_.substr(at_, 2) == "\"\"") {
        cell.push_back(c);
        ++at_;
      } else {
        ++at_;
        if (at_ < text_.size() && text_[at_] != delimiter_ && !end_of_line()) {
          return bad_line(next_line_, "text after the closing quotation mark of a cell");
        }
        return cell;
      }
    }
    return bad_line(line_, "a quotation mark is never closed");
  }

  std::string_view text_;
  const char delimiter_;
  std::size_t at_;
  std::size_t line_ = 1;
  std::size_t next_line_ = 1;
};

class Converter {
 public:
  Converter() : handle_(iconv_open("UTF-8", "GB18030")) {}
  ~Converter() {
    if (valid()) iconv_close(handle_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): iconv's own way to say that there is none
  bool valid() const { return handle_ != reinterpret_cast<iconv_t>(-1); }
  iconv_t get() const { return handle_; }

 private:
  iconv_t handle_;
};

Result<std::string> from_gb18030(std::string bytes) {
  const Converter converter;
  if (!converter.valid()) return invalid("file.invalid", "this system cannot read GB18030");
  // Two bytes of a Chinese character become three; four bytes stay four.
  std::string text(bytes.size() + bytes.size() / 2 + 4, '\0');
  char* in = bytes.data();
  std::size_t in_left = bytes.size();
  char* out = text.data();
  std::size_t out_left = text.size();
  if (iconv(converter.get(), &in, &in_left, &out, &out_left) == static_cast<std::size_t>(-1)) {
    return bad_line(line_at(bytes, bytes.size() - in_left), "is no GB18030");
  }
  text.resize(text.size() - out_left);
  return text;
}

Result<std::string> to_utf8(std::string bytes, const CsvForm& form) {
  if (form.gb18030) {
    QC_ASSIGN(bytes, from_gb18030(std::move(bytes)));
  } else if (!valid_utf8(bytes)) {
    std::size_t number = 1;
    for (std::size_t at = 0; at < bytes.size(); ++number) {
      const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
      if (!valid_utf8(std::string_view(bytes).substr(at, end - at))) break;
      at = end + 1;
    }
    return bad_line(number, "is no UTF-8");
  }
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (std::string_view(bytes).starts_with(kMark)) bytes.erase(0, kMark.size());
  return bytes;
}

}  // namespace

Result<std::shared_ptr<const CsvFile>> CsvFile::parse(std::string bytes, const CsvForm& form,
                                                      const std::string& key) {
  if (bytes.size() > kMaxBytes) return invalid("file.invalid", "is larger than 64 MiB");
  const std::shared_ptr<CsvFile> file(new CsvFile());
  QC_ASSIGN(file->text_, to_utf8(std::move(bytes), form));
  file->delimiter_ = form.delimiter;
  Records records(file->text_, form.delimiter);
  QC_ASSIGN(const bool any, records.next(file->header_));
  if (!any) return bad_line(1, "has no header");
  const auto& header = file->header_;
  for (auto it = header.begin(); it != header.end(); ++it) {
    if (std::find(header.begin(), it, *it) != it) return bad_line(1, "names a column twice");
  }
  const auto column = std::find(header.begin(), header.end(), key);
  if (column == header.end()) return invalid("file.invalid", "has no such column", key);
  const auto place = static_cast<std::size_t>(column - header.begin());
  std::vector<std::string> cells;
  for (;;) {
    const std::size_t begin = records.skip_empty_lines();
    QC_ASSIGN(const bool more, records.next(cells));
    if (!more) return std::shared_ptr<const CsvFile>(file);
    if (cells.size() != header.size()) {
      return bad_line(records.line(), "has " + std::to_string(cells.size()) +
                                          " cells, the header has " +
                                          std::to_string(header.size()));
    }
    file->index_.emplace(std::move(cells[place]), static_cast<std::uint32_t>(begin));
  }
}

std::vector<std::vector<std::string>> CsvFile::find(const std::string& key, std::size_t max) const {
  std::vector<std::uint32_t> begins;
  const auto [first, last] = index_.equal_range(key);
  for (auto it = first; it != last && begins.size() < max; ++it) begins.push_back(it->second);
  std::sort(begins.begin(), begins.end());
  std::vector<std::vector<std::string>> records;
  for (const std::uint32_t begin : begins) {
    std::vector<std::string> cells;
    // It was read once without an error, and the text has not changed since.
    if (Records(text_, delimiter_, begin).next(cells).ok()) records.push_back(std::move(cells));
  }
  return records;
}

}  // namespace qc::plugin
