// quancheng plugin pack, quancheng plugin sign: the package and its publisher's word.
#include <system_error>

#include "host/cli/package.hpp"
#include "host/cli/plugin_command.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/package_signature.hpp"

namespace qc::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = 16U << 20U;

struct PackOptions {
  std::string package, out;
  std::vector<std::string> files;
};

Error cannot_write(const fs::path& path, const std::error_code& cause) {
  return unavailable("file.io", "cannot write " + path.string() + ": " + cause.message());
}

/// What the operator is going to be asked to grant; empty where it is nothing.
std::string asked_line(const Json& manifest) {
  const Json asked = proof::asked_capabilities(manifest);
  return asked.empty() ? std::string() : line("请求能力 asks for", joined(asked));
}

/// Puts the further files into the folder and their digests into the manifest.
Status add_files(const PackOptions& options, const fs::path& folder, Json& manifest) {
  if (options.files.empty()) return {};
  Json list = Json::array();
  for (const fs::path file : options.files) {
    QC_ASSIGN(const std::string bytes, read_file(file, kMaxFileBytes));
    const std::string name = file.filename().string();
    if (fs::exists(folder / name)) {
      return invalid("package.invalid", "two files of one name", name);
    }
    QC_TRY(write_file(folder / name, bytes, FileMode::kPublic));
    list.push_back({{"name", name}, {"digest", to_hex(crypto::sm3(bytes))}});
  }
  manifest["files"] = std::move(list);
  return {};
}

/// What the host takes: manifest, library, further files. A signature of an earlier package is not
/// taken along: it would be of another manifest.
Result<Output> pack(const PackOptions& options) {
  QC_ASSIGN(const Package package, read_package(options.package));
  const fs::path place = fs::path(options.out) / package.plugin;
  if (fs::exists(place)) {
    return conflict("package.exists", "there is a package already; nothing was changed")
        .at(place.string());
  }
  const fs::path making = fs::path(options.out) / (".making-" + package.plugin);
  std::error_code failure;
  fs::remove_all(making, failure);
  fs::create_directories(making, failure);
  if (failure) return cannot_write(making, failure);
  Json manifest = package.manifest;
  QC_TRY(write_file(making / package.library.filename(), package.bytes, FileMode::kPublic));
  QC_TRY(add_files(options, making, manifest));
  QC_TRY(write_file(making / "manifest.json", manifest.dump(2) + "\n", FileMode::kPublic));
  fs::rename(making, place, failure);
  if (failure) return cannot_write(place, failure);
  Output output;
  output.json = {{"package", place.string()}, {"manifest", manifest}};
  output.text = "✓ 插件包 package: " + place.string() + "\n" +
                line("库 library", package.library.filename().string() + " SM3 " + package.digest);
  for (const Json& file : manifest.value("files", Json::array())) {
    output.text += line("文件 file", text_of(file, "name") + " SM3 " + text_of(file, "digest"));
  }
  output.text += asked_line(manifest) +
                 line("下一步 next", package.owner + ": quancheng plugin sign " + place.string());
  return output;
}

struct SignOptions {
  ConnectionOptions who;
  std::string package;
};

Result<Output> sign(const SignOptions& options) {
  QC_ASSIGN(const Package package, read_package(options.package));
  QC_ASSIGN(const OfflineSigner signer, open_signer(options.who));
  if (!signer.account.empty() && signer.account != package.owner) {
    return forbidden("package.wrong_publisher", "the manifest names " + package.owner +
                                                    " as the publisher, the profile is " +
                                                    signer.account + "'s")
        .at("owner");
  }
  const std::string signature =
      proof::sign_package(signer.key, {signer.chain, package.owner, package.manifest});
  const fs::path file = fs::path(options.package) / proof::kPackageSignatureFile;
  QC_TRY(write_file(file, signature + "\n", FileMode::kPublic));
  Output output;
  output.json = {{"plugin", package.plugin}, {"version", package.version},
                 {"digest", package.digest}, {"publisher", package.owner},
                 {"kid", signer.key.kid()},  {"chain", signer.chain},
                 {"signature", signature}};
  output.text =
      "✓ 发布方已签名 signed by its publisher: " + package.plugin + " " + package.version + "\n" +
      line("发布方 publisher", package.owner) + line("密钥 kid", signer.key.kid()) +
      line("网络 network", signer.chain) + asked_line(package.manifest) +
      line("下一步 next",
           "operator: quancheng operator admit-plugin " + fs::path(options.package).string());
  return output;
}

}  // namespace

void add_plugin_pack(Command group) {
  auto options = std::make_shared<PackOptions>();
  Command command = group.sub("pack", "制作插件包 · manifest, library and further files");
  command.text("package", options->package, "构建结果目录 · built folder with manifest.json",
               Need::kRequired);
  command.text("-o,--out", options->out, "输出目录 · folder in which <id>/ is made",
               Need::kRequired);
  command.texts("--file", options->files, "附加文件 · further file: a mapping, a table");
  command.action([options] { return pack(*options); });
}

void add_plugin_sign(Command group) {
  auto options = std::make_shared<SignOptions>();
  Command command = group.sub("sign", "发布方签名 · the publisher's signature, without a host");
  command.text("package", options->package, "插件包目录 · folder with manifest.json",
               Need::kRequired);
  command.text("-p,--profile", options->who.profile, "发布方档案 · profile file of the publisher");
  command.environment("--profile", "QUANCHENG_PROFILE");
  command.text("--key", options->who.key, "私钥文件 · key file (encrypted PKCS#8)");
  command.text("--passphrase-file", options->who.passphrase_file,
               "口令文件(0600) · file with the passphrase; else asked for");
  command.text("--chain", options->who.chain, "网络标识 · network id; else the profile's");
  command.action([options] { return sign(*options); });
}

}  // namespace qc::cli
