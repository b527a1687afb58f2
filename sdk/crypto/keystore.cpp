#include "sdk/crypto/keystore.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "sdk/base/file_descriptor.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/ossl.hpp"

namespace qc::crypto {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFile = std::size_t{64} * 1024;

Error io_error(const char* what, const fs::path& path) {
  const int cause = errno;
  return unavailable("keystore.io", std::string(what) + " " + path.string() + ": " +
                                        std::generic_category().message(cause));
}

/// Reads a regular file that group and others cannot touch.
Result<ossl::Secret> read_private(const fs::path& path) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return io_error("cannot open", path);
  // Asked of the open descriptor, so that nothing can be put in its place in between.
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return io_error("cannot inspect", path);
  if (!S_ISREG(info.st_mode)) {
    return unavailable("keystore.io", path.string() + " is not a regular file");
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return forbidden("keystore.permissions",
                     path.string() + " is open to group or others; run: chmod 600");
  }
  if (info.st_size < 0 || static_cast<std::size_t>(info.st_size) > kMaxFile) {
    return unavailable("keystore.io", path.string() + " is too large");
  }
  ossl::Secret out(static_cast<std::size_t>(info.st_size));
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::read(fd.get(), out.data() + done, out.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("cannot read", path);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  out.shrink(done);
  return out;
}

}  // namespace

Status save_key(const fs::path& path, const PrivateKey& key, std::string_view passphrase,
                PassphraseKind kind) {
  if (passphrase.empty()) {
    return invalid("keystore.empty_passphrase", "a key is stored under a passphrase only");
  }
  const Status written =
      write_file(path, key.to_encrypted_pem(passphrase, kind), FileMode::kPrivate);
  if (!written.ok()) return unavailable("keystore.io", written.error().message);
  return {};
}

Result<PrivateKey> load_key(const fs::path& path, std::string_view passphrase) {
  QC_ASSIGN(const ossl::Secret pem, read_private(path));
  return PrivateKey::from_encrypted_pem(as_text(pem.view()), passphrase);
}

Result<std::string> read_passphrase_file(const fs::path& path) {
  QC_ASSIGN(const ossl::Secret content, read_private(path));
  std::string_view line = as_text(content.view());
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) {
    return invalid("keystore.empty_passphrase", path.string() + " has an empty first line");
  }
  return std::string(line);
}

}  // namespace qc::crypto
