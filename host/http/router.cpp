#include "host/http/router.hpp"

#include <algorithm>
#include <charconv>

namespace qc::http {
namespace {

constexpr std::size_t kMaxParam = 128;
constexpr std::size_t kMaxQueryItems = 16;

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

/// Takes "/segment" off the front.
bool next_segment(std::string_view& path, std::string_view& segment) {
  if (path.empty() || path.front() != '/') return false;
  path.remove_prefix(1);
  segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return true;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return invalid("http.bad_query", "a percent sign without two hexadecimal digits");
    }
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

}  // namespace

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
  for (const Route& route : routes_) segments_.push_back(split_template(route.path));
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    const Route& route = routes_[i];
    // Not where a route before it has the path too: the order of the table decides.
    const Match first = search(route.method, route.path);
    if (first.route == &route) literal_.emplace(route.method + " " + route.path, i);
  }
}

std::vector<Router::Segment> Router::split_template(std::string_view path) {
  std::vector<Segment> out;
  std::string_view segment;
  while (next_segment(path, segment)) {
    const auto close = segment.find('}');
    if (segment.starts_with('{') && close != std::string_view::npos) {
      out.push_back(
          {std::string(segment.substr(close + 1)), std::string(segment.substr(1, close - 1))});
    } else {
      out.push_back({std::string(segment), {}});
    }
  }
  return out;
}

bool Router::match(const std::vector<Segment>& segments, std::string_view path, Match& out) {
  std::vector<std::pair<std::string, std::string>> params;
  for (const Segment& expected : segments) {
    std::string_view segment;
    if (!next_segment(path, segment)) return false;
    if (expected.param.empty()) {
      if (segment != expected.literal) return false;
      continue;
    }
    if (!segment.ends_with(expected.literal)) return false;
    segment.remove_suffix(expected.literal.size());
    if (segment.empty() || segment.size() > kMaxParam ||
        !std::all_of(segment.begin(), segment.end(), unreserved)) {
      return false;
    }
    params.emplace_back(expected.param, segment);
  }
  if (!path.empty()) return false;
  out.params = std::move(params);
  return true;
}

Router::Match Router::find(std::string_view method, std::string_view path) const {
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  std::string name;
  name.reserve(wanted.size() + 1 + path.size());
  name.append(wanted).append(" ").append(path);
  const auto found = literal_.find(name);
  if (found == literal_.end()) return search(wanted, path);
  return {&routes_[found->second], found->second, {}, {}};
}

Router::Match Router::search(std::string_view wanted, std::string_view path) const {
  Match out;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (!match(segments_[i], path, out)) continue;
    if (routes_[i].method == wanted) {
      out.route = &routes_[i];
      out.index = i;
      return out;
    }
    out.allowed.insert(routes_[i].method);
    if (routes_[i].method == "GET") out.allowed.insert("HEAD");
  }
  return out;
}

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!query.empty()) {
    const auto item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), item.size() + 1));
    if (item.empty()) continue;
    if (out.size() == kMaxQueryItems) return invalid("http.bad_query", "too many parameters");
    const auto equals = item.find('=');
    QC_ASSIGN(std::string name, decode(item.substr(0, equals)));
    std::string value;
    if (equals != std::string_view::npos) {
      QC_ASSIGN(value, decode(item.substr(equals + 1)));
    }
    const auto same = [&](const auto& other) { return other.first == name; };
    if (std::any_of(out.begin(), out.end(), same)) {
      return invalid("http.bad_query", "given twice", name.substr(0, 64));
    }
    out.emplace_back(std::move(name), std::move(value));
  }
  return out;
}

std::vector<Route> in_lane(Lane lane, std::vector<Route> routes) {
  for (Route& route : routes) route.lane = lane;
  return routes;
}

const std::string& Call::param(std::string_view name) const {
  const auto found =
      std::find_if(path.begin(), path.end(), [&](const auto& p) { return p.first == name; });
  assert(found != path.end());
  return found->second;
}

Result<std::uint64_t> Call::query_number(std::string_view name,
                                         std::optional<std::uint64_t> fallback) const {
  const auto found =
      std::find_if(query.begin(), query.end(), [&](const auto& q) { return q.first == name; });
  const std::string field(name);
  if (found == query.end()) {
    if (fallback) return *fallback;
    return invalid("http.bad_query", "this parameter is required", field);
  }
  const std::string& text = found->second;
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size()) {
    return invalid("http.bad_query", "expected a non-negative integer", field);
  }
  return value;
}

}  // namespace qc::http
