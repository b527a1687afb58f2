// quancheng key …: a member's own key, made where it will be used.
#include <filesystem>

#include "host/cli/commands.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "host/cli/submitted.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/keystore.hpp"
#include "sdk/proof/key_proof.hpp"

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

struct ProofOptions {
  ConnectionOptions to;
  std::string file, passphrase_file, account, chain, replaces, out;
};

Result<crypto::PrivateKey> load_new_key(const ProofOptions& options) {
  QC_ASSIGN(const std::string passphrase,
            obtain_passphrase(options.passphrase_file, "新密钥口令 passphrase of the new key"));
  return crypto::load_key(options.file, passphrase);
}

/// For a member whose key is lost: what the voters put on the ledger (operator rebind-member).
Result<Output> prove_key(const ProofOptions& options) {
  QC_ASSIGN(const crypto::PrivateKey key, load_new_key(options));
  Output output;
  output.json = {
      {"account", options.account},
      {"jwk", key.public_key().to_jwk()},
      {"proof", proof::make_key_proof(key, {options.chain, options.account, options.replaces})}};
  if (!options.out.empty()) {
    QC_TRY(write_file(options.out, output.json.dump(2) + "\n", FileMode::kPublic));
  }
  output.text = "✓ 持有证明 proof of possession\n" + line("密钥 kid", key.kid()) +
                line("替换 replaces", options.replaces);
  return output;
}

Result<Output> rotate_key(const ProofOptions& options) {
  QC_ASSIGN(const crypto::PrivateKey key, load_new_key(options));
  QC_ASSIGN(Session session, open_session(options.to, Signer::kNeeded));
  const std::string proof =
      proof::make_key_proof(key, {session.client->chain(), session.account, session.key->kid()});
  QC_ASSIGN(const client::Submitted done,
            session.submit("key.rotate", {{"jwk", key.public_key().to_jwk()}, {"proof", proof}}));
  return submitted_output(done, "密钥已更换,旧密钥不再有效 key replaced: " + key.kid(),
                          {{"account", session.account}, {"kid", key.kid()}});
}

void add_key_changes(Command group) {
  auto rotated = std::make_shared<ProofOptions>();
  Command rotate = group.sub("rotate", "更换本成员的密钥 · replace one's key by a new one");
  add_connection(rotate, rotated->to);
  rotate.text("file", rotated->file, "新私钥文件 · file of the new key", Need::kRequired);
  rotate.text("--new-passphrase-file", rotated->passphrase_file,
              "新密钥口令文件(0600) · file with its passphrase; else asked for");
  rotate.action([rotated] { return rotate_key(*rotated); });
  auto proved = std::make_shared<ProofOptions>();
  Command prove = group.sub("prove", "密钥遗失后的持有证明 · prove a new key after a loss");
  prove.text("file", proved->file, "新私钥文件 · file of the new key", Need::kRequired);
  prove.text("--passphrase-file", proved->passphrase_file,
             "口令文件(0600) · file with the passphrase; else asked for");
  prove.text("--account", proved->account, "账户 · account", Need::kRequired);
  prove.text("--chain", proved->chain, "网络标识 · network id", Need::kRequired);
  prove.text("--replaces", proved->replaces, "遗失密钥的 kid · kid of the lost key",
             Need::kRequired);
  prove.text("--out", proved->out, "另存为 · write it here");
  prove.action([proved] { return prove_key(*proved); });
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
  add_key_changes(group);
}

}  // namespace qc::cli
