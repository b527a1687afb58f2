#include "sdk/base/files.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "sdk/base/bytes.hpp"
#include "sdk/base/file_descriptor.hpp"

namespace qc {
namespace {

namespace fs = std::filesystem;

Error io_error(const char* what, const fs::path& path, int cause) {
  const std::string text =
      std::string(what) + " " + path.string() + ": " + std::generic_category().message(cause);
  if (cause == ENOENT) return not_found("file.not_found", text);
  return unavailable("file.io", text);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = ::write(fd, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

Status write_new(const fs::path& path, std::string_view content, FileMode mode) {
  const auto bits = static_cast<mode_t>(mode);
  const FileDescriptor fd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, bits));
  if (!fd.valid()) return io_error("cannot create", path, errno);
  // The mode is set again because the process's umask may have narrowed it.
  if (::fchmod(fd.get(), bits) != 0 || !write_all(fd.get(), content) || ::fsync(fd.get()) != 0) {
    return io_error("cannot write", path, errno);
  }
  return {};
}

}  // namespace

Result<std::string> read_file(const fs::path& path, std::size_t max_bytes) {
  // Non-blocking, so that a FIFO in place of the file is an error and not a hang.
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return io_error("cannot open", path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return io_error("cannot inspect", path, errno);
  if (!S_ISREG(info.st_mode)) {
    return unavailable("file.io", path.string() + " is not a regular file");
  }
  std::string out;
  char block[16384];
  for (;;) {
    const ssize_t got = ::read(fd.get(), block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("cannot read", path, errno);
    if (got == 0) return out;
    if (out.size() + static_cast<std::size_t>(got) > max_bytes) {
      return Error{ErrorKind::kTooLarge, "file.too_large",
                   path.string() + " is larger than " + std::to_string(max_bytes) + " bytes"};
    }
    out.append(block, static_cast<std::size_t>(got));
  }
}

Result<Json> read_json_file(const fs::path& path, std::size_t max_bytes) {
  QC_ASSIGN(const std::string text, read_file(path, max_bytes));
  auto parsed = parse_json(text, {max_bytes, 32});
  if (!parsed.ok()) return parsed.error().at(path.string());
  return parsed;
}

Status write_file(const fs::path& path, std::string_view content, FileMode mode) {
  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const fs::path temporary = directory / ("." + path.filename().string() + "." + random_id());
  Status written = write_new(temporary, content, mode);
  if (written.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    written = io_error("cannot rename into", path, errno);
  }
  if (!written.ok()) {
    ::unlink(temporary.c_str());
    return written;
  }
  const FileDescriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return io_error("cannot sync", directory, errno);
  return {};
}

Status make_private_directory(const fs::path& path) {
  std::error_code failure;
  if (fs::is_directory(path, failure)) return {};
  if (path.has_parent_path()) {
    fs::create_directories(path.parent_path(), failure);
    if (failure) return io_error("cannot create", path.parent_path(), failure.value());
  }
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return io_error("cannot create", path, errno);
  }
  return {};
}

}  // namespace qc
