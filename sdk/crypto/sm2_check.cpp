// The half of PublicKey that judges public data with our own arithmetic. It is a file of its own so
// that what signs and decrypts does not link to that arithmetic (tests/sdk/crypto/link_test.cpp).
#include <algorithm>

#include "sdk/crypto/sm2_hash.hpp"
#include "sdk/crypto/sm2_impl.hpp"

namespace qc::crypto {
namespace {

constexpr std::size_t kXyBytes = 64;

bool jwk_member_is(const Json& jwk, const char* name, std::string_view expected) {
  const auto it = jwk.find(name);
  return it != jwk.end() && it->is_string() && it->get_ref<const std::string&>() == expected;
}

}  // namespace

const sm2::Verifier& PublicKey::Impl::verifier() const {
  std::call_once(verifier_once, [this] {
    const auto point = sm2::read_point(xy);
    ossl::must(point.has_value());
    made_verifier.emplace(*point);
  });
  return *made_verifier;
}

Result<PublicKey> PublicKey::from_xy(ByteView xy) {
  if (xy.size() != kXyBytes) return invalid("key.invalid", "a point has 64 bytes");
  if (!sm2::read_point(xy)) return invalid("key.invalid", "not a point of the SM2 curve");
  return from_curve_point(xy);
}

Result<PublicKey> PublicKey::from_jwk(const Json& jwk) {
  if (!jwk.is_object()) return invalid("key.invalid", "a JWK is an object");
  if (!jwk_member_is(jwk, "kty", "EC")) return invalid("key.invalid", "expected \"EC\"", "kty");
  if (!jwk_member_is(jwk, "crv", "SM2-P-256")) {
    return invalid("key.invalid", "expected \"SM2-P-256\"", "crv");
  }
  Bytes xy;
  for (const char* name : {"x", "y"}) {
    const auto it = jwk.find(name);
    if (it == jwk.end() || !it->is_string()) {
      return invalid("key.invalid", "expected a coordinate", name);
    }
    const auto coordinate = from_base64url(it->get_ref<const std::string&>());
    if (!coordinate.ok() || coordinate->size() != kXyBytes / 2) {
      return invalid("key.invalid", "expected 32 bytes in base64url", name);
    }
    xy.insert(xy.end(), coordinate->begin(), coordinate->end());
  }
  return from_xy(xy);
}

bool PublicKey::verify(ByteView message, ByteView signature, std::string_view id) const {
  if (signature.size() != 64) return false;
  const auto e = id == kDefaultSm2Id
                     ? sm2::public_digest(impl_->default_za, message)
                     : sm2::public_digest(sm2::public_identity_hash(impl_->xy, id), message);
  return e && impl_->verifier().verify(*e, signature);
}

std::optional<NonceHint> PublicKey::verify_for_hint(ByteView message, ByteView signature,
                                                    std::string_view id) const {
  if (signature.size() != 64) return std::nullopt;
  const auto e = id == kDefaultSm2Id
                     ? sm2::public_digest(impl_->default_za, message)
                     : sm2::public_digest(sm2::public_identity_hash(impl_->xy, id), message);
  if (!e) return std::nullopt;
  return impl_->verifier().verify_for_hint(*e, signature);
}

std::vector<std::optional<NonceHint>> verify_for_hints(std::span<const KeyedSignature> items) {
  std::vector<Sm3Input> inputs;
  inputs.reserve(items.size());
  for (const KeyedSignature& item : items) {
    inputs.push_back({{item.key->impl_->default_za, item.message, {}, {}}, nullptr});
  }
  std::vector<Hash32> digests(items.size());
  sm3_public_many(inputs, digests);
  std::vector<sm2::Point> nonces;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].signature.size() != 64) continue;
    const auto nonce =
        items[i].key->impl_->verifier().verify_to_point(digests[i], items[i].signature);
    if (!nonce) continue;
    nonces.push_back(*nonce);
    places.push_back(i);
  }
  const std::vector<NonceHint> hints = sm2::hints_of(nonces);
  std::vector<std::optional<NonceHint>> out(items.size());
  for (std::size_t i = 0; i < places.size(); ++i) out[places[i]] = hints[i];
  return out;
}

PublicKey PublicKey::with_table() const {
  if (has_table()) return *this;
  auto impl = std::make_shared<Impl>(impl_->xy);
  sm2::Verifier verifier = impl_->verifier();
  verifier.add_table();
  std::call_once(impl->verifier_once, [&] { impl->made_verifier.emplace(std::move(verifier)); });
  PublicKey key;
  key.impl_ = std::move(impl);
  return key;
}

bool PublicKey::has_table() const { return impl_->verifier().has_table(); }

}  // namespace qc::crypto
