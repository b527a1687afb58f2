#include "sdk/http/message_signature.hpp"

#include <algorithm>
#include <array>

#include "sdk/crypto/sm3.hpp"
#include "sdk/http/structured_fields.hpp"

namespace qc::http {
namespace {

constexpr std::string_view kLabel = "sig1";
constexpr std::array<std::string_view, 4> kRequestComponents{"@method", "@authority", "@path",
                                                             "@query"};
constexpr std::string_view kContentDigest = "content-digest";
constexpr std::string_view kStatus = "@status";
constexpr std::size_t kMinNonce = 16;
constexpr std::size_t kMaxNonce = 64;

Error bad_signature(std::string message, std::string field = "Signature-Input") {
  Error error = unauthenticated("auth.bad_signature", std::move(message));
  error.field = std::move(field);
  return error;
}

/// Value of one component, or nothing when this profile or this message has none.
std::optional<std::string> component_value(const MessageParts& parts, std::string_view name) {
  const bool request = parts.status == 0;
  if (request && name == "@method") return std::string(parts.method);
  if (request && name == "@authority") return std::string(parts.authority);
  if (request && name == "@path") return parts.path.empty() ? "/" : std::string(parts.path);
  if (request && name == "@query") return "?" + std::string(parts.query);
  if (!request && name == kStatus) return std::to_string(parts.status);
  if (name == kContentDigest && !parts.content_digest.empty()) {
    return std::string(parts.content_digest);
  }
  return std::nullopt;
}

SignatureFields sign(const crypto::PrivateKey& key, const MessageParts& parts,
                     std::vector<std::string> components, std::int64_t created_s,
                     std::string_view nonce) {
  const sf::InnerList list{std::move(components),
                           {{"created", created_s},
                            {"nonce", std::string(nonce)},
                            {"keyid", key.kid()},
                            {"alg", std::string(kSignatureAlg)}}};
  const std::string params = sf::serialize(list);
  const auto base = signature_base(parts, list.items, params);
  assert(base.ok());  // the components were chosen from what the message has
  const auto signature = key.sign(as_bytes(*base));
  const std::string label = std::string(kLabel) + "=";
  return {label + params, label + sf::serialize(ByteView(signature))};
}

Status take_parameters(const sf::InnerList& list, ParsedSignature& out) {
  bool has_created = false;
  std::string alg;
  for (const auto& [name, value] : list.parameters) {
    const auto* text = std::get_if<std::string>(&value);
    if (name == "created" && text == nullptr) {
      out.created = std::get<std::int64_t>(value);
      has_created = true;
    } else if (name == "nonce" && text != nullptr) {
      out.nonce = *text;
    } else if (name == "keyid" && text != nullptr) {
      out.keyid = *text;
    } else if (name == "alg" && text != nullptr) {
      alg = *text;
    } else {
      return bad_signature("parameter \"" + name + "\" is not accepted or has the wrong type");
    }
  }
  if (!has_created) return bad_signature("parameter \"created\" is missing");
  if (out.nonce.size() < kMinNonce || out.nonce.size() > kMaxNonce) {
    return bad_signature("parameter \"nonce\" must have 16 to 64 characters");
  }
  if (out.keyid.empty() || out.keyid.size() > 64) {
    return bad_signature("parameter \"keyid\" must be the key's thumbprint");
  }
  if (alg != kSignatureAlg) return bad_signature("parameter \"alg\" must be \"sm2-sm3\"");
  return {};
}

bool covers(const ParsedSignature& parsed, std::string_view name) {
  return std::find(parsed.components.begin(), parsed.components.end(), name) !=
         parsed.components.end();
}

Status verify(const ParsedSignature& parsed, const MessageParts& parts,
              const crypto::PublicKey& key) {
  QC_ASSIGN(const std::string base, signature_base(parts, parsed.components, parsed.params));
  if (!key.verify(as_bytes(base), parsed.signature)) {
    return bad_signature("the signature does not fit the message and the key", "Signature");
  }
  return {};
}

Error not_covered(std::string_view name) {
  return bad_signature("the signature must cover \"" + std::string(name) + "\"");
}

}  // namespace

std::string normal_authority(std::string_view host, bool tls) {
  std::string out(host);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const std::string_view own_port = tls ? ":443" : ":80";
  if (out.size() > own_port.size() && out.ends_with(own_port)) {
    out.resize(out.size() - own_port.size());
  }
  return out;
}

TargetParts split_target(std::string_view target) {
  const auto question = target.find('?');
  if (question == std::string_view::npos) return {target, {}};
  return {target.substr(0, question), target.substr(question + 1)};
}

std::string content_digest(std::string_view content) {
  return "sm3=" + sf::serialize(ByteView(crypto::sm3(content)));
}

Status check_content_digest(std::string_view field, std::string_view content) {
  const auto fail = [](std::string message) {
    Error error = unauthenticated("auth.bad_digest", std::move(message));
    error.field = "Content-Digest";
    return error;
  };
  const auto parsed = sf::parse_named_bytes(field);
  if (!parsed.ok()) return fail(parsed.error().message);
  if (parsed->label != "sm3") return fail("only the digest algorithm sm3 is accepted");
  if (!equal_constant_time(parsed->value, crypto::sm3(content))) {
    return fail("the digest does not fit the content");
  }
  return {};
}

Result<std::string> signature_base(const MessageParts& parts,
                                   const std::vector<std::string>& components,
                                   std::string_view params) {
  std::string base;
  for (const auto& name : components) {
    const auto value = component_value(parts, name);
    if (!value) return bad_signature("component \"" + name + "\" is not accepted or not there");
    base.append("\"").append(name).append("\": ").append(*value).append("\n");
  }
  base.append("\"@signature-params\": ").append(params);
  return base;
}

SignatureFields sign_request(const crypto::PrivateKey& key, const MessageParts& parts,
                             std::int64_t created_s, std::string_view nonce) {
  std::vector<std::string> components(kRequestComponents.begin(), kRequestComponents.end());
  if (!parts.content_digest.empty()) components.emplace_back(kContentDigest);
  return sign(key, parts, std::move(components), created_s, nonce);
}

SignatureFields sign_response(const crypto::PrivateKey& key, const MessageParts& parts,
                              std::int64_t created_s, std::string_view nonce) {
  assert(parts.status != 0 && !parts.content_digest.empty());
  return sign(key, parts, {std::string(kStatus), std::string(kContentDigest)}, created_s, nonce);
}

Result<ParsedSignature> parse_signature(std::string_view input, std::string_view signature) {
  if (input.empty() || signature.empty()) {
    Error error = unauthenticated("auth.missing_signature",
                                  "the fields Signature-Input and Signature are both required");
    error.field = input.empty() ? "Signature-Input" : "Signature";
    return error;
  }
  auto list = sf::parse_named_list(input);
  if (!list.ok()) return bad_signature(list.error().message);
  auto bytes = sf::parse_named_bytes(signature);
  if (!bytes.ok()) return bad_signature(bytes.error().message, "Signature");
  if (bytes->label != list->label) {
    return bad_signature("Signature and Signature-Input name different signatures", "Signature");
  }
  if (bytes->value.size() != std::tuple_size_v<crypto::Signature64>) {
    return bad_signature("an SM2 signature has 64 bytes", "Signature");
  }
  ParsedSignature out;
  QC_TRY(take_parameters(list->list, out));
  out.params = sf::serialize(list->list);
  out.components = std::move(list->list.items);
  out.signature = std::move(bytes->value);
  return out;
}

Status verify_request(const ParsedSignature& parsed, const MessageParts& parts, bool has_content,
                      const crypto::PublicKey& key) {
  for (const auto name : kRequestComponents) {
    if (!covers(parsed, name)) return not_covered(name);
  }
  if (has_content && !covers(parsed, kContentDigest)) return not_covered(kContentDigest);
  return verify(parsed, parts, key);
}

Status verify_response(const ParsedSignature& parsed, const MessageParts& parts,
                       const crypto::PublicKey& key) {
  for (const auto name : {kStatus, kContentDigest}) {
    if (!covers(parsed, name)) return not_covered(name);
  }
  if (parsed.keyid != key.kid()) return bad_signature("signed by another key");
  return verify(parsed, parts, key);
}

}  // namespace qc::http
