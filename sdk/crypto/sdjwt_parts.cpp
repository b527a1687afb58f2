#include "sdk/crypto/sdjwt_parts.hpp"

#include <algorithm>

#include "sdk/crypto/sm3.hpp"

namespace qc::crypto::sdjwt {
namespace {

constexpr const char* kInvalid = "sdjwt.invalid";
constexpr const char* kBadDisclosure = "sdjwt.bad_disclosure";
constexpr std::size_t kMaxSaltBytes = 128;
constexpr std::size_t kMaxDisclosureText = std::size_t{64} * 1024;
constexpr std::size_t kDigestText = 43;  // 32 bytes in base64url

/// The digests in `payload._sd`.
Status read_digests(const Json& payload, std::set<std::string>& out) {
  const auto list = JsonReader(payload).texts("_sd", kMaxFields, kDigestText);
  if (!list.ok()) return invalid(kInvalid, list.error().message, list.error().field);
  for (const std::string& digest : *list) {
    const auto bytes = from_base64url(digest);
    if (!bytes.ok() || bytes->size() != sizeof(Hash32)) {
      return invalid(kInvalid, "a digest is not 32 bytes in base64url", "_sd");
    }
    out.insert(digest);
  }
  return {};
}

/// The claims that SD-JWT VC and our formats demand, in their types.
Status check_claims(const Json& claims) {
  const JsonReader reader(claims);
  for (const char* name : {"iss", "vct"}) {
    if (const auto text = reader.text(name); !text.ok()) {
      return invalid(kInvalid, text.error().message, name);
    }
  }
  for (const char* name : {"iat", "exp", "nbf"}) {
    if (!reader.has(name)) continue;
    if (const auto time = reader.integer(name, 0, kMaxSeconds); !time.ok()) {
      return invalid(kInvalid, time.error().message, name);
    }
  }
  if (reader.has("sub")) {
    if (const auto sub = reader.text("sub"); !sub.ok()) {
      return invalid(kInvalid, sub.error().message, "sub");
    }
  }
  return {};
}

}  // namespace

Result<Parts> split(std::string_view text) {
  if (text.size() > kMaxBytes) {
    return Error{
        ErrorKind::kTooLarge, kInvalid, "at most " + std::to_string(kMaxBytes) + " bytes", {}};
  }
  const std::size_t last = text.rfind('~');
  const std::size_t first = text.find('~');
  if (first == std::string_view::npos || first == 0) {
    return invalid(kInvalid, "expected <jwt>~<disclosure>~…~");
  }
  Parts out;
  out.jwt = text.substr(0, first);
  out.hashed = text.substr(0, last + 1);
  out.kb = text.substr(last + 1);
  std::string_view rest = text.substr(first + 1, last - first);
  while (!rest.empty()) {
    if (out.disclosures.size() == kMaxFields) return invalid(kInvalid, "too many disclosures");
    const std::size_t end = rest.find('~');
    if (end == 0) return invalid(kInvalid, "a disclosure is empty");
    out.disclosures.push_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return out;
}

Result<Disclosure> read_disclosure(std::string_view encoded) {
  if (encoded.size() > kMaxDisclosureText) return invalid(kBadDisclosure, "is too large");
  const auto bytes = from_base64url(encoded);
  if (!bytes.ok()) return invalid(kBadDisclosure, bytes.error().message);
  auto json = parse_json(as_text(*bytes));
  if (!json.ok()) return invalid(kBadDisclosure, json.error().message);
  if (!json->is_array() || json->size() != 3 || !(*json)[0].is_string() ||
      !(*json)[1].is_string()) {
    return invalid(kBadDisclosure, "expected [salt, name, value]");
  }
  const auto& salt = (*json)[0].get_ref<const std::string&>();
  const auto& name = (*json)[1].get_ref<const std::string&>();
  if (salt.empty() || salt.size() > kMaxSaltBytes) return invalid(kBadDisclosure, "salt size");
  if (name.empty() || name.size() > kMaxNameBytes) return invalid(kBadDisclosure, "name size");
  // The name is not repeated: it may be personal when the text is not what it claims to be.
  if (reserved_name(name)) return invalid(kBadDisclosure, "a field has a reserved name");
  // Disclosures inside disclosures (RFC 9901 section 6.3) are no part of our format; left alone
  // they would reach the caller unprocessed.
  if (has_sd_members((*json)[2])) return invalid(kBadDisclosure, "nested disclosures");
  return Disclosure{name, std::move((*json)[2]), digest_of(encoded)};
}

Result<IssuerPayload> read_payload(std::string_view payload) {
  auto json = parse_json(payload);
  if (!json.ok()) return invalid(kInvalid, json.error().message, "payload");
  if (!json->is_object()) return invalid(kInvalid, "expected an object", "payload");
  const auto alg = json->find("_sd_alg");
  if (alg == json->end() || *alg != Json(kHashAlg)) {
    return invalid(kInvalid, "expected \"sm3\"", "_sd_alg");
  }
  IssuerPayload out;
  QC_TRY(read_digests(*json, out.digests));
  json->erase("_sd_alg");
  json->erase("_sd");
  if (has_sd_members(*json)) return invalid(kInvalid, "\"_sd\" or \"...\" in another place");
  QC_TRY(check_claims(*json));
  out.claims = std::move(json).value();
  return out;
}

std::string digest_of(std::string_view text) { return to_base64url(sm3(text)); }

bool reserved_name(std::string_view name) {
  // RFC 7519 section 4.1, RFC 7800, RFC 9901 section 5.2, SD-JWT VC. Of the claims that SD-JWT VC
  // keeps from being disclosed selectively, "status" alone is let through: half of the city's
  // dictionary has a field of that name, and revocation stands on the ledger, not in a status list.
  static constexpr std::array<std::string_view, 13> kReserved = {
      "iss", "sub", "aud",           "exp", "nbf",     "iat", "jti",
      "cnf", "vct", "vct#integrity", "_sd", "_sd_alg", "..."};
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

bool has_sd_members(const Json& value) {
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      if (name == "_sd" || name == "..." || has_sd_members(member)) return true;
    }
  } else if (value.is_array()) {
    return std::any_of(value.begin(), value.end(), has_sd_members);
  }
  return false;
}

}  // namespace qc::crypto::sdjwt
