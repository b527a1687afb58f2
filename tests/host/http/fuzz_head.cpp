// Request heads from arbitrary bytes.
#include <cstdlib>

#include "host/http/request_head.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto head = qc::http::parse_request_head(text);
  if (!head.ok()) {
    const int status = qc::http::status_for(head.error());
    if (status < 400 || status > 599 || head.error().code.empty()) std::abort();
    return 0;
  }
  // Nothing that could smuggle a line into what is made from the head.
  for (const auto& [name, value] : head->fields) {
    if (value.find_first_of("\r\n") != std::string::npos || name.empty()) std::abort();
  }
  if (head->path.empty() || head->path.front() != '/') std::abort();
  if (!head->field("transfer-encoding").empty()) std::abort();
  return 0;
}
