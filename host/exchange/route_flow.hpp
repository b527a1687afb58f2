// A product's own routes: from an authenticated caller to the instance that serves them.
#pragma once

#include "host/exchange/context.hpp"
#include "host/exchange/rate_limit.hpp"

namespace qc::exchange {

/// GET and POST /v1/products/{id}/{path}. No access, and nothing of the vault: what is asked and
/// answered is not personal, and the instance that answers has never seen anything that is.
Result<Json> product_route(const Context& context, RateLimit& limit, const RouteRequest& request);

}  // namespace qc::exchange
