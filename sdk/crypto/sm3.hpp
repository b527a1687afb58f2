// SM3 digest (GB/T 32905-2016) and HMAC-SM3 (GB/T 15852.2).
#pragma once

#include <memory>

#include "sdk/base/bytes.hpp"

namespace qc::crypto {

/// Incremental SM3. Thread contract: one object, one thread.
class Sm3 {
 public:
  Sm3();
  ~Sm3();
  Sm3(Sm3&&) noexcept;
  Sm3& operator=(Sm3&&) noexcept;

  Sm3& update(ByteView data);
  /// Returns the digest and resets for another message.
  Hash32 finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One-shot SM3. Any thread.
Hash32 sm3(ByteView data);
inline Hash32 sm3(std::string_view data) { return sm3(as_bytes(data)); }

/// HMAC-SM3 (RFC 2104 construction, 64-byte block). Any thread.
Hash32 hmac_sm3(ByteView key, ByteView data);

}  // namespace qc::crypto
