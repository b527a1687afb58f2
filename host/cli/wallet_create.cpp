#include "host/cli/wallet_create.hpp"

#include <filesystem>
#include <iostream>
#include <iterator>

#include "host/cli/directory.hpp"
#include "host/cli/receipts.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "host/cli/wallet.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/keystore.hpp"
#include "sdk/crypto/sdjwt.hpp"
#include "sdk/proof/key_proof.hpp"

namespace qc::cli {
namespace {

namespace fs = std::filesystem;

struct CreateOptions {
  std::string dir, url, passphrase_file, new_passphrase_file, host_key, chain, identity, receipts;
  std::string department = "ga";
  bool recover = false;
  std::int64_t timeout_ms = 10000;
};

struct EnterpriseOptions {
  CreateOptions box;
  std::string pseudonym, jwk;
};

struct RotateOptions {
  WalletOptions to;
  std::string identity, department = "ga";
};

constexpr const char* kNextKey = "key.new.pem";

/// {"id_no","name","card_valid_to"} from a file or, for "-", from standard input: never from the
/// command line, which every process of the machine can read.
Result<Json> read_identity(const std::string& source) {
  Json identity;
  if (source == "-") {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    QC_ASSIGN(identity, parse_json(text));
  } else {
    QC_ASSIGN(identity, read_document(source));
  }
  const JsonReader reader(identity, "identity");
  Status checked = reader.expect_only({"id_no", "name", "card_valid_to"});
  for (const char* name : {"id_no", "name", "card_valid_to"}) {
    if (!checked.ok()) break;
    if (const auto text = reader.text(name, 128); !text.ok()) checked = text.error();
  }
  if (!checked.ok()) {
    return invalid("usage.bad_identity", checked.error().message, checked.error().field);
  }
  return identity;
}

/// A key left by an interrupted attempt is taken up again; an existing wallet is never touched.
Result<crypto::PrivateKey> make_key(const CreateOptions& options) {
  const fs::path folder = options.dir;
  if (fs::exists(folder / "wallet.json")) {
    return conflict("wallet.exists", "there is a wallet in " + folder.string());
  }
  QC_ASSIGN(const NewPassphrase passphrase,
            passphrase_for_new_key(options.passphrase_file, options.new_passphrase_file,
                                   "新钱包口令 passphrase of the new wallet"));
  QC_TRY(make_private_directory(folder));
  if (fs::exists(folder / "key.pem")) return crypto::load_key(folder / "key.pem", passphrase.text);
  crypto::PrivateKey key = crypto::PrivateKey::generate();
  QC_TRY(crypto::save_key(folder / "key.pem", key, passphrase.text, passphrase.kind));
  return key;
}

Result<std::string> make_claim(const Json& identity, const crypto::PrivateKey& key,
                               const crypto::PublicKey& department, const std::string& chain) {
  const Json proof = {
      {"chain", chain}, {"kid", key.kid()}, {"iat", now_s()}, {"nonce", random_id()}};
  Json claim = identity;
  claim["jwk"] = key.public_key().to_jwk();
  claim["proof"] = crypto::jws_sign(key, proof.dump(), "qc-identity-proof+jws");
  return crypto::jwe_encrypt(department, claim.dump());
}

struct Opening {
  std::string op;  ///< subject.open or subject.rebind
  std::string account, pseudonym, credential;
  Proved proved;
};

/// The identity credential must be this account's, for this key, from this department.
Status check_credential(const std::string& jwe, const crypto::PrivateKey& key,
                        const crypto::PublicKey& department, const std::string& account) {
  QC_ASSIGN(const std::string text, crypto::jwe_decrypt(key, jwe));
  QC_ASSIGN(const Json credential, parse_json(text));
  QC_ASSIGN(const crypto::SdJwtView view,
            crypto::sdjwt_verify(text_of(credential, "sd_jwt"), department, now_s()));
  if (text_of(view.claims, "sub") == account) return {};
  return invalid("verify.wrong_subject", "the identity credential is of another account");
}

/// The registrar's transaction must open this account for this key, on the department's word.
Status check_opening(const Opening& opening, const crypto::PrivateKey& key,
                     const crypto::PublicKey& department, const Directory& directory) {
  const proof::Transaction& tx = opening.proved.tx;
  const auto opened_for = crypto::PublicKey::from_jwk(tx.body.value("jwk", Json::object()));
  if (tx.op != opening.op || text_of(tx.body, "account") != opening.account || !opened_for.ok() ||
      !(*opened_for == key.public_key()) ||
      opening.account != "p-" + opening.pseudonym.substr(0, 32)) {
    return invalid("verify.wrong_transaction", "the ledger opened another account or key");
  }
  QC_ASSIGN(const crypto::PublicKey registrar,
            directory.key_of(directory.account_of(tx.kid), tx.kid));
  QC_TRY(proof::verify_transaction(tx, registrar));
  const auto evidence =
      crypto::jws_open(text_of(tx.body, "evidence"), department, "qc-identity-evidence+jws");
  if (!evidence.ok()) return evidence.error();
  return check_credential(opening.credential, key, department, opening.account);
}

/// Both an opening's and a recovery's transaction carry it.
Result<std::string> pseudonym_in(const proof::Transaction& tx) {
  const std::string compact = text_of(tx.body, "evidence");
  QC_ASSIGN(const crypto::Jws evidence, crypto::jws_parse(compact));
  QC_ASSIGN(const Json payload, parse_json(evidence.payload));
  return JsonReader(payload, "evidence").text("pseudonym", 64, 64);
}

Result<Opening> open_account(client::Client& client, const Json& identity,
                             const crypto::PrivateKey& key, const CreateOptions& options) {
  QC_ASSIGN(const Directory directory, Directory::fetch(client));
  QC_ASSIGN(const Json member, directory.department_of(options.department + "."));
  QC_ASSIGN(const crypto::PublicKey department, directory.key_of(text_of(member, "account")));
  QC_ASSIGN(const std::string claim, make_claim(identity, key, department, client.chain()));
  const char* route = options.recover ? "/v1/accounts:recover" : "/v1/accounts:open";
  QC_ASSIGN(const Json answer,
            client.post(route, {{"jwk", key.public_key().to_jwk()}, {"claim", claim}}));
  const JsonReader reader(answer);
  Opening opening;
  opening.op = options.recover ? "subject.rebind" : "subject.open";
  QC_ASSIGN(opening.account, reader.text("account", 64));
  QC_ASSIGN(opening.credential, reader.text("credential", 1U << 20U));
  QC_ASSIGN(const std::string tx, reader.text("tx", 64));
  QC_ASSIGN(opening.proved, fetch_transaction(client, tx));
  QC_ASSIGN(opening.pseudonym, pseudonym_in(opening.proved.tx));
  QC_TRY(check_opening(opening, key, department, directory));
  return opening;
}

Result<client::ClientOptions> connection_of(const CreateOptions& options) {
  client::ClientOptions to;
  to.url = options.url;
  to.trusted_chain = options.chain;
  to.timeout_ms = static_cast<int>(options.timeout_ms);
  if (!options.host_key.empty()) {
    QC_ASSIGN(to.trusted_host, read_public_key(options.host_key));
  }
  return to;
}

Json wallet_file(const std::string& url, const client::Client& client, const std::string& account,
                 const std::string& pseudonym) {
  return {{"url", url},
          {"chain", client.chain()},
          {"host_jwk", client.host_key().to_jwk()},
          {"account", account},
          {"pseudonym", pseudonym}};
}

Result<Output> create(const CreateOptions& options) {
  QC_ASSIGN(const Json identity, read_identity(options.identity));
  QC_ASSIGN(client::ClientOptions to, connection_of(options));
  // Reachability first: no folder is left behind by a wrong address.
  QC_TRY([&]() -> Status {
    QC_ASSIGN(const auto probe, client::Client::connect(to));
    (void)probe;
    return {};
  }());
  QC_ASSIGN(const crypto::PrivateKey key, make_key(options));
  to.key = key;
  QC_ASSIGN(const auto client, client::Client::connect(to));
  QC_ASSIGN(const Opening opening, open_account(*client, identity, key, options));
  const fs::path folder = options.dir;
  QC_TRY(write_file(folder / "credential.jwe", opening.credential, FileMode::kPrivate));
  const Json wallet = wallet_file(options.url, *client, opening.account, opening.pseudonym);
  QC_TRY(write_file(folder / "wallet.json", wallet.dump(2) + "\n", FileMode::kPrivate));
  QC_TRY(ReceiptFolder(options.receipts).keep(opening.proved));
  Output output;
  output.json = {{"account", opening.account},
                 {"kid", key.kid()},
                 {"chain", client->chain()},
                 {"tx", opening.proved.tx.id_hex()},
                 {"index", opening.proved.receipt.index},
                 {"pinned_host_kid", client->host_key().kid()}};
  output.text =
      std::string(options.recover ? "✓ 保险箱已恢复,原授权均已暂停 safe box recovered, its "
                                    "grants are paused\n"
                                  : "✓ 保险箱已开立 safe box opened\n") +
      line("账户 account", opening.account) + line("密钥 key", key.kid()) +
      line("网络 network", client->chain()) +
      line("信任的主机 pinned host", client->host_key().kid());
  return output;
}

/// The key and the folder alone: a department attests the enterprise and the registrar opens the
/// account (quancheng mandate).
Result<Output> create_enterprise(const EnterpriseOptions& options) {
  if (options.pseudonym.size() != 64 || !from_hex(options.pseudonym).ok()) {
    return invalid("usage.invalid", "64 hexadecimal digits are expected", "--pseudonym");
  }
  QC_ASSIGN(const client::ClientOptions to, connection_of(options.box));
  QC_ASSIGN(const auto client, client::Client::connect(to));
  QC_ASSIGN(const crypto::PrivateKey key, make_key(options.box));
  const std::string account = "e-" + options.pseudonym.substr(0, 32);
  const Json wallet = wallet_file(options.box.url, *client, account, options.pseudonym);
  const fs::path folder = options.box.dir;
  QC_TRY(write_file(options.jwk, key.public_key().to_jwk().dump(2) + "\n", FileMode::kPublic));
  QC_TRY(write_file(folder / "wallet.json", wallet.dump(2) + "\n", FileMode::kPrivate));
  Output output;
  output.json = {{"account", account}, {"kid", key.kid()}, {"chain", client->chain()}};
  output.text = "✓ 企业密钥已生成 the enterprise's key is made\n" + line("账户 account", account) +
                line("公钥文件 public key", options.jwk);
  return output;
}

/// Takes the new key up: the credential that is bound to it, then the files.
Status adopt_key(const Wallet& wallet, const crypto::PrivateKey& key,
                 const RotateOptions& options) {
  QC_ASSIGN(const Json identity, read_identity(options.identity));
  client::ClientOptions to;
  QC_ASSIGN(const Json file, read_document(wallet.folder() / "wallet.json"));
  to.url = options.to.url.empty() ? text_of(file, "url") : options.to.url;
  to.trusted_chain = wallet.client().chain();
  to.trusted_host = wallet.client().host_key();
  to.timeout_ms = static_cast<int>(options.to.timeout_ms);
  to.key = key;
  QC_ASSIGN(const auto client, client::Client::connect(to));
  QC_ASSIGN(const Directory directory, Directory::fetch(*client));
  QC_ASSIGN(const Json member, directory.department_of(options.department + "."));
  QC_ASSIGN(const crypto::PublicKey department, directory.key_of(text_of(member, "account")));
  QC_ASSIGN(const std::string claim, make_claim(identity, key, department, client->chain()));
  QC_ASSIGN(const Json answer, client->post("/v1/accounts:prove", {{"claim", claim}}));
  QC_ASSIGN(const std::string credential, JsonReader(answer).text("credential", 1U << 20U));
  QC_TRY(check_credential(credential, key, department, wallet.account()));
  QC_TRY(write_file(wallet.folder() / "credential.jwe", credential, FileMode::kPrivate));
  std::error_code failure;
  fs::rename(wallet.folder() / "key.pem", wallet.folder() / ("key-" + wallet.key().kid() + ".pem"),
             failure);
  if (!failure) fs::rename(wallet.folder() / kNextKey, wallet.folder() / "key.pem", failure);
  if (failure) return unavailable("file.io", "cannot rename the key: " + failure.message());
  return {};
}

/// An interrupted attempt is taken up again with the key that it left.
Result<Output> rotate_wallet(const RotateOptions& options) {
  QC_ASSIGN(const Wallet wallet, Wallet::open(options.to));
  QC_ASSIGN(const std::string passphrase,
            obtain_passphrase(options.to.passphrase_file, "钱包口令 wallet passphrase"));
  const fs::path next = wallet.folder() / kNextKey;
  if (!fs::exists(next)) {
    QC_TRY(crypto::save_key(next, crypto::PrivateKey::generate(), passphrase));
  }
  QC_ASSIGN(const crypto::PrivateKey key, crypto::load_key(next, passphrase));
  const std::string proof =
      proof::make_key_proof(key, {wallet.client().chain(), wallet.account(), wallet.key().kid()});
  auto done = wallet.submit("key.rotate", {{"jwk", key.public_key().to_jwk()}, {"proof", proof}});
  const bool before = !done.ok() && done.error().code == "key.retired";
  if (!done.ok() && !before) return done.error();
  QC_TRY(adopt_key(wallet, key, options));
  Output output;
  output.json = {{"account", wallet.account()}, {"kid", key.kid()}};
  if (done.ok()) output.json["tx"] = done->tx;
  output.text = "✓ 密钥已更换,资产请重新获取 key replaced; fetch the assets anew\n" +
                line("密钥 key", key.kid());
  return output;
}

}  // namespace

void add_wallet_rotate(Command group) {
  auto options = std::make_shared<RotateOptions>();
  Command command = group.sub("rotate", "更换密钥 · replace the wallet's key by a new one");
  add_wallet_options(command, options->to);
  command.text("--identity", options->identity,
               "身份文件 · JSON {id_no,name,card_valid_to}, or - for standard input",
               Need::kRequired);
  command.text("--department", options->department,
               "核验身份的部门 · code of the department that proves identity");
  command.action([options] { return rotate_wallet(*options); });
}

namespace {

void add_create_options(Command& command, CreateOptions& options) {
  command.text("-w,--wallet", options.dir, "钱包目录 · wallet folder", Need::kRequired);
  command.environment("--wallet", "QUANCHENG_WALLET");
  command.text("--url", options.url, "主机地址 · host", Need::kRequired);
  command.text("--passphrase-file", options.passphrase_file,
               "口令文件(0600) · file with the passphrase; else asked for");
  command.text("--new-passphrase-file", options.new_passphrase_file,
               "随机生成口令并写入此文件 · draw a passphrase at random and write it here");
  command.text("--host-key", options.host_key,
               "信任的主机公钥 · trusted host key (JWK file); else the first seen is pinned");
  command.text("--chain", options.chain, "网络标识 · network id to insist on");
  command.number("--timeout-ms", options.timeout_ms, "超时(毫秒) · time limit of a call", 1,
                 600000);
}

}  // namespace

void add_wallet_create(Command group) {
  auto options = std::make_shared<CreateOptions>();
  Command command = group.sub("create", "新建保险箱 · new key, prove identity, open a safe box");
  add_create_options(command, *options);
  command.text("--identity", options->identity,
               "身份文件 · JSON {id_no,name,card_valid_to}, or - for standard input",
               Need::kRequired);
  command.text("--department", options->department,
               "核验身份的部门 · code of the department that proves identity");
  command.flag("--recover", options->recover,
               "恢复已有账户(密钥遗失) · recover the account that one has; its grants pause");
  command.text("--receipts", options->receipts, "存证目录 · folder to keep receipts in");
  command.action([options] { return create(*options); });

  auto enterprise = std::make_shared<EnterpriseOptions>();
  Command making = group.sub("create-enterprise",
                             "新建企业保险箱密钥 · an enterprise's key and folder, to be attested");
  add_create_options(making, enterprise->box);
  making.text("--pseudonym", enterprise->pseudonym, "企业假名 · its pseudonym", Need::kRequired);
  making.text("--jwk", enterprise->jwk, "公钥文件 · file for its public key", Need::kRequired);
  making.action([enterprise] { return create_enterprise(*enterprise); });
}

}  // namespace qc::cli
