#include "host/plugin/package.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "host/plugin/outbound.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/plugin/abi.h"
#include "sdk/proof/capability.hpp"
#include "sdk/proof/package_signature.hpp"

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxManifestBytes = 64U << 10U;
constexpr std::size_t kMaxOutboundHosts = 16;
constexpr std::size_t kMaxLibraries = 8;
constexpr std::size_t kMaxFiles = 32;
constexpr std::size_t kMaxFileBytes = 16U << 20U;
constexpr std::size_t kChunk = 1U << 20U;

Error bad_manifest(std::string message, std::string field = {}) {
  Error error = invalid("plugin.bad_manifest", std::move(message), std::move(field));
  error.side = Side::kProvider;
  return error;
}

bool plain_name(std::string_view text) {
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '.';
    if (!plain) return false;
  }
  return !text.empty() && text.front() != '.';
}

Status check_abi(const std::string& text) {
  unsigned major = 0;
  unsigned minor = 0;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, major);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') {
    return bad_manifest("expected <major>.<minor>", "abi");
  }
  const auto second = std::from_chars(first.ptr + 1, end, minor);
  if (second.ec != std::errc() || second.ptr != end) {
    return bad_manifest("expected <major>.<minor>", "abi");
  }
  if (major != QC_ABI_MAJOR || minor > QC_ABI_MINOR) {
    const bool newer = major > QC_ABI_MAJOR || (major == QC_ABI_MAJOR && minor > QC_ABI_MINOR);
    return conflict("plugin.abi_mismatch",
                    "the plugin was built for ABI " + text + ", this host offers " +
                        std::to_string(QC_ABI_MAJOR) + '.' + std::to_string(QC_ABI_MINOR) +
                        (newer ? ": update the host" : ": its publisher must build it anew"));
  }
  return {};
}

Status read_files(const JsonReader& reader, std::vector<PackageFile>& files) {
  QC_ASSIGN(const Json* list, reader.array("files", kMaxFiles));
  for (const Json& entry : *list) {
    const JsonReader file(entry, "files");
    QC_TRY(file.expect_only({"name", "digest"}));
    PackageFile one;
    QC_ASSIGN(one.name, file.text("name", 128));
    QC_ASSIGN(one.digest, file.text("digest", 64, 64));
    if (!plain_name(one.name)) return bad_manifest("must be the name of a file", "files.name");
    files.push_back(std::move(one));
  }
  return {};
}

Result<Manifest> parse_manifest(const Json& json, const std::filesystem::path& folder) {
  const JsonReader reader(json);
  QC_TRY(reader.expect_only({"plugin", "version", "kind", "abi", "owner", "library", "digest",
                             "libraries", "outbound_hosts", "capabilities", "files"}));
  Manifest manifest;
  manifest.folder = folder;
  manifest.json = json;
  QC_ASSIGN(manifest.plugin, reader.text("plugin", 64));
  QC_ASSIGN(manifest.version, reader.text("version", 64));
  QC_ASSIGN(manifest.kind, reader.text("kind", 16));
  QC_ASSIGN(manifest.owner, reader.text("owner", 64));
  QC_ASSIGN(manifest.library, reader.text("library", 128));
  QC_ASSIGN(manifest.digest, reader.text("digest", 64, 64));
  QC_ASSIGN(const std::string abi, reader.text("abi", 16));
  if (manifest.plugin != folder.filename().string() || !plain_name(manifest.plugin)) {
    return bad_manifest("must be the folder's name", "plugin");
  }
  if (!plain_name(manifest.version)) return bad_manifest("is no version", "version");
  if (manifest.kind != "department" && manifest.kind != "product") {
    return bad_manifest("must be department or product", "kind");
  }
  if (!plain_name(manifest.owner)) return bad_manifest("is no account", "owner");
  if (!plain_name(manifest.library)) {
    return bad_manifest("must be the name of a file beside the manifest", "library");
  }
  if (!hash_from_hex(manifest.digest).ok()) {
    return bad_manifest("must be a hexadecimal SM3", "digest");
  }
  QC_TRY(check_abi(abi));
  if (reader.has("libraries")) {
    QC_ASSIGN(manifest.libraries, reader.texts("libraries", kMaxLibraries, 64));
    for (const std::string& library : manifest.libraries) {
      if (!library.starts_with("lib") || !plain_name(library)) {
        return bad_manifest("must be the names of libraries", "libraries");
      }
    }
  }
  if (reader.has("outbound_hosts")) {
    QC_ASSIGN(manifest.outbound_hosts, reader.texts("outbound_hosts", kMaxOutboundHosts));
    for (const std::string& address : manifest.outbound_hosts) {
      if (!is_outbound_address(address)) {
        return bad_manifest("must be host:port or the path of a socket", "outbound_hosts");
      }
    }
  }
  if (reader.has("capabilities")) {
    QC_ASSIGN(manifest.capabilities, reader.texts("capabilities", 32, 128));
    if (const auto fault = proof::find_capability_fault(manifest.capabilities)) {
      return bad_manifest("expected " + fault->expected,
                          "capabilities[" + std::to_string(fault->index) + "]");
    }
  }
  if (reader.has("files")) QC_TRY(read_files(reader, manifest.files));
  return manifest;
}

