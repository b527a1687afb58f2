// Internal: what stands between the message border (core.hpp) and an author's class.
#pragma once

#include <memory>
#include <string_view>

#include "sdk/plugin/routes.hpp"

namespace qc::plugin {

/// Bytes of salt in the commitment to an asset or a decision (docs/formats.md).
inline constexpr std::size_t kCommitmentSaltSize = 32;

/// One kind of plugin. configure() is called once, before handle(); then any thread, concurrently.
class Service {
 public:
  virtual ~Service() = default;
  virtual std::string_view kind() const = 0;
  /// Whether the author's class does what plugin.json says. Error: "description.invalid".
  virtual Status fits(const Description&) const { return {}; }
  virtual Status configure(const JsonReader& settings, std::shared_ptr<const Own> own) = 0;
  virtual Health health() = 0;
  /// Error "plugin.unknown_method" for a method this kind does not have.
  virtual Result<Json> handle(std::string_view method, const Json& message,
                              const Moment& moment) = 0;
};

/// Answers the method "route" (docs/formats.md, Plugin) out of the author's handlers. Errors:
/// "json.…", "product.no_such_route", and the author's own.
Result<Json> answer_route(const std::vector<RouteHandler>& handlers, const Json& message,
                          const Moment& moment);
/// Each route of plugin.json has a handler, and each handler a route.
Status check_handlers(const std::vector<RouteHandler>& handlers, const Description& description);

class Department;
class Product;
std::unique_ptr<Service> make_service(std::unique_ptr<Department> author);
std::unique_ptr<Service> make_service(std::unique_ptr<Product> author);

}  // namespace qc::plugin
