// Internal: what the compact forms of JWS and JWE have in common.
#pragma once

#include <span>

#include "sdk/base/json.hpp"

namespace qc::crypto::jose {

inline constexpr std::size_t kMaxHeaderText = 8192;

/// Splits at dots into exactly parts.size() parts, or fails with `code`.
Status split(std::string_view compact, std::span<std::string_view> parts, const char* code);

/// Decodes and checks a protected header: an object, this `alg`, no "crit", texts where texts are
/// due. Every error has `code`.
Result<Json> read_header(std::string_view encoded, std::string_view alg, const char* code);

/// Compact JSON text; invalid UTF-8 is replaced instead of thrown about.
std::string dump(const Json& value);

}  // namespace qc::crypto::jose
