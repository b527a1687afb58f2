#include "host/http/request_head.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "sdk/http/message_signature.hpp"
#include "sdk/http/problem.hpp"

namespace qc::http {
namespace {

constexpr std::size_t kMaxTarget = 4096;
constexpr std::size_t kMaxFields = 64;
constexpr std::array<std::string_view, 7> kMethods{"GET",    "HEAD",  "POST",   "PUT",
                                                   "DELETE", "PATCH", "OPTIONS"};

bool token_char(char c) {
  constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOther.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), token_char);
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

Error malformed(std::string message) { return invalid("http.malformed", std::move(message)); }

Status parse_request_line(std::string_view line, RequestHead& out) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return malformed("the request line must be: method, target, version");
  }
  const auto method = line.substr(0, first);
  const auto target = line.substr(first + 1, last - first - 1);
  const auto version = line.substr(last + 1);
  if (!is_token(method) || method.size() > 16) return malformed("the method is not a token");
  if (!version.starts_with("HTTP/") || version.size() != 8) {
    return malformed("the request line does not end in an HTTP version");
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return invalid("http.version_not_supported", "HTTP/1.1 and HTTP/1.0 are spoken here");
  }
  if (target.size() > kMaxTarget) {
    return invalid("http.target_too_long", "the request target may have 4096 bytes");
  }
  const auto visible = [](char c) { return c > 0x20 && c < 0x7f && c != '#'; };
  if (target.empty() || target.front() != '/' ||
      !std::all_of(target.begin(), target.end(), visible)) {
    return malformed("the request target must be an absolute path of visible ASCII");
  }
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) {
    return invalid("http.method_unknown", "this method is not known here");
  }
  out.method = method;
  out.target = target;
  const auto parts = split_target(target);
  out.path = parts.path;
  out.query = parts.query;
  out.minor_version = version.back() - '0';
  return {};
}

Status parse_field(std::string_view line, RequestHead& out) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return malformed("a header line has no colon");
  const auto name = line.substr(0, colon);
  if (!is_token(name)) return malformed("a header name is not a token");
  const auto value = trim(line.substr(colon + 1));
  const auto allowed = [](char c) { return c == '\t' || static_cast<unsigned char>(c) >= 0x20; };
  if (!std::all_of(value.begin(), value.end(), allowed) ||
      value.find('\x7f') != std::string_view::npos) {
    return malformed("a header value has control characters");
  }
  if (out.fields.size() == kMaxFields) {
    return invalid("http.headers_too_large", "at most 64 header fields are accepted");
  }
  out.fields.emplace_back(to_lower(name), std::string(value));
  return {};
}

std::size_t count(const RequestHead& head, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(head.fields.begin(), head.fields.end(),
                                                [&](const auto& f) { return f.first == name; }));
}

bool has_option(const std::string& connection, std::string_view option) {
  std::string_view rest = connection;
  for (;;) {
    const auto comma = rest.find(',');
    if (to_lower(trim(rest.substr(0, comma))) == option) return true;
    if (comma == std::string_view::npos) return false;
    rest.remove_prefix(comma + 1);
  }
}

Status read_length(RequestHead& out) {
  if (count(out, "transfer-encoding") != 0) {
    return invalid("http.length_required", "chunked bodies are not accepted: send Content-Length",
                   "Transfer-Encoding");
  }
  const auto lengths = count(out, "content-length");
  if (lengths == 0) return {};
  const std::string text = out.field("content-length");
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                   [](char c) { return c >= '0' && c <= '9'; });
  if (lengths > 1 || !digits) {
    Error error = malformed("Content-Length must be given once, in decimal digits");
    return error.at("Content-Length");
  }
  const auto [end, failure] =
      std::from_chars(text.data(), text.data() + text.size(), out.content_length);
  if (failure != std::errc() || end != text.data() + text.size()) {
    return Error{ErrorKind::kTooLarge, "http.body_too_large", "the body is too large",
                 "Content-Length"};
  }
  return {};
}

/// What the fields mean for the connection and for where the request ends.
Status interpret(RequestHead& out) {
  const auto hosts = count(out, "host");
  if (hosts > 1 || (hosts == 0 && out.minor_version == 1)) {
    return malformed("the header field Host must be given once").at("Host");
  }
  QC_TRY(read_length(out));
  const std::string connection = out.field("connection");
  out.keep_alive = out.minor_version == 1 ? !has_option(connection, "close")
                                          : has_option(connection, "keep-alive");
  if (const std::string expect = out.field("expect"); !expect.empty()) {
    if (to_lower(expect) != "100-continue") {
      return invalid("http.expectation_failed", "only 100-continue can be expected", "Expect");
    }
    out.expects_continue = out.minor_version == 1;
  }
  return {};
}

}  // namespace

std::string RequestHead::field(std::string_view name) const {
  std::string out;
  bool first = true;
  for (const auto& [key, value] : fields) {
    if (key != name) continue;
    if (!first) out.append(", ");
    out.append(value);
    first = false;
  }
  return out;
}

Result<RequestHead> parse_request_head(std::string_view text) {
  RequestHead out;
  bool request_line = true;
  while (request_line || !text.empty()) {
    const auto end = text.find("\r\n");
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
      return malformed("lines must end in CRLF");
    }
    if (request_line) {
      QC_TRY(parse_request_line(line, out));
      request_line = false;
    } else if (line.empty() || line.front() == ' ' || line.front() == '\t') {
      return malformed("folded header lines are not accepted");
    } else {
      QC_TRY(parse_field(line, out));
    }
  }
  QC_TRY(interpret(out));
  return out;
}

int status_for(const Error& error) {
  struct Row {
    std::string_view code;
    int status;
  };
  constexpr std::array kTable{Row{"http.method_not_allowed", 405},
                              Row{"http.timeout", 408},
                              Row{"http.length_required", 411},
                              Row{"http.target_too_long", 414},
                              Row{"http.unsupported_media_type", 415},
                              Row{"http.expectation_failed", 417},
                              Row{"http.misdirected", 421},
                              Row{"http.headers_too_large", 431},
                              Row{"http.method_unknown", 501},
                              Row{"http.version_not_supported", 505}};
  for (const Row& row : kTable) {
    if (row.code == error.code) return row.status;
  }
  return status_of(error.kind);
}

}  // namespace qc::http
