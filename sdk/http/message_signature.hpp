// HTTP Message Signatures (RFC 9421) with SM2, algorithm "sm2-sm3", and Content-Digest (RFC 9530)
// with SM3. One implementation for the host and for everyone who talks to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sdk/crypto/sm2.hpp"

namespace qc::http {

inline constexpr std::string_view kSignatureAlg = "sm2-sm3";
inline constexpr std::int64_t kSignatureWindowS = 300;  ///< how far `created` may be off, seconds

/// What a signature may cover, as it stands on the wire. Views: keep the message alive.
struct MessageParts {
  std::string_view method;          ///< "GET"; requests only
  std::string_view authority;       ///< see normal_authority(); requests only
  std::string_view path;            ///< absolute, percent-encoded as sent; requests only
  std::string_view query;           ///< without "?", empty when there is none; requests only
  int status = 0;                   ///< responses only
  std::string_view content_digest;  ///< field value, empty when the field is absent
};

/// Values of the fields Signature-Input and Signature.
struct SignatureFields {
  std::string input;
  std::string signature;
};

/// A signature taken apart, nothing verified yet.
struct ParsedSignature {
  std::vector<std::string> components;  ///< in the order signed
  std::string params;                   ///< value of "@signature-params", canonical
  std::int64_t created = 0;             ///< seconds since the epoch
  std::string nonce;                    ///< 16..64 characters
  std::string keyid;
  Bytes signature;  ///< 64 bytes
};

/// RFC 9110 section 4.2.3 with RFC 9421 section 2.2.3: lower case, without the scheme's own port.
std::string normal_authority(std::string_view host, bool tls);

/// "/a/b?c=d" -> "/a/b", "c=d".
struct TargetParts {
  std::string_view path;
  std::string_view query;
};
TargetParts split_target(std::string_view target);

/// `sm3=:<base64>:` over the content.
std::string content_digest(std::string_view content);
/// Errors: "auth.bad_digest" (malformed, or another content).
Status check_content_digest(std::string_view field, std::string_view content);

/// The signature base (RFC 9421 section 2.5). Error: "auth.bad_signature" for a component that
/// this profile does not know or that the message lacks.
Result<std::string> signature_base(const MessageParts& parts,
                                   const std::vector<std::string>& components,
                                   std::string_view params);

/// Covers "@method" "@authority" "@path" "@query" and, when parts.content_digest is there,
/// "content-digest".
SignatureFields sign_request(const crypto::PrivateKey& key, const MessageParts& parts,
                             std::int64_t created_s, std::string_view nonce);
/// Covers "@status" "content-digest". `nonce` is the request's, so that an answer cannot stand in
/// for another.
SignatureFields sign_response(const crypto::PrivateKey& key, const MessageParts& parts,
                              std::int64_t created_s, std::string_view nonce);

/// Parses both fields. Exactly one signature; parameters created, nonce, keyid, alg, each once and
/// no others. Errors: "auth.missing_signature" (one field or both empty), "auth.bad_signature".
Result<ParsedSignature> parse_signature(std::string_view input, std::string_view signature);

/// Checks that everything required is covered and the signature is right. `has_content`: the
/// request carries content, so that "content-digest" is required. Whether the digest fits the
/// content is check_content_digest()'s business; time and replay are the caller's.
/// Error: "auth.bad_signature".
Status verify_request(const ParsedSignature& parsed, const MessageParts& parts, bool has_content,
                      const crypto::PublicKey& key);
Status verify_response(const ParsedSignature& parsed, const MessageParts& parts,
                       const crypto::PublicKey& key);

}  // namespace qc::http
