// A plugin package on the publisher's own disk: what it says of itself.
#pragma once

#include <filesystem>
#include <string>

#include "sdk/base/json.hpp"

namespace qc::cli {

struct Package {
  Json manifest;
  std::string plugin, version, kind, owner, digest;
  std::filesystem::path library;
  std::string bytes;      ///< of the library, as checked
  std::string signature;  ///< the publisher's, unverified; empty when there is none
};

/// Reads <folder>/manifest.json and checks the library against its digest. Errors: "file.*",
/// "package.invalid" (with field), "package.digest_mismatch".
Result<Package> read_package(const std::filesystem::path& folder);

/// Loads the checked bytes of the library and asks it to describe itself. The code runs in this
/// process: use it for packages of one's own only. Errors: "package.load_failed",
/// "package.abi_mismatch", "package.bad_answer".
Result<Json> describe_package(const Package& package);

}  // namespace qc::cli
