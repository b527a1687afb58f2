#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/jose_parts.hpp"

namespace qc::crypto {
namespace {

constexpr const char* kJwsCode = "jws.invalid";

}  // namespace

Status jose::split(std::string_view compact, std::span<std::string_view> parts, const char* code) {
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const std::size_t dot = compact.find('.');
    if (dot == std::string_view::npos) {
      return invalid(code, "expected " + std::to_string(parts.size()) + " parts");
    }
    parts[i] = compact.substr(0, dot);
    compact.remove_prefix(dot + 1);
  }
  if (compact.find('.') != std::string_view::npos) {
    return invalid(code, "expected " + std::to_string(parts.size()) + " parts");
  }
  parts.back() = compact;
  return {};
}

Result<Json> jose::read_header(std::string_view encoded, std::string_view alg, const char* code) {
  if (encoded.size() > kMaxHeaderText) return invalid(code, "header is too large", "header");
  const auto bytes = from_base64url(encoded);
  if (!bytes.ok()) return invalid(code, "header: " + bytes.error().message, "header");
  auto header = parse_json(as_text(*bytes), {.max_bytes = kMaxHeaderText, .max_depth = 8});
  if (!header.ok()) return invalid(code, "header: " + header.error().message, "header");
  if (!header->is_object()) return invalid(code, "header is not an object", "header");
  if (text_of(*header, "alg") != alg) {
    return invalid(code, "expected \"" + std::string(alg) + "\"", "header.alg");
  }
  // RFC 7515 section 4.1.11: an extension that is not understood must not be ignored, and none is.
  if (header->contains("crit")) return invalid(code, "no extension is known here", "header.crit");
  for (const char* name : {"kid", "typ", "cty"}) {
    const auto it = header->find(name);
    if (it != header->end() && !it->is_string()) {
      return invalid(code, "expected a string", "header." + std::string(name));
    }
  }
  return header;
}

std::string jose::dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string Jws::kid() const { return text_of(header, "kid"); }
std::string Jws::typ() const { return text_of(header, "typ"); }

std::string jws_sign(const PrivateKey& key, std::string_view payload, std::string_view typ,
                     const Json& extra_header) {
  Json header = extra_header.is_object() ? extra_header : Json::object();
  header["alg"] = kJwsAlg;
  header["kid"] = key.kid();
  if (!typ.empty()) header["typ"] = typ;
  std::string out = to_base64url(as_bytes(jose::dump(header)));
  out += '.';
  out += to_base64url(as_bytes(payload));
  const Signature64 signature = key.sign(as_bytes(out));
  out += '.';
  out += to_base64url(signature);
  return out;
}

Result<Jws> jws_parse(std::string_view compact, std::size_t max_bytes) {
  if (compact.size() > max_bytes) {
    return Error{
        ErrorKind::kTooLarge, kJwsCode, "at most " + std::to_string(max_bytes) + " bytes", {}};
  }
  std::array<std::string_view, 3> parts;
  QC_TRY(jose::split(compact, parts, kJwsCode));
  Jws out;
  QC_ASSIGN(out.header, jose::read_header(parts[0], kJwsAlg, kJwsCode));
  // RFC 7797: an unencoded payload would change what the signature covers.
  const auto b64 = out.header.find("b64");
  if (b64 != out.header.end() && *b64 != Json(true)) {
    return invalid(kJwsCode, "only an encoded payload is accepted", "header.b64");
  }
  const auto payload = from_base64url(parts[1]);
  if (!payload.ok()) return invalid(kJwsCode, payload.error().message, "payload");
  auto signature = from_base64url(parts[2]);
  if (!signature.ok()) return invalid(kJwsCode, signature.error().message, "signature");
  if (signature->size() != std::tuple_size_v<Signature64>) {
    return invalid(kJwsCode, "expected 64 bytes", "signature");
  }
  out.payload.assign(as_text(*payload));
  out.signing_input = compact.substr(0, parts[0].size() + 1 + parts[1].size());
  out.signature = std::move(signature).value();
  return out;
}

}  // namespace qc::crypto
