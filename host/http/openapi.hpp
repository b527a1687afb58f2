// OpenAPI 3.1 from the route table.
#pragma once

#include "host/http/route.hpp"

namespace qc::http {

/// The document for these routes. Every schema that a route names exists, else it aborts (a
/// programmer's error, found by the first start).
Json make_openapi(const std::vector<Route>& routes);

/// Schemas by name: `components.schemas`.
Json openapi_schemas();

}  // namespace qc::http
