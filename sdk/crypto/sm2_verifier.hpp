// Internal: SM2 signature verification, many times as fast as OpenSSL 3.0's. It sees public data
// only, so it may take a time that depends on it; nothing secret is ever computed here.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sdk/crypto/sm2.hpp"
#include "sdk/crypto/sm2_curve.hpp"

namespace qc::crypto::sm2 {

/// The point, if both coordinates are below p and it lies on the curve. `xy` has 64 bytes.
std::optional<Affine> read_point(ByteView xy);

/// r, s and t = r + s of a signature.
struct SignatureScalars {
  U256 r;
  U256 s;
  U256 t;
};
/// Nothing if r or s is not in 1 … n-1 or t is 0 (GB/T 32918.2 clause 7.1 steps B1, B2, B5).
/// `signature64` has 64 bytes.
std::optional<SignatureScalars> read_signature(ByteView signature64);

/// x mod n of the nonce point: r - e.
U256 nonce_x(const SignatureScalars& scalars, const Hash32& e);

/// A public key made ready. Immutable after construction; any thread.
class Verifier {
 public:
  explicit Verifier(const Affine& point, FieldChoice field = FieldChoice::kFastest);

  /// GB/T 32918.2 clause 7.1 steps B1, B2 and B5 to B7, for e = SM3(ZA || M).
  bool verify(const Hash32& e, ByteView signature64) const;

  /// The same; for a valid signature the parity of the nonce point's y, which costs an inversion.
  std::optional<NonceHint> verify_for_hint(const Hash32& e, ByteView signature64) const;

  /// The same without the inversion: the nonce point of a valid signature, for hints_of().
  std::optional<Point> verify_to_point(const Hash32& e, ByteView signature64) const;

  /// Adds a table of multiples (16 KB, built in about twice the time of a verification) with which
  /// few doublings are needed: for keys that sign often.
  void add_table();
  bool has_table() const { return !table_.empty(); }

 private:
  Point sum(const SignatureScalars& scalars) const;

  FieldChoice field_;
  std::array<Affine, 8> odd_multiples_;  ///< P, 3P, …, 15P
  std::vector<Affine> table_;            ///< of kKeyComb
};

/// The parity of each point's y, with one inversion for all. No point may be infinity.
std::vector<NonceHint> hints_of(std::span<const Point> points);

}  // namespace qc::crypto::sm2
