#include "host/cli/wallet.hpp"

#include <algorithm>
#include <cctype>
#include <system_error>

#include "host/cli/bank_access.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/session.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/keystore.hpp"
#include "sdk/crypto/sdjwt.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::cli {
namespace {

namespace fs = std::filesystem;

/// Ids become file names: nothing but the alphabet of base64url may stand in one.
bool plain_id(const std::string& id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  });
}

Status require_plain(const std::string& id) {
  if (plain_id(id)) return {};
  return invalid("usage.invalid", "not an asset id", "asset");
}

}  // namespace

void add_wallet_options(Command& command, WalletOptions& options) {
  command.text("-w,--wallet", options.dir, "钱包目录 · wallet folder", Need::kRequired);
  command.environment("--wallet", "QUANCHENG_WALLET");
  command.text("--passphrase-file", options.passphrase_file,
               "口令文件(0600) · file with the passphrase; else asked for");
  command.text("--url", options.url, "主机地址 · host, instead of the wallet's own");
  command.text("--receipts", options.receipts, "存证目录 · folder to keep receipts in");
  command.number("--timeout-ms", options.timeout_ms, "超时(毫秒) · time limit of a call", 1,
                 600000);
}

WalletOptions acting_for(const WalletOptions& box, WalletOptions as) {
  as.url = box.url;
  as.timeout_ms = box.timeout_ms;
  if (as.passphrase_file.empty()) as.passphrase_file = box.passphrase_file;
  return as;
}

void add_acting_options(Command& command, WalletOptions& as, Need need) {
  command.text("--as", as.dir, "代理人的钱包目录 · wallet of who acts for this one", need);
  command.text("--as-passphrase-file", as.passphrase_file,
               "其口令文件(0600) · file with its passphrase; else the same");
}

Result<Wallet> Wallet::open(const WalletOptions& options) {
  const fs::path folder = options.dir;
  const auto file = read_document(folder / "wallet.json");
  if (!file.ok()) {
    if (file.error().code == "file.not_found") {
      return not_found("wallet.not_found", "no wallet in " + folder.string());
    }
    return file.error();
  }
  const JsonReader reader(*file, "wallet.json");
  client::ClientOptions to;
  std::string account;
  std::string pseudonym;
  for (const auto& [name, target] :
       std::initializer_list<std::pair<const char*, std::string*>>{{"url", &to.url},
                                                                   {"chain", &to.trusted_chain},
                                                                   {"account", &account},
                                                                   {"pseudonym", &pseudonym}}) {
    const auto text = reader.text(name, 4096);
    if (!text.ok()) return invalid("wallet.invalid", text.error().message, text.error().field);
    *target = *text;
  }
  const auto host = crypto::PublicKey::from_jwk(file->value("host_jwk", Json::object()));
  if (!host.ok()) return invalid("wallet.invalid", host.error().message, "wallet.json.host_jwk");
  QC_ASSIGN(const std::string passphrase,
            obtain_passphrase(options.passphrase_file, "钱包口令 wallet passphrase"));
  QC_ASSIGN(crypto::PrivateKey key, crypto::load_key(folder / "key.pem", passphrase));
  if (!options.url.empty()) to.url = options.url;
  to.trusted_host = *host;
  to.key = key;
  to.timeout_ms = static_cast<int>(options.timeout_ms);
  Wallet wallet(std::move(key));
  wallet.folder_ = folder;
  wallet.account_ = account;
  wallet.pseudonym_ = pseudonym;
  wallet.receipts_ = ReceiptFolder(options.receipts);
  QC_ASSIGN(wallet.client_, client::Client::connect(std::move(to)));
  return wallet;
}

Result<client::Submitted> Wallet::submit(const std::string& op, const Json& body) const {
  QC_ASSIGN(client::Submitted done, client_->submit(op, body));
  QC_TRY(receipts_.keep(op, done.bytes, done.receipt));
  return done;
}

Result<std::string> Wallet::credential() const {
  QC_ASSIGN(const std::string jwe, read_file(folder_ / "credential.jwe", 1U << 20U));
  QC_ASSIGN(const std::string text, crypto::jwe_decrypt(key_, jwe));
  QC_ASSIGN(const Json document, parse_json(text));
  return JsonReader(document, "credential").text("sd_jwt", 1U << 20U);
}

Status Wallet::keep_asset(const std::string& asset, const std::string& jwe,
                          const Proved& issue) const {
  QC_TRY(require_plain(asset));
  QC_TRY(make_private_directory(folder_ / "assets"));
  const Json proof = {{"transaction", issue.tx.bytes}, {"receipt", proof::to_json(issue.receipt)}};
  QC_TRY(
      write_file(folder_ / "assets" / (asset + ".json"), proof.dump() + "\n", FileMode::kPrivate));
  return write_file(folder_ / "assets" / (asset + ".jwe"), jwe, FileMode::kPrivate);
}

Status Wallet::forget_asset(const std::string& asset) const {
  QC_TRY(require_plain(asset));
  for (const char* suffix : {".jwe", ".json"}) {
    std::error_code failure;
    fs::remove(folder_ / "assets" / (asset + suffix), failure);
    if (failure) {
      return unavailable("file.io", "cannot delete the local copy: " + failure.message());
    }
  }
  return {};
}

