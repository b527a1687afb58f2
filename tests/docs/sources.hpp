// What tests of the documentation read: texts of the repository, and the literals in its sources.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace qc::tests {

/// A file of the repository, by its path from the root. Fails the test when it cannot be read.
std::string text_of_file(const std::string& name);
std::vector<std::string> lines_of(const std::string& text);

/// C++ without its comments; strings stay as they are.
std::string without_comments(std::string_view source);

/// Every string literal of the form "family.name" in the C and C++ files under these folders.
std::set<std::string> dotted_literals(const std::vector<std::string>& folders);
/// The same of one text.
std::set<std::string> dotted_literals_in(const std::string& source);

}  // namespace qc::tests
