// Path templates to routes.
#pragma once

#include <set>
#include <unordered_map>

#include "host/http/route.hpp"

namespace qc::http {

/// Immutable after construction; any thread.
class Router {
 public:
  explicit Router(std::vector<Route> routes);

  struct Match {
    const Route* route = nullptr;  ///< null: nothing has this path, or not with this method
    std::size_t index = 0;         ///< of the route in routes()
    std::vector<std::pair<std::string, std::string>> params;
    std::set<std::string> allowed;  ///< methods that the path has, when the method is not one
  };
  /// HEAD is answered where GET is. Values of {…} are 1..128 unreserved characters (RFC 3986), so
  /// that they may become part of keys: anything else matches nothing.
  Match find(std::string_view method, std::string_view path) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  struct Segment {
    std::string literal;  ///< whole segment, or what follows the parameter
    std::string param;    ///< name, or empty
  };
  static std::vector<Segment> split_template(std::string_view path);
  Match search(std::string_view wanted, std::string_view path) const;
  static bool match(const std::vector<Segment>& segments, std::string_view path, Match& out);

  std::vector<Route> routes_;
  std::vector<std::vector<Segment>> segments_;
  /// "METHOD path" of routes without parameters: found at once, whatever the number of routes.
  std::unordered_map<std::string, std::size_t> literal_;
};

/// Splits and percent-decodes a query. Error: "http.bad_query".
Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

}  // namespace qc::http
