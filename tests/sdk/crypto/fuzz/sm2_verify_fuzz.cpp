// Every path of the SM2 verifier against OpenSSL, on signatures made to be valid or nearly so.
// Input: mode, hint, where and what to turn; then 32 bytes each of s, t, key (a scalar, or x with
// y), e.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "sdk/crypto/ossl.hpp"
#include "sdk/crypto/sm2_batch.hpp"
#include "sdk/crypto/sm2_impl.hpp"

namespace {

using qc::Bytes;
using qc::ByteView;
using qc::Hash32;
namespace crypto = qc::crypto;
namespace ossl = qc::crypto::ossl;
namespace sm2 = qc::crypto::sm2;

void require(bool ok) {
  if (!ok) std::abort();
}

const EC_GROUP* group() {
  static const ossl::Group value(EC_GROUP_new_by_curve_name(NID_sm2));
  return value.get();
}

ossl::Bn number(ByteView bytes) {
  return ossl::Bn(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

/// Whether OpenSSL takes x || y for a point.
bool openssl_takes(ByteView xy) {
  const ossl::ErrorScope scope;
  Bytes encoded{POINT_CONVERSION_UNCOMPRESSED};
  encoded.insert(encoded.end(), xy.begin(), xy.end());
  const ossl::Point point(EC_POINT_new(group()));
  return EC_POINT_oct2point(group(), point.get(), encoded.data(), encoded.size(), nullptr) == 1;
}

/// x || y of s G + t P; all zero for infinity. P is G itself if `xy` is empty.
Bytes sum(ByteView s, ByteView t, ByteView xy) {
  const ossl::BnCtx ctx(BN_CTX_new());
  const ossl::Point point(EC_POINT_new(group()));
  if (xy.empty()) {
    EC_POINT_copy(point.get(), EC_GROUP_get0_generator(group()));
  } else {
    Bytes encoded{POINT_CONVERSION_UNCOMPRESSED};
    encoded.insert(encoded.end(), xy.begin(), xy.end());
    require(EC_POINT_oct2point(group(), point.get(), encoded.data(), encoded.size(), ctx.get()) ==
            1);
  }
  const ossl::Bn s_number = number(s);
  const ossl::Bn t_number = number(t);
  const ossl::Point out(EC_POINT_new(group()));
  require(EC_POINT_mul(group(), out.get(), s_number.get(), point.get(), t_number.get(),
                       ctx.get()) == 1);
  Bytes bytes(65);
  if (EC_POINT_is_at_infinity(group(), out.get()) == 1) return Bytes(64);
  require(EC_POINT_point2oct(group(), out.get(), POINT_CONVERSION_UNCOMPRESSED, bytes.data(),
                             bytes.size(), ctx.get()) == bytes.size());
  bytes.erase(bytes.begin());
  return bytes;
}

/// (a - b) mod n.
Bytes difference(ByteView a, ByteView b) {
  const ossl::BnCtx ctx(BN_CTX_new());
  const ossl::Bn left = number(a);
  const ossl::Bn right = number(b);
  require(BN_mod_sub(left.get(), left.get(), right.get(), EC_GROUP_get0_order(group()),
                     ctx.get()) == 1);
  Bytes out(32);
  require(BN_bn2binpad(left.get(), out.data(), 32) == 32);
  return out;
}

struct Case {
  Bytes xy;
  Hash32 e{};
  Bytes signature;
};

/// A batch whose other members are valid.
void check_in_batch(const Case& one, crypto::NonceHint hint, bool expected) {
  struct Neighbour {
    crypto::PrivateKey key = crypto::PrivateKey::generate();
    crypto::Signature64 signature = key.sign(qc::as_bytes("neighbour"));
  };
  static const std::vector<Neighbour> neighbours(13);
  std::vector<crypto::SignedItem> items;
  for (const Neighbour& neighbour : neighbours) {
    items.push_back({.message = qc::as_bytes("neighbour"),
                     .signature = neighbour.signature,
                     .xy = neighbour.key.public_key().xy()});
    items.back().hint = *crypto::sm2_verify_for_hint(items.back());
  }
  items.push_back({.signature = one.signature, .xy = one.xy, .hint = hint, .digest = one.e});
  static crypto::BatchVerifier batch;
  const std::vector<bool> valid = batch.verify(items);
  require(valid.back() == expected);
  require(std::all_of(valid.begin(), valid.end() - 1, [](bool v) { return v; }));
}

void check(const Case& one, crypto::NonceHint hint) {
  const auto point = sm2::read_point(one.xy);
  require(point.has_value() == openssl_takes(one.xy));
  const bool expected = point && sm2::openssl_verify(one.xy, one.e, one.signature);
  if (point) {
    sm2::Verifier verifier(*point);
    require(verifier.verify(one.e, one.signature) == expected);
    require(verifier.verify_for_hint(one.e, one.signature).has_value() == expected);
    verifier.add_table();
    require(verifier.verify(one.e, one.signature) == expected);
    require(sm2::Verifier(*point, sm2::FieldChoice::kPortable).verify(one.e, one.signature) ==
            expected);
  }
  check_in_batch(one, hint, expected);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4 + 5 * 32) return 0;
  const ByteView bytes(data, size);
  const ByteView s = bytes.subspan(4, 32);
  const ByteView t = bytes.subspan(36, 32);
  const ByteView key = bytes.subspan(68, 64);
  Case one;
  one.xy.assign(key.begin(), key.end());
  std::copy_n(bytes.begin() + 132, 32, one.e.begin());
  one.signature.assign(s.begin(), s.end());
  one.signature.insert(one.signature.end(), t.begin(), t.end());
  if ((data[0] & 1U) != 0) {
    // The key is a multiple of G, and e and r are what makes s and t = r + s valid.
    one.xy = sum(key.first(32), Bytes(32), {});
    if (openssl_takes(one.xy)) {
      const Bytes r = difference(t, s);
      const Bytes e = difference(r, ByteView(sum(s, t, one.xy)).first(32));
      std::copy(e.begin(), e.end(), one.e.begin());
      std::copy(r.begin(), r.end(), one.signature.begin());
      std::copy(s.begin(), s.end(), one.signature.begin() + 32);
    }
  }
  if ((data[0] & 2U) != 0) {
    const auto flip = static_cast<std::uint8_t>(1U << (data[3] % 8));
    one.signature[data[2] % 64] = static_cast<std::uint8_t>(one.signature[data[2] % 64] ^ flip);
  }
  check(one, static_cast<crypto::NonceHint>(data[1] % 4));
  return 0;
}
