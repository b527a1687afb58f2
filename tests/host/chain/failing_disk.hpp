// A disk that fails below every library: the system's own calls, replaced in the test program.
#pragma once

#include <string>

namespace qc::chain::test {

enum class DiskFault {
  kFull,         ///< half of what is written, then ENOSPC; no new files
  kFailing,      ///< half of what is written, then EIO, and what is written cannot be cut off
  kReadOnly,     ///< EROFS for everything that changes a file or a folder
  kShortWrites,  ///< everything is written, but some bytes at a time
};

/// While it lives, the calls of this process that change files whose path holds `folder` and then
/// matches `files` (a regular expression, searched in what follows) fail as a disk does. Of
/// libraries too, RocksDB's among them, but not what libc does inside itself (fwrite, fopen).
/// One at a time.
class FailingDisk {
 public:
  FailingDisk(DiskFault fault, const std::string& folder, const std::string& files);
  ~FailingDisk();
  FailingDisk(const FailingDisk&) = delete;
  FailingDisk& operator=(const FailingDisk&) = delete;

  /// How many calls it failed or shortened.
  static int hits();
};

}  // namespace qc::chain::test
