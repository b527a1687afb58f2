#include "sdk/http/public_routes.hpp"

#include <algorithm>
#include <array>

namespace qc::http {

bool is_public_route(std::string_view method, std::string_view path) {
  constexpr std::array<std::string_view, 12> kExact{"/v1/health",          "/v1/network",
                                                    "/v1/members",         "/v1/heads/latest",
                                                    "/v1/plugins",         "/metrics",
                                                    "/v1/catalogue/items", "/v1/catalogue/products",
                                                    "/openapi.json",       "/v1/heads/consistency",
                                                    "/v1/policy",          "/v1/proposals"};
  if (method == "POST") return path == "/v1/transactions" || path == "/v1/transactions:batch";
  if (method != "GET" && method != "HEAD") return false;
  if (!path.starts_with("/v1/") && path != "/metrics" && path != "/openapi.json") return true;
  if (path.starts_with("/v1/members/") || path.starts_with("/v1/proposals/")) return true;
  return std::find(kExact.begin(), kExact.end(), path) != kExact.end();
}

}  // namespace qc::http
