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
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t bits = (std::uint32_t{bytes[i]} << 16U) |
                               (std::uint32_t{bytes[i + 1]} << 8U) | std::uint32_t{bytes[i + 2]};
    const std::array<char, 4> four{alphabet[bits >> 18U], alphabet[(bits >> 12U) & 63U],
                                   alphabet[(bits >> 6U) & 63U], alphabet[bits & 63U]};
    out.append(four.data(), four.size());
  }
  if (i + 1 == bytes.size()) {
    out.push_back(alphabet[bytes[i] >> 2U]);
    out.push_back(alphabet[(bytes[i] << 4U) & 63U]);
  } else if (i + 2 == bytes.size()) {
    const std::uint32_t bits = (std::uint32_t{bytes[i]} << 8U) | std::uint32_t{bytes[i + 1]};
    out.push_back(alphabet[bits >> 10U]);
    out.push_back(alphabet[(bits >> 4U) & 63U]);
    out.push_back(alphabet[(bits << 2U) & 63U]);
  }
  while (pad && out.size() % 4 != 0) out.push_back('=');
  return out;
}

using DecodeTable = std::array<std::int8_t, 256>;

/// Value of each character, or -1.
constexpr DecodeTable decode_table(std::string_view alphabet) {
  DecodeTable table{};
  for (auto& value : table) value = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return table;
}
constexpr DecodeTable kUrlValues = decode_table(kUrl);
constexpr DecodeTable kStdValues = decode_table(kStd);

Result<Bytes> decode64(std::string_view text, const DecodeTable& table, const char* code) {
  if (text.size() % 4 == 1) return invalid(code, "length is not possible for this encoding");
  const auto value = [&](std::size_t i) -> int {
    return table[static_cast<std::uint8_t>(text[i])];
  };
  Bytes out(text.size() * 3 / 4);
  std::size_t at = 0;
  std::size_t i = 0;
  int seen = 0;  // negative once a character was none of the alphabet's
  const auto put = [&](int bits, unsigned shift) {
    out[at++] = static_cast<std::uint8_t>(static_cast<unsigned>(bits) >> shift);
  };
  for (; i + 4 <= text.size(); i += 4) {
    const int a = value(i);
    const int b = value(i + 1);
    const int c = value(i + 2);
    const int d = value(i + 3);
    seen |= a | b | c | d;
    if (seen < 0) break;
    const int bits = (a * 64 + b) * 4096 + c * 64 + d;
    put(bits, 16);
    put(bits, 8);
    put(bits, 0);
  }
  int bits = 0;
  const auto left = static_cast<unsigned>(seen < 0 ? 0 : text.size() - i);
  for (; i < text.size() && seen >= 0; ++i) {
    seen |= value(i);
    bits = bits * 64 + (seen < 0 ? 0 : value(i));
  }
  if (seen < 0) return invalid(code, "character outside the alphabet");
  const unsigned spare = left == 2 ? 4 : 2;  // bits that no byte takes
  if (left != 0 && (static_cast<unsigned>(bits) & ((1U << spare) - 1U)) != 0) {
    return invalid(code, "trailing bits are not zero");
  }
  if (left == 3) put(bits, 10);
  if (left != 0) put(bits, left == 3 ? 2 : 4);
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string to_hex(ByteView bytes) {
  std::string out(bytes.size() * 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    out[2 * i] = kHex[bytes[i] >> 4U];
    out[2 * i + 1] = kHex[bytes[i] & 15U];
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
  return decode64(text, kUrlValues, "base64url.invalid");
}
std::string to_base64(ByteView bytes) { return encode64(bytes, kStd, true); }
Result<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return invalid("base64.invalid", "padding is missing");
  std::size_t padding = 0;
  while (padding < 2 && !text.empty() && text.back() == '=') {
    text.remove_suffix(1);
    ++padding;
  }
  return decode64(text, kStdValues, "base64.invalid");
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