Result<Json> Wallet::list_assets(bool all) const {
  QC_ASSIGN(const Json answer, client_->get("/v1/assets"));
  QC_ASSIGN(const Json list, array_of(answer, "assets"));
  if (all) return list;
  Json live = Json::array();
  for (const Json& entry : list) {
    if (text_of(entry, "state") == "live") live.push_back(entry);
  }
  return live;
}

Result<std::string> Wallet::ciphertext(const std::string& asset) const {
  auto cached = read_file(folder_ / "assets" / (asset + ".jwe"), 4U << 20U);
  if (cached.ok() || cached.error().code != "file.not_found") return cached;
  QC_ASSIGN(const Json answer, client_->get("/v1/assets/" + asset));
  return JsonReader(answer).text("jwe", 4U << 20U);
}

/// Kept at issue; a wallet restored from its key alone finds it in the trace.
Result<Proved> Wallet::issue_proof(const std::string& asset) const {
  const auto kept = read_document(folder_ / "assets" / (asset + ".json"));
  if (kept.ok()) {
    const JsonReader reader(*kept, "assets/" + asset);
    QC_ASSIGN(const std::string bytes, reader.text("transaction", proof::kMaxTxBytes));
    QC_ASSIGN(const Json* receipt, reader.object("receipt"));
    return check_transaction(*client_, bytes, *receipt);
  }
  if (kept.error().code != "file.not_found") return kept.error();
  QC_ASSIGN(const Json answer, client_->get("/v1/subjects/" + account_ + "/trace"));
  QC_ASSIGN(const Json events, array_of(answer, "events"));
  for (const Json& event : events) {
    if (text_of(event, "op") != "asset.issue") continue;
    QC_ASSIGN(Proved proved, check_transaction(*client_, text_of(event, "transaction"),
                                               event.value("receipt", Json::object())));
    if (text_of(proved.tx.body, "asset") == asset) return proved;
  }
  return not_found("verify.no_issue", "the ledger has no issue of this asset");
}

Result<OpenedAsset> Wallet::open_asset(const Json& entry, const Directory& directory) const {
  const std::string asset = text_of(entry, "asset");
  QC_TRY(require_plain(asset));
  QC_ASSIGN(const Proved issue, issue_proof(asset));
  QC_ASSIGN(const std::string jwe, ciphertext(asset));
  if (to_hex(crypto::sm3(jwe)) != text_of(issue.tx.body, "ciphertext_sm3")) {
    return invalid("verify.ciphertext_mismatch", "not the ciphertext the ledger commits to", asset);
  }
  QC_ASSIGN(const std::string plaintext, crypto::jwe_decrypt(key_, jwe));
  return check_asset(plaintext, entry, directory, account_, issue);
}

Result<OpenedAsset> check_asset(const std::string& plaintext, const Json& entry,
                                const Directory& directory, const std::string& account,
                                const Proved& issue) {
  QC_ASSIGN(const Json sealed, parse_json(plaintext));
  const JsonReader reader(sealed, "asset");
  OpenedAsset opened;
  QC_ASSIGN(opened.asset, reader.text("asset", 64));
  QC_ASSIGN(opened.sd_jwt, reader.text("sd_jwt", 1U << 20U));
  QC_ASSIGN(const std::string salt, reader.text("salt", 64));
  opened.item = text_of(entry, "item");
  opened.version = entry.value("version", std::int64_t{0});
  opened.as_of = entry.value("as_of", std::int64_t{0});
  opened.expires = entry.value("expires", std::int64_t{0});
  QC_ASSIGN(const Json department, directory.department_of(opened.item));
  opened.issuer = text_of(department, "account");
  QC_ASSIGN(const crypto::PublicKey issuer, directory.key_of(opened.issuer, issue.tx.kid));
  QC_ASSIGN(const crypto::SdJwtView view, crypto::sdjwt_verify(opened.sd_jwt, issuer, now_s()));
  const std::string vct = "qc:item:" + opened.item + ":" + std::to_string(opened.version);
  const bool same =
      opened.asset == text_of(entry, "asset") && text_of(view.claims, "asset") == opened.asset &&
      text_of(view.claims, "sub") == account && text_of(view.claims, "iss") == opened.issuer &&
      text_of(view.claims, "vct") == vct && text_of(view.claims, "chain") == issue.tx.chain;
  if (!same) {
    return invalid("verify.wrong_asset", "the credential is not the asset it is listed as",
                   opened.item);
  }
  QC_TRY(proof::verify_transaction(issue.tx, issuer));
  QC_ASSIGN(const std::string commitment, commitment_of("qc-asset-1", salt, opened.sd_jwt));
  if (issue.tx.op != "asset.issue" || text_of(issue.tx.body, "asset") != opened.asset ||
      text_of(issue.tx.body, "commitment") != commitment) {
    return invalid("verify.commitment_mismatch", "not what the ledger commits to", opened.item);
  }
  Json names = Json::array();
  for (const auto& [name, value] : view.fields.items()) names.push_back(name);
  Json listed = issue.tx.body.value("fields", Json::array());
  std::sort(listed.begin(), listed.end());
  if (names != listed) {
    return invalid("verify.wrong_fields", "the credential has other fields than the ledger lists",
                   opened.item);
  }
  opened.fields = view.fields;
  return opened;
}

void add_wallet(Command root) {
  Command group = root.sub("wallet", "个人保险箱 · citizen's wallet");
  add_wallet_box(group);
  add_wallet_consent(group);
  add_wallet_grants(group);
}

}  // namespace qc::cli
