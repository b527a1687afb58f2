// What the crypto tests share.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "sdk/base/bytes.hpp"
#include "sdk/crypto/sm2.hpp"

namespace qc::crypto::test {

/// Hexadecimal of either case with blanks, as standards print it.
inline Bytes hex(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    if (c != ' ' && c != '\n') clean.push_back(static_cast<char>(std::tolower(c)));
  }
  auto bytes = from_hex(clean);
  EXPECT_TRUE(bytes.ok()) << text;
  return bytes.ok() ? *bytes : Bytes{};
}

/// Order n of the curve.
inline Bytes order() {
  return hex("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123");
}

/// The key pair of the examples in GB/T 32918.5.
inline PrivateKey example_key() {
  return *PrivateKey::from_scalar(
      hex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"));
}

template <typename T>
std::string code_of(const Result<T>& result) {
  return result.ok() ? "ok" : result.error().code;
}
template <typename T>
std::string field_of(const Result<T>& result) {
  return result.ok() ? "ok" : result.error().field;
}

/// The time of the tests, Unix seconds.
inline constexpr std::int64_t kNow = 1'760'000'000;

/// The parts of a compact serialization, empty ones included.
inline std::vector<std::string> split(std::string_view text, char separator = '.') {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == separator) {
      out.emplace_back();
    } else {
      out.back().push_back(c);
    }
  }
  return out;
}
inline std::string join(const std::vector<std::string>& parts, char separator = '.') {
  std::string out = parts.at(0);
  for (std::size_t i = 1; i < parts.size(); ++i) out.append(1, separator).append(parts[i]);
  return out;
}

/// A directory removed at the end of the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory()
      : path_(std::filesystem::temp_directory_path() / ("qc-crypto-" + random_id())) {
    std::filesystem::create_directory(path_);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace qc::crypto::test
