// Strict parser for request heads (RFC 9112): what is ambiguous is refused.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sdk/base/result.hpp"

namespace qc::http {

struct RequestHead {
  std::string method;
  std::string target;  ///< as sent
  std::string path;    ///< target up to "?", not decoded
  std::string query;   ///< after "?", not decoded
  int minor_version = 1;
  std::vector<std::pair<std::string, std::string>> fields;  ///< names in lower case
  std::size_t content_length = 0;
  bool keep_alive = true;
  bool expects_continue = false;

  /// Values of a field joined with ", ", or "" when absent. `name` in lower case.
  std::string field(std::string_view name) const;
};

/// Parses the text before the empty line (without it). Lines end in CRLF; no folding, no space
/// before colons, no control characters; one Host (required in HTTP/1.1); Content-Length once and
/// decimal; Transfer-Encoding is refused, so that no two parsers can disagree about where a
/// request ends. Never throws. Errors (see status_for): "http.malformed",
/// "http.target_too_long", "http.version_not_supported", "http.method_unknown",
/// "http.length_required", "http.headers_too_large", "http.expectation_failed",
/// "http.body_too_large". Any thread.
Result<RequestHead> parse_request_head(std::string_view text);

/// HTTP status of an error, the http.* codes outside the kinds included.
int status_for(const Error& error);

}  // namespace qc::http
