// Signature-Input, Signature and Content-Digest from arbitrary bytes.
#include <cstdlib>

#include "sdk/http/message_signature.hpp"
#include "sdk/http/structured_fields.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto list = qc::http::sf::parse_named_list(text); list.ok()) {
    // What was accepted has one canonical text, which reads back as the same.
    const std::string canonical = qc::http::sf::serialize(list->list);
    const auto again = qc::http::sf::parse_named_list(list->label + "=" + canonical);
    if (canonical.size() < 1500 &&
        (!again.ok() || qc::http::sf::serialize(again->list) != canonical)) {
      std::abort();
    }
  }
  if (const auto bytes = qc::http::sf::parse_named_bytes(text); bytes.ok()) {
    const auto again = qc::http::sf::parse_named_bytes(
        bytes->label + "=" + qc::http::sf::serialize(qc::ByteView(bytes->value)));
    if (!again.ok() || again->value != bytes->value) std::abort();
  }
  (void)qc::http::check_content_digest(text, "abc");
  const std::string signature = "sig1=:" + qc::to_base64(qc::Bytes(64, 1)) + ":";
  (void)qc::http::parse_signature(text, signature);
  return 0;
}
