// For authors of product plugins: write one class and one macro.
//
//   class CitizenLoan final : public qc::plugin::Product { decide() };
//   QC_PRODUCT_PLUGIN(CitizenLoan)
//
// decide() sees values only after the layer has checked them against the subject's grant.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sdk/plugin/context.hpp"
#include "sdk/plugin/entry.hpp"
#include "sdk/plugin/routes.hpp"

namespace qc::plugin {

/// One verified presentation, or what the department issued for this access under a standing grant:
/// the fields that the subject granted, no others.
struct Evidence {
  std::string item;
  std::int64_t version = 0;
  std::string asset;
  Json fields;
};

/// What is to be decided. Immutable.
struct Request {
  std::string grant;
  std::string access;
  std::string purpose;  ///< code
  Moment moment;
  Date today;  ///< in China standard time
  std::vector<Evidence> evidence;

  /// True when the subject granted this item.
  bool has(std::string_view item) const;
  /// The value, or nothing: not granted, null, or of another type.
  std::optional<std::string> text(std::string_view item, std::string_view field) const;
  std::optional<std::int64_t> integer(std::string_view item, std::string_view field) const;
  std::optional<bool> boolean(std::string_view item, std::string_view field) const;

 private:
  const Json* find(std::string_view item, std::string_view field) const;
};

/// Why, in words for the person concerned (PIPL article 24). No value of theirs in it.
struct Reason {
  std::string code, zh, en;
};

/// kInOrder: of regular work, when there is nothing to look at.
enum class Outcome { kApproved, kDeclined, kReview, kInOrder };

struct Decision {
  Outcome outcome = Outcome::kReview;
  std::int64_t amount_fen = 0;
  std::int64_t rate_bp = 0;  ///< per year, hundredths of a percent
  std::int64_t term_months = 0;
  std::vector<Reason> reasons;  ///< at least one
};

/// configure() runs once before all else; decide() on any thread, concurrently. The same request
/// must give the same decision, so that an auditor can run it again.
class Product {
 public:
  virtual ~Product() = default;
  virtual Status configure(const JsonReader& settings);
  virtual Result<Decision> decide(const Request& request) = 0;
  virtual Health health() { return {}; }
  /// Paths of the product's own. Asked once, before all else, also in an instance that is never
  /// configured: what answers them must not need configure().
  virtual std::vector<RouteHandler> routes() { return {}; }
};

}  // namespace qc::plugin

/// Defines the library's one exported symbol.
#define QC_PRODUCT_PLUGIN(Class) QC_PLUGIN_ENTRY(Class, ::qc::plugin::Product)