Error os_error(const std::string& what) {
  return internal("plugin.load_failed", what + ": " + std::strerror(errno));
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Status write_all(int fd, const std::uint8_t* data, std::size_t size) {
  while (size > 0) {
    const ssize_t written = write(fd, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return os_error("cannot copy the library");
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return {};
}

}  // namespace

Result<Manifest> read_manifest(const std::filesystem::path& folder) {
  const auto json = read_json_file(folder / "manifest.json", kMaxManifestBytes);
  if (!json.ok()) return bad_manifest(json.error().message, "manifest.json");
  auto manifest = parse_manifest(*json, folder);
  if (!manifest.ok() && manifest.error().code.starts_with("json.")) {
    return bad_manifest(manifest.error().message, manifest.error().field);
  }
  return manifest;
}

namespace {

Error signature_error(std::string code, std::string message) {
  Error error = forbidden(std::move(code), std::move(message));
  error.field = proof::kPackageSignatureFile;
  error.side = Side::kProvider;
  return error;
}

Status check_files(const Manifest& manifest) {
  for (const PackageFile& file : manifest.files) {
    const auto bytes = read_file(manifest.folder / file.name, kMaxFileBytes);
    if (!bytes.ok()) return bad_manifest(bytes.error().message, file.name);
    const std::string digest = to_hex(crypto::sm3(*bytes));
    if (digest == file.digest) continue;
    Error error =
        invalid("plugin.digest_mismatch",
                "the file's SM3 is " + digest + ", the manifest says " + file.digest, file.name);
    error.side = Side::kProvider;
    return error;
  }
  return {};
}

}  // namespace

Status check_publisher(const Manifest& manifest, const Json& admission, const std::string& chain) {
  const std::string act = "; " + manifest.owner + " has to sign it: quancheng plugin sign";
  const auto text =
      read_file(manifest.folder / proof::kPackageSignatureFile, proof::kMaxPackageSignatureBytes);
  if (!text.ok()) {
    return signature_error("plugin.not_signed",
                           "the package has no signature of its publisher" + act);
  }
  const auto publisher = admission.find("publisher");
  const auto key = publisher != admission.end() && publisher->contains("jwk")
                       ? crypto::PublicKey::from_jwk(publisher->at("jwk"))
                       : Result<crypto::PublicKey>(invalid("key.invalid", ""));
  if (!key.ok()) {
    return signature_error("plugin.not_signed",
                           "the ledger's admission names no publisher; the operator has to admit "
                           "the package anew: quancheng operator admit-plugin");
  }
  std::string_view compact = *text;
  while (compact.ends_with('\n')) compact.remove_suffix(1);
  const auto claim = proof::open_package(compact, *key);
  if (!claim.ok()) return signature_error(claim.error().code, claim.error().message + act);
  if (claim->chain != chain) {
    return signature_error("plugin.bad_signature", "it was signed for the network " + claim->chain +
                                                       ", not for " + chain + act);
  }
  if (claim->publisher != manifest.owner || claim->manifest != manifest.json) {
    return signature_error("plugin.bad_signature",
                           "the publisher signed another manifest than the one here" + act);
  }
  return check_files(manifest);
}

SealedImage::SealedImage(SealedImage&& other) noexcept
    : fd_(other.fd_), digest_(std::move(other.digest_)) {
  other.fd_ = -1;
}

SealedImage::~SealedImage() {
  if (fd_ >= 0) close(fd_);
}

std::string SealedImage::path() const { return "/proc/self/fd/" + std::to_string(fd_); }

Result<SealedImage> SealedImage::share() const {
  SealedImage image(fcntl(fd_, F_DUPFD_CLOEXEC, 0));
  if (image.fd_ < 0) return os_error("no descriptor is left");
  image.digest_ = digest_;
  return image;
}

Result<SealedImage> SealedImage::read(const std::filesystem::path& file, const std::string& name) {
  const File source(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info {};
  if (source.get() < 0 || fstat(source.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return bad_manifest("the library is missing or not a regular file", "library");
  }
  SealedImage image(memfd_create(("quancheng-" + name).c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (image.fd_ < 0) return os_error("cannot reserve memory for the library");
  // Read once: what is hashed is what is loaded, whatever happens to the file meanwhile.
  crypto::Sm3 hash;
  std::vector<std::uint8_t> chunk(kChunk);
  std::size_t total = 0;
  for (;;) {
    const ssize_t got = ::read(source.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error("cannot read the library");
    if (got == 0) break;
    const auto size = static_cast<std::size_t>(got);
    total += size;
    if (total > kMaxBytes) return bad_manifest("the library is larger than 256 MiB", "library");
    hash.update({chunk.data(), size});
    QC_TRY(write_all(image.fd_, chunk.data(), size));
  }
  constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (fcntl(image.fd_, F_ADD_SEALS, kSeals) != 0) return os_error("cannot seal the library");
  image.digest_ = to_hex(hash.finish());
  return image;
}

}  // namespace qc::plugin
