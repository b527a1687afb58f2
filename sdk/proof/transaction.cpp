#include "sdk/proof/transaction.hpp"

#include <algorithm>

#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::proof {
namespace {

constexpr std::size_t kKidChars = 43;               // base64url of 32 bytes
constexpr std::size_t kNonceChars = 22;             // base64url of 16 bytes
constexpr std::int64_t kMaxSeconds = 253402300799;  // 9999-12-31T23:59:59Z

/// Gives every error of the envelope one code, and says which member is at fault.
Error envelope_error(const Error& cause) {
  Error error = invalid("tx.invalid", cause.message, cause.field);
  return error;
}

Error bad_signature() {
  return {ErrorKind::kUnauthenticated, "tx.bad_signature",
          "the signature does not match the transaction and the signer's key"};
}

bool is_base64url(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

Status check_header(const crypto::Jws& jws, Transaction& tx) {
  if (jws.typ() != kTxTyp) {
    return invalid("tx.wrong_type", "expected typ " + std::string(kTxTyp), "header.typ");
  }
  const JsonReader header(jws.header, "header");
  if (Status only = header.expect_only({"alg", "typ", "kid"}); !only) {
    return envelope_error(only.error());
  }
  tx.kid = jws.kid();
  if (tx.kid.size() != kKidChars || !is_base64url(tx.kid)) {
    return invalid("tx.invalid", "expected a key thumbprint of 43 characters", "header.kid");
  }
  return {};
}

Status read_payload(Json payload, Transaction& tx) {
  const JsonReader reader(payload, "");
  QC_TRY(reader.expect_only({"v", "chain", "op", "iat", "nonce", "body"}));
  QC_TRY(reader.integer("v", 1, 1));
  QC_ASSIGN(tx.chain, reader.text("chain", 64));
  QC_ASSIGN(tx.op, reader.text("op", 64));
  QC_ASSIGN(tx.iat, reader.integer("iat", 0, kMaxSeconds));
  QC_ASSIGN(tx.nonce, reader.text("nonce", kNonceChars, kNonceChars));
  if (!is_base64url(tx.nonce)) return invalid("tx.invalid", "expected base64url", "nonce");
  QC_TRY(reader.object("body"));
  tx.body = std::move(payload["body"]);
  return {};
}

}  // namespace

Result<Transaction> parse_transaction(std::string bytes) {
  if (bytes.size() > kMaxTxBytes) return parse_transaction(std::move(bytes), Hash32{});
  const Hash32 id = crypto::sm3(bytes);
  return parse_transaction(std::move(bytes), id);
}

Result<Transaction> parse_transaction(std::string bytes, const Hash32& id) {
  if (bytes.size() > kMaxTxBytes) {
    return Error{ErrorKind::kTooLarge, "tx.too_large",
                 "a transaction has at most " + std::to_string(kMaxTxBytes) + " bytes"};
  }
  Transaction tx;
  tx.bytes = std::move(bytes);
  const auto jws = crypto::jws_parse(tx.bytes, kMaxTxBytes);
  if (!jws) return envelope_error(jws.error());
  QC_TRY(check_header(*jws, tx));
  JsonLimits limits;
  limits.max_bytes = kMaxTxBytes;
  auto payload = parse_json(jws->payload, limits);
  if (!payload) return envelope_error(payload.error());
  if (Status read = read_payload(std::move(payload).value(), tx); !read) {
    return envelope_error(read.error());
  }
  tx.id = id;
  return tx;
}

std::optional<SignedParts> signed_parts(std::string_view bytes) {
  // parse_transaction has checked the shape; the signed part ends at the last dot.
  const std::size_t dot = bytes.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto signature = from_base64url(bytes.substr(dot + 1));
  SignedParts parts{bytes.substr(0, dot), {}};
  if (!signature || signature->size() != parts.signature.size()) return std::nullopt;
  std::copy(signature->begin(), signature->end(), parts.signature.begin());
  return parts;
}

Status verify_transaction(const Transaction& tx, const crypto::PublicKey& key) {
  const auto parts = signed_parts(tx.bytes);
  if (parts && key.verify(as_bytes(parts->message), parts->signature)) return {};
  return bad_signature();
}

Status verify_for_hint(Transaction& tx, const crypto::PublicKey& key) {
  const auto parts = signed_parts(tx.bytes);
  if (!parts) return bad_signature();
  const auto hint = key.verify_for_hint(as_bytes(parts->message), parts->signature);
  if (!hint) return bad_signature();
  tx.hint = *hint;
  return {};
}

std::string make_transaction(const crypto::PrivateKey& key, std::string_view chain,
                             std::string_view op, const Json& body, std::int64_t iat_s) {
  const Json payload = {{"v", 1},       {"chain", chain},       {"op", op},
                        {"iat", iat_s}, {"nonce", random_id()}, {"body", body}};
  // Text that is not UTF-8 is replaced rather than thrown about; the rules refuse nothing valid.
  return crypto::jws_sign(key, payload.dump(-1, ' ', false, Json::error_handler_t::replace),
                          kTxTyp);
}

}  // namespace qc::proof
