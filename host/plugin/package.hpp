// Internal: a plugin package on disk, and its library as sealed bytes.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sdk/base/json.hpp"

namespace qc::plugin {

/// A further file of a package, beside the library: a mapping, a table, for who reads the package.
/// They are held against the signed manifest at each load, and that is all: the plugin is told no
/// folder and is handed none of them (docs/formats.md, "configure" has a closed list of members),
/// so no bytes can change between check and use. What a plugin needs is compiled into its library,
/// as the stock mapped libraries carry their mapping; a path in the settings is the operator's
/// file, not the package's.
struct PackageFile {
  std::string name, digest;
};

/// manifest.json, checked (docs/formats.md, Plugin).
struct Manifest {
  std::string plugin, version, kind, owner, library, digest;
  std::vector<std::string> libraries;  ///< of the system, that it needs beside libc; to be granted
  std::vector<std::string> outbound_hosts;  ///< what it asks to reach; the admission grants
  std::vector<std::string> capabilities;    ///< that it asks for
  std::vector<PackageFile> files;
  std::filesystem::path folder;
  Json json;  ///< as read
};

/// The folder's name must be the plugin's. Errors: "plugin.bad_manifest" naming the member,
/// "plugin.abi_mismatch" with both versions: nothing of a library runs before this is checked.
Result<Manifest> read_manifest(const std::filesystem::path& folder);

/// The publisher's signature beside the manifest, by the key that the ledger's admission names,
/// over this very manifest; then the digests of the package's further files. Nothing of the library
/// has run before. Errors, each with what to do: "plugin.not_signed", "plugin.bad_signature",
/// "plugin.digest_mismatch".
Status check_publisher(const Manifest& manifest, const Json& admission, const std::string& chain);

/// A copy of a library in anonymous memory that nobody can change any more (memfd, all seals), and
/// the SM3 of exactly these bytes.
class SealedImage {
 public:
  static constexpr std::size_t kMaxBytes = 256U << 20U;

  /// Errors: "plugin.bad_manifest" (no such file, not a regular file, too large),
  /// "plugin.load_failed".
  static Result<SealedImage> read(const std::filesystem::path& file, const std::string& name);
  ~SealedImage();
  SealedImage(SealedImage&& other) noexcept;
  SealedImage& operator=(SealedImage&&) = delete;

  const std::string& digest() const { return digest_; }
  /// Path under which the sealed bytes can be loaded while the descriptor is open.
  std::string path() const;
  /// The same sealed bytes once more. Error: "plugin.load_failed".
  Result<SealedImage> share() const;
  /// Stays this object's.
  int descriptor() const { return fd_; }
  /// Leaves the descriptor open for the life of the process.
  void keep_open() { fd_ = -1; }

 private:
  explicit SealedImage(int fd) : fd_(fd) {}
  int fd_ = -1;
  std::string digest_;
};

}  // namespace qc::plugin
