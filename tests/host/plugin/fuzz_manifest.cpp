// Any bytes as the manifest of a package: refused for the publisher's account, or in form.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "host/plugin/package.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::filesystem::path kFolder =
      std::filesystem::path("/dev/shm/qc-fuzz-" + std::to_string(::getpid())) / "ga";
  static const bool kMade = std::filesystem::create_directories(kFolder);
  if (!kMade) std::abort();
  std::ofstream(kFolder / "manifest.json", std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  const auto manifest = qc::plugin::read_manifest(kFolder);
  if (!manifest) {
    const std::string& code = manifest.error().code;
    if (code != "plugin.bad_manifest" && code != "plugin.abi_mismatch") std::abort();
    return 0;
  }
  if (manifest->plugin != "ga" || manifest->library.find('/') != std::string::npos) std::abort();
  for (const auto& file : manifest->files) {
    if (file.name.empty() || file.name.find('/') != std::string::npos) std::abort();
  }
  (void)qc::plugin::check_publisher(*manifest, qc::Json::object(), "net");
  return 0;
}
