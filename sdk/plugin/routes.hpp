// For authors of product plugins: paths of the product's own, below /v1/products/<product>/.
//
//   std::vector<qc::plugin::RouteHandler> routes() override {
//     return {{"GET", "terms", [](const qc::plugin::RouteCall&) -> qc::Result<qc::Json> { … }}};
//   }
//
// Each is named in plugin.json ("routes", with who may call it) and needs the capability "routes".
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sdk/plugin/context.hpp"

namespace qc::plugin {

/// Who calls, as the host has authenticated them. A citizen or an enterprise is known by the
/// pseudonym alone that this product's consumer sees of them.
struct RouteCaller {
  std::string kind;       ///< "bank", "service", … or "person", "enterprise"
  std::string account;    ///< of a member; "" for a subject
  std::string pseudonym;  ///< of a subject; "" for a member
};

/// One call. A handler sees this and nothing else: the instance that answers has no settings, no
/// key, and never a presentation.
struct RouteCall {
  std::string method, path;
  Json query;  ///< object of texts, as the caller wrote them
  Json body;   ///< object; empty for GET
  RouteCaller caller;
  Moment moment;
};

/// The handler answers with a JSON object (status 200). Its errors become problem details; a code
/// of the author's own begins with the plugin's name ("citizen_loan.bad_term"). Any thread,
/// concurrently.
struct RouteHandler {
  std::string method, path;
  std::function<Result<Json>(const RouteCall&)> answer;
};

}  // namespace qc::plugin
