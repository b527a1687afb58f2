// A display of our own for one test, and programs run on it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

namespace qc::console::test {

/// An Xvfb on a free display number (-displayfd), ended by its process id.
class VirtualDisplay {
 public:
  /// Null with a reason when it does not start.
  static std::unique_ptr<VirtualDisplay> start(std::string& why);
  ~VirtualDisplay();
  VirtualDisplay(const VirtualDisplay&) = delete;
  VirtualDisplay& operator=(const VirtualDisplay&) = delete;
  /// ":7"
  const std::string& name() const { return name_; }

 private:
  VirtualDisplay(pid_t pid, std::string name) : pid_(pid), name_(std::move(name)) {}
  pid_t pid_;
  std::string name_;
};

struct Ended {
  int status = -1;     ///< exit status, or 128 + signal
  std::string output;  ///< standard output and error
};
/// Runs a program to its end, at most `seconds`, with `environment` ("NAME=value") added.
Ended run_program(const std::vector<std::string>& command,
                  const std::vector<std::string>& environment, int seconds);

/// A folder that is gone when the test ends.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Picture {
  int width = 0, height = 0;
  std::size_t colours = 0;  ///< how many different ones
};
/// Width 0 when the file is not a PNG.
Picture read_picture(const std::filesystem::path& file);

}  // namespace qc::console::test
