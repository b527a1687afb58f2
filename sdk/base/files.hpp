// Whole files: bounded reading, atomic and durable writing. Any thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "sdk/base/json.hpp"
#include "sdk/base/result.hpp"

namespace qc {

enum class FileMode : unsigned {
  kPrivate = 0600,  ///< the owner alone
  kPublic = 0644,
};

/// The whole of a regular file. Errors: "file.not_found", "file.io", "file.too_large".
Result<std::string> read_file(const std::filesystem::path& path,
                              std::size_t max_bytes = 16U << 20U);

/// As read_file, then parse_json; errors of the parser get the path as their field.
Result<Json> read_json_file(const std::filesystem::path& path, std::size_t max_bytes = 16U << 20U);

/// Replaces the file: temporary file beside it, fsync, rename, fsync of the folder. A reader sees
/// the old or the new content, never a part. Error: "file.io".
Status write_file(const std::filesystem::path& path, std::string_view content, FileMode mode);

/// Creates the folder and its parents; the last one gets mode 0700 when it is new. Error:
/// "file.io".
Status make_private_directory(const std::filesystem::path& path);

}  // namespace qc
