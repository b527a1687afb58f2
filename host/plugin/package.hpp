// A package on disk: manifest.json and the library, read once and sealed.
#pragma once

#include <filesystem>
#include <string>

#include "sdk/base/json.hpp"

namespace qc::plugin {

struct Manifest {
  std::string plugin, version, kind, abi, owner, library, digest;
};

/// Reads <directory>/manifest.json. Error: "plugin.bad_manifest" (with the field).
Result<Manifest> read_manifest(const std::filesystem::path& directory);

/// The library's bytes in a sealed memory file: what is hashed is what is loaded, whatever happens
/// to the file on disk meanwhile.
class SealedLibrary {
 public:
  /// Errors: "plugin.load_failed" (cannot be read or held), "plugin.digest_mismatch".
  static Result<SealedLibrary> read(const std::filesystem::path& file, const std::string& digest);
  SealedLibrary(SealedLibrary&& other) noexcept;
  SealedLibrary& operator=(SealedLibrary&&) = delete;
  SealedLibrary(const SealedLibrary&) = delete;
  SealedLibrary& operator=(const SealedLibrary&) = delete;
  ~SealedLibrary();

  /// A path that names these very bytes while the process lives.
  std::string path() const;
  /// Leaves the descriptor open for the life of the process. The dynamic loader knows a library by
  /// its path: were the number used again, it would hand out the old code under the new name.
  void keep_open();

 private:
  explicit SealedLibrary(int fd) : fd_(fd) {}
  int fd_;
};

/// <config_dir>/<plugin>.toml as JSON; an empty object when there is none.
/// Error: "plugin.configure_failed" (unreadable or not TOML).
Result<Json> read_settings(const std::filesystem::path& config_dir, const std::string& plugin);

}  // namespace qc::plugin
