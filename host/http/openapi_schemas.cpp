#include "host/http/openapi_schemas.hpp"

#include <cassert>

#include "host/http/openapi.hpp"

namespace qc::http {

Json openapi_schemas() {
  Json out = Json::object();
  for (const std::string_view part : {kBasicSchemas, kCentreSchemas, kExchangeSchemas}) {
    auto parsed = parse_json(part);
    assert(parsed.ok());  // constant text
    out.update(parsed.value());
  }
  return out;
}

}  // namespace qc::http
