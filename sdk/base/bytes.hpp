// Bytes and their textual forms.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sdk/base/result.hpp"

namespace qc {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using Hash32 = std::array<std::uint8_t, 32>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Lower-case hexadecimal.
std::string to_hex(ByteView bytes);
/// Accepts lower case only (one text form for each value). Error code "hex.invalid".
Result<Bytes> from_hex(std::string_view text);
/// Exactly 32 bytes. Error code "hex.invalid".
Result<Hash32> hash_from_hex(std::string_view text);

/// RFC 4648 section 5, without padding.
std::string to_base64url(ByteView bytes);
/// Rejects padding, other alphabets and non-zero trailing bits. Error code "base64url.invalid".
Result<Bytes> from_base64url(std::string_view text);

/// RFC 4648 section 4, with padding (Content-Digest, RFC 9530).
std::string to_base64(ByteView bytes);
/// Strict: padding required. Error code "base64.invalid".
Result<Bytes> from_base64(std::string_view text);

/// Compares in time independent of the contents (not of the lengths). For authenticators.
bool equal_constant_time(ByteView a, ByteView b);

/// Cryptographically secure random bytes from the operating system. Aborts if it has none.
Bytes random_bytes(std::size_t size);

/// 128 random bits, base64url (22 characters): identifiers and nonces. Never begins with '-', which
/// a command line would take for an option.
std::string random_id();

}  // namespace qc
