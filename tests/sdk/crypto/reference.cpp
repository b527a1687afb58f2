#include "tests/sdk/crypto/reference.hpp"

#include <algorithm>

#include <cryptopp/ecp.h>
#include <cryptopp/integer.h>
#include <cryptopp/nbtheory.h>
#include <cryptopp/sm3.h>

namespace qc::crypto::test {
namespace {

using CryptoPP::ECP;
using CryptoPP::Integer;

struct Curve {
  Integer p{"FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFFh"};
  Integer a{"FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFCh"};
  Integer b{"28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93h"};
  Integer n{"FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123h"};
  ECP::Point g{Integer("32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7h"),
               Integer("BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0h")};
  ECP ecp{p, a, b};
};

Integer number(ByteView bytes) { return {bytes.data(), bytes.size()}; }

Bytes encode(const Integer& value) {
  Bytes out(32);
  value.Encode(out.data(), out.size());
  return out;
}

Bytes encode(const ECP::Point& point) {
  Bytes out = encode(point.x);
  const Bytes y = encode(point.y);
  out.insert(out.end(), y.begin(), y.end());
  return out;
}

ECP::Point decode(ByteView xy) { return {number(xy.first(32)), number(xy.subspan(32, 32))}; }

Bytes digest(std::initializer_list<ByteView> parts) {
  CryptoPP::SM3 hash;
  for (const ByteView part : parts) hash.Update(part.data(), part.size());
  Bytes out(32);
  hash.Final(out.data());
  return out;
}

Bytes kdf(const Bytes& point, std::size_t size) {
  Bytes out;
  for (std::uint32_t counter = 1; out.size() < size; ++counter) {
    const Bytes ct = {static_cast<std::uint8_t>(counter >> 24U),
                      static_cast<std::uint8_t>(counter >> 16U),
                      static_cast<std::uint8_t>(counter >> 8U), static_cast<std::uint8_t>(counter)};
    const Bytes block = digest({point, ct});
    out.insert(out.end(), block.begin(), block.end());
  }
  out.resize(size);
  return out;
}

/// (C2 or plaintext) XOR key stream, and C3 over the plaintext.
Bytes mask(const Bytes& stream, ByteView in) {
  Bytes out(in.size());
  std::transform(in.begin(), in.end(), stream.begin(), out.begin(),
                 [](std::uint8_t x, std::uint8_t y) { return static_cast<std::uint8_t>(x ^ y); });
  return out;
}

Integer message_number(const Curve& curve, ByteView xy, std::string_view id, ByteView message) {
  const Bytes e = digest({reference_identity_hash(xy, id), message});
  return number(e) % curve.n;
}

}  // namespace

Bytes reference_public_key(ByteView scalar) {
  const Curve curve;
  return encode(curve.ecp.Multiply(number(scalar), curve.g));
}

Bytes reference_identity_hash(ByteView xy, std::string_view id) {
  const Curve curve;
  const std::size_t bits = id.size() * 8;
  const Bytes entl = {static_cast<std::uint8_t>(bits >> 8U), static_cast<std::uint8_t>(bits)};
  return digest({entl, as_bytes(id), encode(curve.a), encode(curve.b), encode(curve.g), xy});
}

std::optional<Bytes> reference_x_of_sum(ByteView xy, ByteView s, ByteView t) {
  const Curve curve;
  const ECP::Point point = curve.ecp.Add(curve.ecp.Multiply(number(s), curve.g),
                                         curve.ecp.Multiply(number(t), decode(xy)));
  if (point.identity) return std::nullopt;
  return encode(point.x);
}

bool reference_verify(ByteView xy, std::string_view id, ByteView message, ByteView signature) {
  const Curve curve;
  const Integer r = number(signature.first(32));
  const Integer s = number(signature.subspan(32));
  if (r < 1 || r >= curve.n || s < 1 || s >= curve.n) return false;
  const Integer t = (r + s) % curve.n;
  if (t.IsZero()) return false;
  const ECP::Point point =
      curve.ecp.Add(curve.ecp.Multiply(s, curve.g), curve.ecp.Multiply(t, decode(xy)));
  if (point.identity) return false;
  return (message_number(curve, xy, id, message) + point.x) % curve.n == r;
}

Bytes reference_sign(ByteView scalar, ByteView k, std::string_view id, ByteView message) {
  const Curve curve;
  const Integer d = number(scalar);
  const Bytes xy = reference_public_key(scalar);
  const Integer x1 = curve.ecp.Multiply(number(k), curve.g).x;
  const Integer r = (message_number(curve, xy, id, message) + x1) % curve.n;
  const Integer inverse = (d + 1).InverseMod(curve.n);
  const Integer rd = a_times_b_mod_c(r, d, curve.n);
  const Integer difference = (number(k) + curve.n - rd) % curve.n;
  const Integer s = a_times_b_mod_c(inverse, difference, curve.n);
  Bytes out = encode(r);
  const Bytes tail = encode(s);
  out.insert(out.end(), tail.begin(), tail.end());
  return out;
}

Bytes reference_encrypt(ByteView xy, ByteView k, ByteView plaintext) {
  const Curve curve;
  Bytes out = encode(curve.ecp.Multiply(number(k), curve.g));
  const Bytes shared = encode(curve.ecp.Multiply(number(k), decode(xy)));
  const Bytes c3 = digest({ByteView(shared).first(32), plaintext, ByteView(shared).subspan(32)});
  const Bytes c2 = mask(kdf(shared, plaintext.size()), plaintext);
  out.insert(out.end(), c3.begin(), c3.end());
  out.insert(out.end(), c2.begin(), c2.end());
  return out;
}

std::optional<Bytes> reference_decrypt(ByteView scalar, ByteView c1c3c2) {
  const Curve curve;
  const ECP::Point c1 = decode(c1c3c2.first(64));
  if (!curve.ecp.VerifyPoint(c1)) return std::nullopt;
  const Bytes shared = encode(curve.ecp.Multiply(number(scalar), c1));
  const ByteView c2 = c1c3c2.subspan(96);
  const Bytes plain = mask(kdf(shared, c2.size()), c2);
  const Bytes c3 = digest({ByteView(shared).first(32), plain, ByteView(shared).subspan(32)});
  const ByteView given = c1c3c2.subspan(64, 32);
  if (!std::equal(c3.begin(), c3.end(), given.begin(), given.end())) return std::nullopt;
  return plain;
}

}  // namespace qc::crypto::test
