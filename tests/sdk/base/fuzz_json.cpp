// Any bytes as JSON: what the quick way takes, the library takes as the same, and strictly; what is
// written comes back.
#include <cstdint>
#include <cstdlib>

#include "sdk/base/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto strict = qc::parse_json(text);
  if (const auto plain = qc::parse_plain_json(text, 16)) {
    const qc::Json library = qc::Json::parse(text, nullptr, false);
    if (library.is_discarded() || library != *plain || library.type() != plain->type())
      std::abort();
    if (size <= qc::JsonLimits().max_bytes && (!strict || *strict != library)) std::abort();
  }
  if (strict) {
    const std::string written = qc::dump_json(*strict);
    if (written != strict->dump(-1, ' ', false, qc::Json::error_handler_t::replace)) std::abort();
    const auto again = qc::parse_json(written);
    if (!again || *again != *strict) std::abort();
  }
  return 0;
}
