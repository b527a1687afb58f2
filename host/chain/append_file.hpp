// The one file operation that durability rests on, behind an interface so that tests can make a
// disk fail at any point.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "sdk/base/result.hpp"

namespace qc::chain {

/// A file that only grows, except that a failed append is cut off again.
/// Errors: "ledger.io". Thread contract: one thread.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  /// Writes all bytes at the end. On error some of them may have been written.
  virtual Status append(std::string_view bytes) = 0;
  /// Data and size are on stable storage when this returns (fdatasync).
  virtual Status sync() = 0;
  virtual Status truncate(std::uint64_t size) = 0;
  virtual std::uint64_t size() const = 0;
};

using AppendFileFactory =
    std::function<Result<std::unique_ptr<AppendFile>>(const std::filesystem::path&)>;

/// Opens for appending; creates with mode 0640 and syncs the folder, so that the name is durable
/// too.
Result<std::unique_ptr<AppendFile>> open_append_file(const std::filesystem::path& path);
/// As open_append_file, without syncing the folder: for what is made anew when it is gone.
Result<std::unique_ptr<AppendFile>> open_derived_file(const std::filesystem::path& path);

/// Reads parts of files and keeps the last file open, for runs of reads in one chunk.
/// Thread contract: one thread per object.
class PartReader {
 public:
  PartReader() = default;
  PartReader(const PartReader&) = delete;
  PartReader& operator=(const PartReader&) = delete;
  ~PartReader();
  /// Exactly `size` bytes. Error: "ledger.io" naming the file.
  Result<std::string> read(const std::filesystem::path& path, std::uint64_t offset,
                           std::size_t size);
  /// The same into `bytes`, whose memory is used again.
  Status read_into(const std::filesystem::path& path, std::uint64_t offset, std::size_t size,
                   std::string& bytes);

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

/// Whole file. Error: "ledger.io" naming the file.
Result<std::string> read_file(const std::filesystem::path& path);
/// Makes names in a folder durable.
Status sync_folder(const std::filesystem::path& folder);

/// Holds `<directory>/LOCK` for the life of the object. Error: "ledger.locked".
class DirectoryLock {
 public:
  static Result<DirectoryLock> take(const std::filesystem::path& directory);
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace qc::chain
