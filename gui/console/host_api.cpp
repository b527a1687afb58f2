#include "gui/console/host_api.hpp"

#include <fstream>
#include <sstream>

#include "sdk/client/client.hpp"
#include "sdk/crypto/keystore.hpp"
#include "sdk/proof/receipt.hpp"
#include "sdk/proof/transaction.hpp"

namespace qc::console {
namespace {

// A drain waits for the calls in flight before the host answers.
constexpr int kTimeoutMs = 30'000;
constexpr std::size_t kMaxTrustBytes = 64U << 10U;

class HostApi final : public Api {
 public:
  HostApi(std::unique_ptr<client::Client> client, std::string kid, bool pinned)
      : client_(std::move(client)), kid_(std::move(kid)), pinned_(pinned) {}

  std::string chain() const override { return client_->chain(); }
  std::string host_kid() const override { return client_->host_key().kid(); }
  bool host_key_pinned() const override { return pinned_; }
  std::string kid() const override { return kid_; }
  Result<Json> get(const std::string& path) override { return client_->get(path); }
  Result<Json> post(const std::string& path, const Json& body) override {
    return client_->post(path, body);
  }
  ReceiptCheck check_receipt(const std::string& transaction, const Json& receipt) override {
    return check_receipt_with(transaction, receipt, client_->host_key(), client_->chain());
  }
  Head check_head(const std::string& jws) override {
    return check_head_with(jws, client_->host_key(), client_->chain());
  }

 private:
  std::unique_ptr<client::Client> client_;
  std::string kid_;
  bool pinned_;
};

Result<crypto::PrivateKey> open_key(const SignInRequest& request) {
  if (request.passphrase_file.empty()) {
    return crypto::load_key(request.key_file, request.passphrase);
  }
  QC_ASSIGN(std::string passphrase, crypto::read_passphrase_file(request.passphrase_file));
  auto key = crypto::load_key(request.key_file, passphrase);
  std::fill(passphrase.begin(), passphrase.end(), '\0');
  return key;
}

/// Reads {"chain","host_jwk"}: the answer of /v1/network, kept by whoever trusts it.
Status pin(const std::string& file, client::ClientOptions& options) {
  std::ifstream in(file);
  if (!in) return not_found("console.no_trust_file", "cannot read " + file).at("trust");
  std::stringstream text;
  text << in.rdbuf();
  QC_ASSIGN(const Json json, parse_json(text.str(), {.max_bytes = kMaxTrustBytes, .max_depth = 8}));
  const JsonReader reader(json);
  QC_ASSIGN(options.trusted_chain, reader.text("chain", 64));
  QC_ASSIGN(const Json* jwk, reader.object("host_jwk"));
  QC_ASSIGN(options.trusted_host, crypto::PublicKey::from_jwk(*jwk));
  return {};
}

}  // namespace

ReceiptCheck check_receipt_with(const std::string& transaction, const Json& receipt,
                                const crypto::PublicKey& host, const std::string& chain) {
  ReceiptCheck out;
  const auto parsed = proof::receipt_from_json(receipt);
  if (!parsed.ok()) {
    out.error_code = parsed.error().code;
    return out;
  }
  const auto head = proof::verify_receipt(transaction, *parsed, host, chain);
  if (!head.ok()) {
    out.error_code = head.error().code;
    return out;
  }
  const auto tx = proof::parse_transaction(transaction);
  if (!tx.ok()) {
    out.error_code = tx.error().code;
    return out;
  }
  out.verified = true;
  out.tx = parsed->tx;
  out.index = parsed->index;
  out.op = tx->op;
  out.tree_size = head->size;
  out.head_time_ms = head->time_ms;
  out.path_length = parsed->path.size();
  return out;
}

Head check_head_with(const std::string& jws, const crypto::PublicKey& host,
                     const std::string& chain) {
  Head out;
  const auto head = proof::open_head(jws, host, chain);
  if (!head.ok()) {
    out.error_code = head.error().code;
    return out;
  }
  out.verified = true;
  out.size = head->size;
  out.log_root = to_hex(head->log_root);
  out.subject_root = to_hex(head->subject_root);
  out.time_ms = head->time_ms;
  return out;
}

Result<std::unique_ptr<Api>> connect_to_host(const SignInRequest& request) {
  QC_ASSIGN(crypto::PrivateKey key, open_key(request));
  client::ClientOptions options;
  options.url = request.url;
  options.key = key;
  options.ca_file = request.ca_file;
  options.timeout_ms = kTimeoutMs;
  if (!request.trust_file.empty()) QC_TRY(pin(request.trust_file, options));
  const bool pinned = options.trusted_host.has_value();
  QC_ASSIGN(std::unique_ptr<client::Client> connection,
            client::Client::connect(std::move(options)));
  return std::unique_ptr<Api>(std::make_unique<HostApi>(std::move(connection), key.kid(), pinned));
}

}  // namespace qc::console
