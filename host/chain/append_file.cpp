#include "host/chain/append_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace qc::chain {
namespace {

Error io_error(std::string_view doing, const std::filesystem::path& path, int number) {
  // A folder's full path is the operator's business; the file's name is enough to act.
  return unavailable("ledger.io", std::string(doing) + " " + path.filename().string() + ": " +
                                      std::generic_category().message(number));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

class PosixAppendFile final : public AppendFile {
 public:
  PosixAppendFile(Descriptor fd, std::filesystem::path path, std::uint64_t size)
      : fd_(std::move(fd)), path_(std::move(path)), size_(size) {}

  Status append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written =
          ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(size_));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return io_error("cannot write", path_, written < 0 ? errno : EIO);
      size_ += static_cast<std::uint64_t>(written);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  Status sync() override {
    if (::fdatasync(fd_.get()) != 0) return io_error("cannot sync", path_, errno);
    return {};
  }

  Status truncate(std::uint64_t size) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) {
      return io_error("cannot truncate", path_, errno);
    }
    size_ = size;
    return {};
  }

  std::uint64_t size() const override { return size_; }

 private:
  Descriptor fd_;
  std::filesystem::path path_;
  std::uint64_t size_;
};

Status read_descriptor(int fd, const std::filesystem::path& path, std::uint64_t offset,
                       std::size_t size, std::string& bytes) {
  bytes.resize(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got =
        ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("cannot read", path, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return {};
}

}  // namespace

Status sync_folder(const std::filesystem::path& folder) {
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok() || ::fsync(fd.get()) != 0) return io_error("cannot sync", folder, errno);
  return {};
}

Result<std::unique_ptr<AppendFile>> open_append_file(const std::filesystem::path& path) {
  QC_ASSIGN(auto file, open_derived_file(path));
  if (file->size() == 0) QC_TRY(sync_folder(path.parent_path()));
  return file;
}

Result<std::unique_ptr<AppendFile>> open_derived_file(const std::filesystem::path& path) {
  Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (!fd.ok()) return io_error("cannot open", path, errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return io_error("cannot read", path, errno);
  return std::unique_ptr<AppendFile>(std::make_unique<PosixAppendFile>(
      std::move(fd), path, static_cast<std::uint64_t>(status.st_size)));
}

PartReader::~PartReader() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::string> PartReader::read(const std::filesystem::path& path, std::uint64_t offset,
                                     std::size_t size) {
  std::string bytes;
  QC_TRY(read_into(path, offset, size, bytes));
  return bytes;
}

Status PartReader::read_into(const std::filesystem::path& path, std::uint64_t offset,
                             std::size_t size, std::string& bytes) {
  if (fd_ < 0 || path_ != path) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0) return io_error("cannot open", path, errno);
    path_ = path;
  }
  QC_TRY(read_descriptor(fd_, path, offset, size, bytes));
  if (bytes.size() != size) return unavailable("ledger.io", path.filename().string() + " is short");
  return {};
}

Result<std::string> read_file(const std::filesystem::path& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return io_error("cannot open", path, errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return io_error("cannot read", path, errno);
  std::string bytes;
  QC_TRY(read_descriptor(fd.get(), path, 0, static_cast<std::size_t>(status.st_size), bytes));
  return bytes;
}

Result<DirectoryLock> DirectoryLock::take(const std::filesystem::path& directory) {
  const auto path = directory / "LOCK";
  Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (!fd.ok()) return io_error("cannot open", path, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return unavailable("ledger.locked", "another process uses this ledger");
  }
  return DirectoryLock(fd.release());
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace qc::chain
