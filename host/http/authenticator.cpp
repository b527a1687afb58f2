#include "host/http/authenticator.hpp"

#include "sdk/http/message_signature.hpp"

namespace qc::http {
namespace {

struct Account {
  std::string account, kind, status;
  bool member = false;
  Json jwk;
};

std::optional<Account> find_account(const chain::Ledger& ledger, const std::string& kid) {
  std::optional<Account> out;
  ledger.read([&](const chain::StateReader& state) {
    const auto name = state.get("kid/" + kid);
    if (!name || !name->is_string()) return;
    const auto account = name->get<std::string>();
    const auto member = state.get("member/" + account);
    const auto document = member ? member : state.get("subject/" + account);
    if (!document || !document->is_object() || !document->contains("jwk")) return;
    out = Account{account, text_of(*document, "kind"), text_of(*document, "status"),
                  member.has_value(), document->at("jwk")};
  });
  return out;
}

/// A thumbprint: nothing else may become part of a state key.
bool is_thumbprint(std::string_view text) {
  const auto decoded = from_base64url(text);
  return decoded.ok() && decoded->size() == std::tuple_size_v<Hash32>;
}

}  // namespace

struct Authenticator::Claim {
  ParsedSignature signature;
  std::int64_t now_s = 0;
};

Authenticator::Authenticator(const chain::Ledger& ledger, std::function<std::int64_t()> clock_s)
    : ledger_(ledger),
      clock_s_(clock_s ? std::move(clock_s) : [&ledger] { return ledger.now_ms() / 1000; }),
      started_s_(clock_s_()) {}

Result<Authenticator::Claim> Authenticator::read_claim(const Request& request) const {
  QC_ASSIGN(ParsedSignature parsed, parse_signature(request.head.field("signature-input"),
                                                    request.head.field("signature")));
  const std::int64_t now_s = clock_s_();
  const auto expired = [](std::string message) {
    Error error = unauthenticated("auth.expired", std::move(message));
    error.retryable = true;
    return error.at("Signature-Input");
  };
  if (parsed.created > now_s + kSignatureWindowS || parsed.created < now_s - kSignatureWindowS) {
    return expired("\"created\" is more than 300 s from the host's clock, which stands at " +
                   std::to_string(now_s));
  }
  if (parsed.created < started_s_) {
    // The memory of nonces starts with the process: what was signed earlier may be a replay.
    return expired("signed before this host started; sign again");
  }
  return Claim{std::move(parsed), now_s};
}

Status Authenticator::accept(const Request& request, const Claim& claim,
                             const crypto::PublicKey& key) {
  const std::string digest = request.head.field("content-digest");
  const std::string authority = normal_authority(request.head.field("host"), request.tls);
  MessageParts parts;
  parts.method = request.head.method;
  parts.authority = authority;
  parts.path = request.head.path;
  parts.query = request.head.query;
  parts.content_digest = digest;
  QC_TRY(verify_request(claim.signature, parts, !request.body.empty(), key));
  if (!digest.empty()) QC_TRY(check_content_digest(digest, request.body));
  // Last, so that only what was really signed takes room.
  return replays_.remember(claim.signature.keyid, claim.signature.nonce, claim.now_s,
                           claim.signature.created + kSignatureWindowS + 1);
}

Result<Caller> Authenticator::authenticate(const Request& request) {
  QC_ASSIGN(const Claim claim, read_claim(request));
  const std::string& kid = claim.signature.keyid;
  const auto account = is_thumbprint(kid) ? find_account(ledger_, kid) : std::nullopt;
  if (!account) {
    return unauthenticated("auth.unknown_key", "no account has this key").at("keyid");
  }
  if (text_of(account->jwk, "kid") != kid) {
    return unauthenticated("key.retired", "another key has replaced this one").at("keyid");
  }
  const auto key = crypto::PublicKey::from_jwk(account->jwk);
  if (!key.ok() || key->kid() != kid) {
    return internal("auth.broken_key", "the ledger's key of this account cannot be used");
  }
  QC_TRY(accept(request, claim, *key));
  if (account->status == "suspended") {
    return forbidden("auth.suspended", "this account is suspended");
  }
  return Caller{account->account, account->kind, claim.signature.nonce, account->member, *key};
}

Result<Caller> Authenticator::authenticate_key(const Request& request,
                                               const crypto::PublicKey& key) {
  QC_ASSIGN(const Claim claim, read_claim(request));
  if (claim.signature.keyid != key.kid()) {
    return unauthenticated("auth.unknown_key", "not signed by the key in the body").at("keyid");
  }
  QC_TRY(accept(request, claim, key));
  return Caller{{}, {}, claim.signature.nonce, false, key};
}

}  // namespace qc::http
