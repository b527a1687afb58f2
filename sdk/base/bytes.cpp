#include "sdk/base/bytes.hpp"

#include <cstdlib>
#include <sys/random.h>

namespace qc {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kStd =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string encode64(ByteView bytes, std::string_view alphabet, bool pad) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (std::uint8_t byte : bytes) {
    bits = (bits << 8U) | byte;
    count += 8;
    while (count >= 6) {
      count -= 6;
      out.push_back(alphabet[(bits >> static_cast<unsigned>(count)) & 63U]);
    }
  }
  if (count > 0) out.push_back(alphabet[(bits << static_cast<unsigned>(6 - count)) & 63U]);
  while (pad && out.size() % 4 != 0) out.push_back('=');
  return out;
}

Result<Bytes> decode64(std::string_view text, std::string_view alphabet, const char* code) {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  if (text.size() % 4 == 1) return invalid(code, "length is not possible for this encoding");
  Bytes out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    const std::int8_t value = table[static_cast<std::uint8_t>(c)];
    if (value < 0) return invalid(code, "character outside the alphabet");
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<std::uint8_t>((bits >> static_cast<unsigned>(count)) & 255U));
    }
  }
  if ((bits & ((1U << static_cast<unsigned>(count)) - 1U)) != 0) {
    return invalid(code, "trailing bits are not zero");
  }
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string to_hex(ByteView bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (std::uint8_t byte : bytes) {
    out.push_back(kHex[byte >> 4U]);
    out.push_back(kHex[byte & 15U]);
  }
  return out;
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return invalid("hex.invalid", "odd number of hexadecimal digits");
  Bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return invalid("hex.invalid", "expected lower-case hexadecimal");
    out.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return out;
}

Result<Hash32> hash_from_hex(std::string_view text) {
  QC_ASSIGN(const Bytes bytes, from_hex(text));
  if (bytes.size() != 32) return invalid("hex.invalid", "expected 64 hexadecimal digits");
  Hash32 out{};
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

std::string to_base64url(ByteView bytes) { return encode64(bytes, kUrl, false); }
Result<Bytes> from_base64url(std::string_view text) {
  return decode64(text, kUrl, "base64url.invalid");
}
std::string to_base64(ByteView bytes) { return encode64(bytes, kStd, true); }
Result<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return invalid("base64.invalid", "padding is missing");
  std::size_t padding = 0;
  while (padding < 2 && !text.empty() && text.back() == '=') {
    text.remove_suffix(1);
    ++padding;
  }
  return decode64(text, kStd, "base64.invalid");
}

bool equal_constant_time(ByteView a, ByteView b) {
  if (a.size() != b.size()) return false;
  volatile std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

Bytes random_bytes(std::size_t size) {
  Bytes out(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = getrandom(out.data() + done, size - done, 0);
    if (got <= 0) std::abort();  // no entropy: nothing that follows could be trusted
    done += static_cast<std::size_t>(got);
  }
  return out;
}

std::string random_id() {
  std::string id;
  do id = to_base64url(random_bytes(16));
  while (id.front() == '-');
  return id;
}

}  // namespace qc
