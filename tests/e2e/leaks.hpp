// Looks for personal values where none may be, also inside encoded text.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "sdk/base/json.hpp"

namespace qc::tests {

/// Values worth searching for: names, identity numbers, texts of at least six bytes and amounts of
/// at least six digits out of a `wallet show` document, by the types of the catalogue's items.
std::set<std::string> values_of(const Json& shown, const Json& items);

/// The first of `values` that stands in `text` (digits only as a whole number), or "". Every run
/// of base64url or base64 of at least 16 characters is decoded and searched too, and so on inside
/// (a transaction inside a transaction).
std::string find_value(std::string_view text, const std::set<std::string>& values);

/// The same for every file below `folder`; "path: value" of the first hit, or "".
std::string find_value_in(const std::filesystem::path& folder, const std::set<std::string>& values);

}  // namespace qc::tests
