#include "sdk/crypto/sm2_der.hpp"

#include <algorithm>

namespace qc::crypto::der {
namespace {

constexpr std::uint8_t kInteger = 0x02;
constexpr std::uint8_t kOctetString = 0x04;
constexpr std::uint8_t kSequence = 0x30;
constexpr std::size_t kScalar = 32;

void put(Bytes& out, std::uint8_t tag, ByteView content) {
  out.push_back(tag);
  const std::size_t size = content.size();
  if (size >= 0x10000) {
    out.push_back(0x83);
    out.push_back(static_cast<std::uint8_t>(size >> 16U));
    out.push_back(static_cast<std::uint8_t>((size >> 8U) & 255U));
  } else if (size >= 0x100) {
    out.push_back(0x82);
    out.push_back(static_cast<std::uint8_t>(size >> 8U));
  } else if (size >= 0x80) {
    out.push_back(0x81);
  }
  out.push_back(static_cast<std::uint8_t>(size & 255U));
  out.insert(out.end(), content.begin(), content.end());
}

void put_integer(Bytes& out, ByteView magnitude) {
  while (magnitude.size() > 1 && magnitude[0] == 0) magnitude = magnitude.subspan(1);
  Bytes content;
  if (magnitude[0] >= 0x80) content.push_back(0);
  content.insert(content.end(), magnitude.begin(), magnitude.end());
  put(out, kInteger, content);
}

/// Takes one element with `tag` off the front of `in`; only minimal definite lengths.
std::optional<ByteView> take(ByteView& in, std::uint8_t tag) {
  if (in.size() < 2 || in[0] != tag) return std::nullopt;
  std::size_t size = in[1];
  std::size_t head = 2;
  if (size >= 0x80) {
    const std::size_t octets = size & 0x7fU;
    if (octets == 0 || octets > 3 || in.size() < 2 + octets) return std::nullopt;
    size = 0;
    for (std::size_t i = 0; i < octets; ++i) size = (size << 8U) | in[2 + i];
    const std::size_t least = octets == 1 ? 0x80 : std::size_t{1} << (8U * (octets - 1));
    if (size < least) return std::nullopt;
    head += octets;
  }
  if (in.size() - head < size) return std::nullopt;
  const ByteView content = in.subspan(head, size);
  in = in.subspan(head + size);
  return content;
}

bool take_scalar(ByteView& in, std::uint8_t* out32) {
  const auto content = take(in, kInteger);
  if (!content || content->empty()) return false;
  ByteView value = *content;
  if (value[0] >= 0x80) return false;  // negative
  if (value[0] == 0 && value.size() > 1) {
    if (value[1] < 0x80) return false;  // not minimal
    value = value.subspan(1);
  }
  if (value.size() > kScalar) return false;
  std::fill(out32, out32 + kScalar, std::uint8_t{0});
  std::copy(value.begin(), value.end(), out32 + (kScalar - value.size()));
  return true;
}

}  // namespace

Bytes encode_signature(ByteView raw) {
  Bytes content;
  put_integer(content, raw.first(kScalar));
  put_integer(content, raw.subspan(kScalar, kScalar));
  Bytes out;
  put(out, kSequence, content);
  return out;
}

std::optional<Signature64> decode_signature(ByteView der) {
  auto body = take(der, kSequence);
  if (!body || !der.empty()) return std::nullopt;
  Signature64 out{};
  if (!take_scalar(*body, out.data()) || !take_scalar(*body, out.data() + kScalar)) {
    return std::nullopt;
  }
  if (!body->empty()) return std::nullopt;
  return out;
}

Bytes encode_ciphertext(const Ciphertext& parts) {
  Bytes content;
  put_integer(content, ByteView(parts.point).first(kScalar));
  put_integer(content, ByteView(parts.point).subspan(kScalar));
  put(content, kOctetString, parts.hash);
  put(content, kOctetString, parts.data);
  Bytes out;
  put(out, kSequence, content);
  return out;
}

std::optional<Ciphertext> decode_ciphertext(ByteView der) {
  auto body = take(der, kSequence);
  if (!body || !der.empty()) return std::nullopt;
  Ciphertext out;
  if (!take_scalar(*body, out.point.data()) || !take_scalar(*body, out.point.data() + kScalar)) {
    return std::nullopt;
  }
  const auto hash = take(*body, kOctetString);
  const auto data = hash ? take(*body, kOctetString) : std::nullopt;
  if (!data || !body->empty() || hash->size() != out.hash.size() || data->empty()) {
    return std::nullopt;
  }
  std::copy(hash->begin(), hash->end(), out.hash.begin());
  out.data.assign(data->begin(), data->end());
  return out;
}

}  // namespace qc::crypto::der
