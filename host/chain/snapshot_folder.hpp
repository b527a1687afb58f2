// Internal: the folder of a snapshot, made beside its place and put there when it is whole.
#pragma once

#include <filesystem>

#include "sdk/base/result.hpp"

namespace qc::chain {

inline constexpr const char* kSnapshotFile = "SNAPSHOT";
inline constexpr const char* kRowsFile = "rows";

/// `<out>.part`, which goes away with the object unless it was put into its place.
class FolderInMaking {
 public:
  /// Errors: "export.not_empty" (there is something at `out`), "file.io".
  static Result<FolderInMaking> begin(const std::filesystem::path& out);
  FolderInMaking(FolderInMaking&& other) noexcept;
  FolderInMaking& operator=(FolderInMaking&&) = delete;
  ~FolderInMaking();
  const std::filesystem::path& path() const { return part_; }
  /// Puts it into its place, durably. Error: "file.io".
  Status finish();

 private:
  FolderInMaking(std::filesystem::path out, std::filesystem::path part);
  std::filesystem::path out_;
  std::filesystem::path part_;
};

/// Copies the files of a folder into another, which is made, durably. Errors: "file.io",
/// "ledger.io".
Status copy_files(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace qc::chain
