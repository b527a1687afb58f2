// How a text is bound to the ledger without being on it.
#pragma once

#include <string>
#include <string_view>

#include "sdk/base/bytes.hpp"

namespace qc::proof {

/// SM3(domain 00 || salt || text) in hexadecimal (docs/formats.md, Asset). Any thread.
std::string commitment(std::string_view domain, ByteView salt, std::string_view text);

}  // namespace qc::proof
