#include "host/http/openapi.hpp"

#include "sdk/http/problem.hpp"

namespace qc::http {
namespace {

Json schema_ref(const std::string& name) { return {{"$ref", "#/components/schemas/" + name}}; }

Json json_content(const std::string& schema) {
  return {{"application/json", {{"schema", schema_ref(schema)}}}};
}

/// {…} of the template, in order.
std::vector<std::string> path_params(std::string_view path) {
  std::vector<std::string> out;
  for (auto open = path.find('{'); open != std::string_view::npos; open = path.find('{', open)) {
    const auto close = path.find('}', open);
    out.emplace_back(path.substr(open + 1, close - open - 1));
    open = close;
  }
  return out;
}

Json parameters(const Route& route) {
  Json out = Json::array();
  for (const std::string& name : path_params(route.path)) {
    out.push_back({{"name", name},
                   {"in", "path"},
                   {"required", true},
                   {"schema", {{"type", "string"}, {"pattern", "^[A-Za-z0-9._~-]{1,128}$"}}}});
  }
  for (const QueryDoc& query : route.doc.query) {
    out.push_back({{"name", query.name},
                   {"in", "query"},
                   {"required", query.required},
                   {"description", query.zh + " / " + query.en},
                   {"schema", {{"type", "integer"}, {"minimum", 0}}}});
  }
  return out;
}

Json request_body(const Route& route) {
  const bool jose = route.body == BodyKind::kTransaction;
  return {{"required", true},
          {"content",
           {{jose ? "application/jose" : "application/json",
             {{"schema", schema_ref(route.doc.request)}}}}}};
}

std::string who_may_call(const Who& who) {
  switch (who.need) {
    case Need::kPublic:
      return "公开 Public.";
    case Need::kLoopback:
      return "仅限本机 From the host's own machine only.";
    case Need::kNewKey:
      return "由请求体中的新密钥签名 Signed by the new key in the body.";
    case Need::kCaller:
      break;
  }
  std::string out = "须签名 Signed by ";
  if (who.self) out.append("the account itself");
  if (who.self && !who.kinds.empty()) out.append(" or ");
  if (!who.kinds.empty()) out.append("an account of kind: " + who.kinds);
  if (!who.self && who.kinds.empty()) out.append("any account; it sees its own");
  return out + ".";
}

/// Problem codes that a route can answer with, by status. The codes of authentication and of
/// parsing follow from the route itself.
Json problem_responses(const Route& route) {
  std::vector<std::string> codes = route.doc.problems;
  const bool signed_call = route.who.need == Need::kCaller || route.who.need == Need::kNewKey;
  if (signed_call) {
    codes.insert(codes.end(), {"auth.missing_signature", "auth.bad_signature", "auth.bad_digest",
                               "auth.unknown_key", "auth.expired", "auth.replayed", "auth.busy"});
  }
  if (route.who.need == Need::kCaller) {
    codes.insert(codes.end(), {"auth.suspended", "auth.forbidden"});
  }
  if (route.body == BodyKind::kJson) {
    codes.insert(codes.end(),
                 {"json.invalid", "json.missing_field", "json.unknown_field", "json.wrong_type"});
  }
  if (route.body != BodyKind::kNone) {
    codes.insert(codes.end(), {"http.unsupported_media_type", "http.body_too_large"});
  }
  std::string list;
  for (const auto& code : codes) list.append(list.empty() ? "" : ", ").append(code);
  return {{"description",
           "问题详情 Problem details (RFC 9457)" + (list.empty() ? std::string() : ": " + list)},
          {"content", {{std::string(kProblemType), {{"schema", schema_ref("Problem")}}}}}};
}

Json success(const Route& route) {
  Json out{{"description", route.doc.zh + " / " + route.doc.en}};
  if (!route.doc.response.empty()) {
    out["content"] = json_content(route.doc.response);
  } else {
    out["content"] = {{"text/plain", {{"schema", {{"type", "string"}}}}}};
  }
  return out;
}

Json operation(const Route& route) {
  Json out{{"operationId", route.doc.id},
           {"tags", {route.doc.tag}},
           {"summary", route.doc.zh + " / " + route.doc.en},
           {"description", who_may_call(route.who)},
           {"responses",
            {{std::to_string(route.doc.status), success(route)},
             {"default", problem_responses(route)}}}};
  if (auto params = parameters(route); !params.empty()) out["parameters"] = std::move(params);
  if (route.body != BodyKind::kNone) out["requestBody"] = request_body(route);
  const bool signed_call = route.who.need == Need::kCaller || route.who.need == Need::kNewKey;
  out["security"] = Json::array();
  if (signed_call) out["security"].push_back({{"messageSignature", Json::array()}});
  return out;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

Json security_scheme() {
  return {{"messageSignature",
           {{"type", "apiKey"},
            {"in", "header"},
            {"name", "Signature"},
            {"description",
             "HTTP 消息签名 HTTP Message Signatures (RFC 9421), alg=\"sm2-sm3\", over \"@method\" "
             "\"@authority\" \"@path\" \"@query\" and, with a body, \"content-digest\" (RFC 9530, "
             "sm3). Parameters: created (within 300 s), nonce (never used before), keyid (JWK "
             "thumbprint with SM3). Answers are signed over \"@status\" \"content-digest\" and "
             "repeat the nonce."}}}};
}

}  // namespace

Json make_openapi(const std::vector<Route>& routes) {
  Json paths = Json::object();
  const Json schemas = openapi_schemas();
  for (const Route& route : routes) {
    for (const std::string& name : {route.doc.request, route.doc.response}) {
      if (!name.empty() && !schemas.contains(name)) std::abort();
    }
    paths[route.path][lower(route.method)] = operation(route);
  }
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "泉城链主机接口 Quancheng Chain host API"},
            {"version", QC_VERSION},
            {"description",
             "政府数据经本人授权、上链留痕后交付使用。Government data released by the person it is "
             "about, on the record. Times: iat, from, to, exp in seconds; *_ms in milliseconds. "
             "Hashes: lower-case hexadecimal SM3."}}},
          {"jsonSchemaDialect", "https://json-schema.org/draft/2020-12/schema"},
          {"servers", {{{"url", "/"}}}},
          {"paths", std::move(paths)},
          {"components", {{"schemas", schemas}, {"securitySchemes", security_scheme()}}}};
}

}  // namespace qc::http
