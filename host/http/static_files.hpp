// The safe box page and its files.
#pragma once

#include <map>
#include <string>

#include "host/http/message.hpp"

namespace qc::http {

/// Files are read once, at start, into a map from URL path to content: a request can only name what
/// is in the map, so no path leads outside, whatever it holds. Immutable afterwards; any thread.
class StaticFiles {
 public:
  /// Every regular file below `directory` with a known type; links, dot files and unknown types
  /// are left out. At most 512 files, 32 MiB in all. "" serves nothing.
  /// Errors: "http.page_unreadable", "http.page_too_large".
  static Result<StaticFiles> load(const std::string& directory);

  /// Null when there is no such file. `path` as sent; "/" and "/x/" stand for their index.html.
  /// `if_none_match`: the request's field, "" when absent (304 when it names this content).
  std::optional<Response> find(std::string_view path, std::string_view if_none_match) const;
  bool empty() const { return files_.empty(); }

 private:
  struct File {
    std::string content, type, tag;
  };
  std::map<std::string, File, std::less<>> files_;
};

}  // namespace qc::http
