#include "host/cli/session.hpp"

#include <chrono>
#include <cstdio>
#include <termios.h>
#include <unistd.h>

#include "host/cli/directory.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/keystore.hpp"

namespace qc::cli {
namespace {

namespace fs = std::filesystem;

/// Reads one line from the controlling terminal with echo off; echo comes back however it ends.
class SilentTerminal {
 public:
  SilentTerminal() : file_(std::fopen("/dev/tty", "r+")) {
    if (file_ == nullptr || ::tcgetattr(::fileno(file_), &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(::fileno(file_), TCSAFLUSH, &silent) == 0;
  }
  ~SilentTerminal() {
    if (changed_) ::tcsetattr(::fileno(file_), TCSAFLUSH, &before_);
    if (file_ != nullptr) std::fclose(file_);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;
  bool ok() const { return changed_; }
  std::string ask(const std::string& prompt) {
    std::fprintf(file_, "%s: ", prompt.c_str());
    std::fflush(file_);
    char line[1024] = {};
    const bool got = std::fgets(line, sizeof line, file_) != nullptr;
    std::fprintf(file_, "\n");
    std::string text = got ? line : "";
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
  }

 private:
  std::FILE* file_;
  termios before_{};
  bool changed_ = false;
};

/// Fills what the command line left open from the profile file.
Status merge_profile(ConnectionOptions& options, std::string& account, Json& host_jwk) {
  if (options.profile.empty()) return {};
  QC_ASSIGN(const Json profile, read_document(options.profile));
  const JsonReader reader(profile, "profile");
  const auto wrong = [](const Error& cause) {
    return invalid("profile.invalid", cause.message, cause.field);
  };
  if (const auto status =
          reader.expect_only({"account", "url", "chain", "host_jwk", "key", "passphrase_file"});
      !status.ok()) {
    return wrong(status.error());
  }
  const fs::path folder = fs::absolute(options.profile).parent_path();
  struct Member {
    const char* name;
    std::string* target;
    bool path;
  };
  for (const Member& member :
       {Member{"account", &account, false}, Member{"url", &options.url, false},
        Member{"chain", &options.chain, false}, Member{"key", &options.key, true},
        Member{"passphrase_file", &options.passphrase_file, true}}) {
    const auto value = reader.text_or_empty(member.name, 4096);
    if (!value.ok()) return wrong(value.error());
    if (!member.target->empty() || value.value().empty()) continue;
    *member.target =
        member.path ? (folder / value.value()).lexically_normal().string() : value.value();
  }
  if (reader.has("host_jwk")) host_jwk = profile["host_jwk"];
  return {};
}

}  // namespace

void add_connection(Command& command, ConnectionOptions& options) {
  command.text("-p,--profile", options.profile, "身份档案 · profile file of the member who acts");
  command.environment("--profile", "QUANCHENG_PROFILE");
  command.text("--url", options.url, "主机地址 · host, http://… or https://…");
  command.text("--key", options.key, "私钥文件 · key file (encrypted PKCS#8)");
  command.text("--passphrase-file", options.passphrase_file,
               "口令文件(0600) · file with the passphrase; else asked for");
  command.text("--host-key", options.host_key, "信任的主机公钥 · trusted host key (JWK file)");
  command.text("--chain", options.chain, "网络标识 · network id to insist on");
  command.text("--ca-file", options.ca_file, "CA 证书 · CA certificates for https (PEM)");
  command.text("--receipts", options.receipts, "存证目录 · folder to keep receipts in");
  command.number("--timeout-ms", options.timeout_ms, "超时(毫秒) · time limit of a call", 1,
                 600000);
}

Result<Session> open_session(const ConnectionOptions& given, Signer signer) {
  ConnectionOptions options = given;
  Session session;
  Json host_jwk;
  QC_TRY(merge_profile(options, session.account, host_jwk));
  if (options.url.empty()) {
    return invalid("usage.url_needed", "give --url or --profile", "--url");
  }
  client::ClientOptions to;
  to.url = options.url;
  to.trusted_chain = options.chain;
  to.ca_file = options.ca_file;
  to.timeout_ms = static_cast<int>(options.timeout_ms);
  if (!options.host_key.empty()) {
    QC_ASSIGN(to.trusted_host, read_public_key(options.host_key));
  } else if (!host_jwk.is_null()) {
    auto key = crypto::PublicKey::from_jwk(host_jwk);
    if (!key.ok()) return key.error().under("profile.host_jwk");
    to.trusted_host = key.value();
  }
  if (!options.key.empty()) {
    QC_ASSIGN(const std::string passphrase,
              obtain_passphrase(options.passphrase_file, "口令 passphrase " + options.key));
    QC_ASSIGN(session.key, crypto::load_key(options.key, passphrase));
    to.key = session.key;
  } else if (signer == Signer::kNeeded) {
    return invalid("usage.key_needed", "give --key or --profile", "--key");
  }
  QC_ASSIGN(session.client, client::Client::connect(std::move(to)));
  session.receipts = ReceiptFolder(options.receipts);
  if (session.account.empty() && session.key) {
    QC_ASSIGN(const Directory directory, Directory::fetch(*session.client));
    session.account = directory.account_of(session.key->kid());
  }
  return session;
}

Result<OfflineSigner> open_signer(const ConnectionOptions& given) {
  ConnectionOptions options = given;
  std::string account;
  Json unused;
  QC_TRY(merge_profile(options, account, unused));
  if (options.key.empty()) {
    return invalid("usage.key_needed", "give --key or --profile", "--key");
  }
  if (options.chain.empty()) {
    return invalid("usage.missing", "give --chain or a profile that has it", "--chain");
  }
  QC_ASSIGN(const std::string passphrase,
            obtain_passphrase(options.passphrase_file, "口令 passphrase " + options.key));
  QC_ASSIGN(crypto::PrivateKey key, crypto::load_key(options.key, passphrase));
  return OfflineSigner{account, options.chain, std::move(key)};
}

Result<client::Submitted> Session::submit(const std::string& op, const Json& body) {
  QC_ASSIGN(client::Submitted done, client->submit(op, body));
  QC_TRY(receipts.keep(op, done.bytes, done.receipt));
  return done;
}

Result<NewPassphrase> passphrase_for_new_key(const std::string& file, const std::string& new_file,
                                             const std::string& prompt) {
  if (new_file.empty()) {
    QC_ASSIGN(const std::string text, obtain_passphrase(file, prompt));
    return NewPassphrase{text, crypto::PassphraseKind::kChosen};
  }
  if (!file.empty()) {
    return invalid("usage.invalid", "a passphrase is read or made, not both",
                   "--new-passphrase-file");
  }
  if (fs::exists(new_file)) {
    return conflict("key.exists", "there is a passphrase already; nothing was changed")
        .at(new_file);
  }
  const NewPassphrase made{to_base64url(random_bytes(24)), crypto::PassphraseKind::kRandom};
  QC_TRY(write_file(new_file, made.text + "\n", FileMode::kPrivate));
  return made;
}

Result<std::string> obtain_passphrase(const std::string& file, const std::string& prompt) {
  if (!file.empty()) return crypto::read_passphrase_file(file);
  SilentTerminal terminal;
  if (!terminal.ok()) {
    return invalid("usage.passphrase_needed", "no terminal to ask on: give --passphrase-file",
                   "--passphrase-file");
  }
  const std::string answer = terminal.ask(prompt);
  if (answer.empty()) return invalid("key.wrong_passphrase", "the passphrase is empty");
  return answer;
}

Result<crypto::PublicKey> read_public_key(const fs::path& file) {
  QC_ASSIGN(const Json jwk, read_document(file));
  auto key = crypto::PublicKey::from_jwk(jwk);
  if (!key.ok()) return key.error().at(file.string());
  return key;
}

Result<Json> read_document(const fs::path& file) {
  auto document = read_json_file(file);
  if (!document.ok() && document.error().code.starts_with("json.")) {
    return invalid("file.invalid", document.error().message, file.string());
  }
  return document;
}

std::int64_t now_s() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

}  // namespace qc::cli
