#include "host/cli/package.hpp"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/cli/session.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/plugin/abi.h"
#include "sdk/proof/capability.hpp"
#include "sdk/proof/package_signature.hpp"

namespace qc::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxLibraryBytes = 256U << 20U;
constexpr std::size_t kMaxAnswerBytes = 4U << 20U;

int take(void* context, const std::uint8_t* data, std::size_t size) {
  auto& answer = *static_cast<std::string*>(context);
  if (answer.size() + size > kMaxAnswerBytes) return 1;
  answer.append(reinterpret_cast<const char*>(data), size);
  return 0;
}

void ignore_log(void*, int, const char*, std::size_t) {}
const void* no_extension(void*, const char*) { return nullptr; }

/// The exact bytes that were hashed, as something that can be loaded: nobody can exchange the file
/// between the check and the load.
Result<std::string> load_path(const std::string& bytes, int& fd) {
  fd = ::memfd_create("quancheng-package", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return internal("package.load_failed", "no memory file for the library");
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const ssize_t done = ::write(fd, rest.data(), rest.size());
    if (done <= 0) return internal("package.load_failed", "cannot copy the library");
    rest.remove_prefix(static_cast<std::size_t>(done));
  }
  return "/proc/self/fd/" + std::to_string(fd);
}

Result<Json> ask_describe(const qc_plugin& table) {
  const qc_host host = {sizeof(qc_host), QC_ABI_MAJOR, QC_ABI_MINOR,
                        nullptr,         &ignore_log,  &no_extension};
  void* instance = table.create(&host);
  if (instance == nullptr) return internal("package.load_failed", "the plugin does not start");
  std::string answer;
  constexpr std::string_view kMessage = "{}";
  const qc_sink sink = {sizeof(qc_sink), &answer, &take};
  const qc_call call = {sizeof(qc_call), "describe", as_bytes(kMessage).data(), kMessage.size(), 0};
  const int status = table.call(instance, &call, &sink);
  table.destroy(instance);
  auto parsed = parse_json(answer, {kMaxAnswerBytes, 32});
  if (status != QC_OK || !parsed.ok() || !parsed.value().is_object()) {
    return invalid("package.bad_answer", "the plugin does not describe itself");
  }
  return parsed;
}

}  // namespace

Result<Package> read_package(const fs::path& folder) {
  Package package;
  QC_ASSIGN(package.manifest, read_document(folder / "manifest.json"));
  const JsonReader reader(package.manifest, "manifest");
  struct Member {
    const char* name;
    std::string* target;
  };
  std::string library;
  for (const Member& member :
       {Member{"plugin", &package.plugin}, Member{"version", &package.version},
        Member{"kind", &package.kind}, Member{"owner", &package.owner},
        Member{"digest", &package.digest}, Member{"library", &library}}) {
    const auto value = reader.text(member.name, 256);
    if (!value.ok()) return invalid("package.invalid", value.error().message, value.error().field);
    *member.target = value.value();
  }
  if (fs::path(library).has_parent_path()) {
    return invalid("package.invalid", "a file name without folders is expected",
                   "manifest.library");
  }
  const std::vector<std::string> asked = proof::capabilities_in(package.manifest);
  if (const auto fault = proof::find_capability_fault(asked)) {
    return invalid("package.invalid", "expected " + fault->expected,
                   "manifest.capabilities[" + std::to_string(fault->index) + "]");
  }
  const auto signature =
      read_file(folder / proof::kPackageSignatureFile, proof::kMaxPackageSignatureBytes);
  if (signature.ok()) package.signature = signature->substr(0, signature->find('\n'));
  package.library = folder / library;
  QC_ASSIGN(package.bytes, read_file(package.library, kMaxLibraryBytes));
  const std::string digest = to_hex(crypto::sm3(package.bytes));
  if (digest != package.digest) {
    return invalid("package.digest_mismatch",
                   "the library's SM3 is " + digest + ", the manifest says " + package.digest,
                   package.library.string());
  }
  return package;
}

Result<Json> describe_package(const Package& package) {
  int fd = -1;
  const auto path = load_path(package.bytes, fd);
  void* library = path.ok() ? ::dlopen(path.value().c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
  if (fd >= 0) ::close(fd);
  if (library == nullptr) {
    const char* reason = path.ok() ? ::dlerror() : nullptr;
    return invalid("package.load_failed", reason != nullptr ? reason : "cannot load the library",
                   package.library.string());
  }
  // Never unloaded: a plugin may have started threads (see sdk/plugin), and this process ends soon.
  const auto entry = reinterpret_cast<qc_plugin_entry>(::dlsym(library, QC_PLUGIN_SYMBOL));
  const qc_plugin* table = entry != nullptr ? entry() : nullptr;
  if (table == nullptr || table->struct_size < sizeof(qc_plugin)) {
    return invalid("package.load_failed", "the library exports no usable " QC_PLUGIN_SYMBOL);
  }
  if (table->abi_major != QC_ABI_MAJOR) {
    return invalid("package.abi_mismatch", "the plugin speaks ABI " +
                                               std::to_string(table->abi_major) +
                                               ", this program " + std::to_string(QC_ABI_MAJOR));
  }
  return ask_describe(*table);
}

}  // namespace qc::cli
