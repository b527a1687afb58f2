// The schemas of GET /openapi.json, as JSON texts, one for each family of routes.
#pragma once

#include <string_view>

namespace qc::http {

// Names of members are those of docs/formats.md; the rules of the ledger say what they mean.
extern const std::string_view kBasicSchemas;     ///< identifiers, proofs, heads, plugins
extern const std::string_view kCentreSchemas;    ///< members, catalogue, products, supervision
extern const std::string_view kExchangeSchemas;  ///< accounts, assets, requests, grants, accesses

}  // namespace qc::http
