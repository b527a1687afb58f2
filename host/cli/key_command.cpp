// quancheng key …: a member's own key, made where it will be used.
#include <filesystem>

#include "host/cli/commands.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/keystore.hpp"

namespace qc::cli {
namespace {

namespace fs = std::filesystem;

struct KeyOptions {
  std::string file, passphrase_file, new_passphrase_file, jwk;
};

/// The public half: printed, and written where it is wanted.
Result<Output> public_output(const KeyOptions& options, const crypto::PrivateKey& key,
                             const std::string& headline) {
  const Json jwk = key.public_key().to_jwk();
  if (!options.jwk.empty()) {
    QC_TRY(write_file(options.jwk, jwk.dump(2) + "\n", FileMode::kPublic));
  }
  Output output;
  output.json = {{"file", options.file}, {"kid", key.kid()}, {"jwk", jwk}};
  output.text = "✓ " + headline + "\n" + line("私钥文件 key file", options.file) +
                line("密钥 kid", key.kid()) + line("公钥 JWK", jwk.dump());
  return output;
}

Result<Output> make_key_file(const KeyOptions& options) {
  if (fs::exists(options.file)) {
    return conflict("key.exists", "there is a key already; nothing was changed").at(options.file);
  }
  QC_ASSIGN(const NewPassphrase passphrase,
            passphrase_for_new_key(options.passphrase_file, options.new_passphrase_file,
                                   "新口令 new passphrase"));
  const auto key = crypto::PrivateKey::generate();
  QC_TRY(crypto::save_key(options.file, key, passphrase.text, passphrase.kind));
  return public_output(options, key, "密钥已生成 key made");
}

Result<Output> show_key(const KeyOptions& options) {
  QC_ASSIGN(const std::string passphrase,
            obtain_passphrase(options.passphrase_file, "口令 passphrase"));
  QC_ASSIGN(const crypto::PrivateKey key, crypto::load_key(options.file, passphrase));
  return public_output(options, key, "密钥可用 the key can be used");
}

}  // namespace

void add_key(Command root) {
  Command group = root.sub("key", "密钥 · a member's own key");
  struct Verb {
    const char* name;
    const char* help;
    Result<Output> (*run)(const KeyOptions&);
  };
  for (const Verb& verb :
       {Verb{"make", "生成密钥文件 · make a key file (encrypted PKCS#8)", &make_key_file},
        Verb{"show", "显示公钥 · show the public half of a key file", &show_key}}) {
    auto options = std::make_shared<KeyOptions>();
    Command command = group.sub(verb.name, verb.help);
    command.text("file", options->file, "私钥文件 · key file", Need::kRequired);
    command.text("--passphrase-file", options->passphrase_file,
                 "口令文件(0600) · file with the passphrase; else asked for");
    if (verb.run == &make_key_file) {
      command.text("--new-passphrase-file", options->new_passphrase_file,
                   "随机生成口令并写入此文件 · draw a passphrase at random and write it here");
    }
    command.text("--jwk", options->jwk, "公钥另存为 · write the public key (JWK) here");
    command.action([options, run = verb.run] { return run(*options); });
  }
}

}  // namespace qc::cli
