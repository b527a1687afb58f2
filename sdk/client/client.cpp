#include "sdk/client/client.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>

#include "sdk/client/transport.hpp"
#include "sdk/http/message_signature.hpp"
#include "sdk/http/problem.hpp"
#include "sdk/http/public_routes.hpp"
#include "sdk/proof/transaction.hpp"

namespace qc::client {
namespace {

constexpr JsonLimits kAnswerLimits{64U << 20U, 32};

std::int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Error bad_answer(std::string message) {
  return Error{ErrorKind::kInternal, "client.bad_answer", std::move(message), {}, Side::kPlatform};
}

Error bad_response_signature(std::string message) {
  return Error{ErrorKind::kUnauthenticated,
               "client.bad_response_signature",
               std::move(message),
               {},
               Side::kPlatform};
}

Status check_target(const std::string& target) {
  const auto visible = [](char c) { return c > 0x20 && c < 0x7f && c != '#'; };
  if (target.empty() || target.front() != '/' ||
      !std::all_of(target.begin(), target.end(), visible)) {
    return invalid("client.bad_path", "expected an absolute, percent-encoded path", "path");
  }
  return {};
}

/// nlohmann throws for texts that are not UTF-8; that must not leave this room.
Result<std::string> dump(const Json& body) {
  try {
    return body.dump();
  } catch (const Json::exception&) {
    return invalid("client.bad_body", "the body holds text that is not UTF-8", "body");
  }
}

Error wrong_host_key(std::string message) {
  return Error{ErrorKind::kUnauthenticated,
               "client.wrong_host_key",
               std::move(message),
               {},
               Side::kPlatform};
}

/// The founding transaction must tell the same story as the answer it came in.
Status check_genesis(const std::string& genesis, const std::string& chain,
                     const crypto::PublicKey& host) {
  auto tx = proof::parse_transaction(genesis);
  if (!tx.ok() || tx->op != "network.found") return bad_answer("no founding transaction in it");
  if (tx->chain != chain) {
    return Error{ErrorKind::kUnauthenticated,
                 "client.wrong_chain",
                 "the founding transaction is of another network",
                 {},
                 Side::kPlatform};
  }
  QC_ASSIGN(const Json* founder, JsonReader(tx->body).object("operator"));
  QC_ASSIGN(const Json* operator_jwk, JsonReader(*founder).object("jwk"));
  QC_ASSIGN(const auto operator_key, crypto::PublicKey::from_jwk(*operator_jwk));
  QC_TRY(proof::verify_transaction(*tx, operator_key));
  QC_ASSIGN(const Json* host_jwk, JsonReader(tx->body).object("host_jwk"));
  QC_ASSIGN(const auto named, crypto::PublicKey::from_jwk(*host_jwk));
  if (!(named == host)) return wrong_host_key("the founding transaction names another host key");
  return {};
}

class ClientImpl final : public Client {
 public:
  ClientImpl(ClientOptions options, Origin origin)
      : options_(std::move(options)),
        origin_(std::move(origin)),
        transport_(Transport::create(origin_, options_.ca_file, options_.timeout_ms)) {}

  /// Asks the host for chain and key, and holds them against what is pinned.
  Status learn() {
    QC_ASSIGN(const Json network, get("/v1/network"));
    const JsonReader reader(network);
    QC_ASSIGN(chain_, reader.text("chain", 64));
    QC_ASSIGN(const Json* jwk, reader.object("host_jwk"));
    auto key = crypto::PublicKey::from_jwk(*jwk);
    if (!key.ok()) return bad_answer("host_jwk is not a key");
    if (!options_.trusted_chain.empty() && chain_ != options_.trusted_chain) {
      return Error{ErrorKind::kUnauthenticated,
                   "client.wrong_chain",
                   "the host serves network " + chain_ + ", not " + options_.trusted_chain,
                   {},
                   Side::kPlatform};
    }
    if (options_.trusted_host && !(*options_.trusted_host == *key)) {
      return wrong_host_key("the host's key is not the pinned one");
    }
    QC_ASSIGN(const std::string genesis, reader.text_or_empty("genesis", proof::kMaxTxBytes));
    if (!genesis.empty()) QC_TRY(check_genesis(genesis, chain_, *key));
    host_key_ = std::move(*key);
    return {};
  }

  const std::string& chain() const override { return chain_; }
  const crypto::PublicKey& host_key() const override { return *host_key_; }

  Result<Json> get(const std::string& path) override {
    auto got = exchange("GET", path, {}, {});
    // A kept connection may have been closed at the very moment: reading again harms nothing.
    if (!got.ok() && got.error().code == "client.unreachable" && host_key_) {
      got = exchange("GET", path, {}, {});
    }
    return got;
  }
  Result<Json> post(const std::string& path, const Json& body) override {
    QC_ASSIGN(std::string text, dump(body));
    return exchange("POST", path, std::move(text), "application/json");
  }
  Result<Json> del(const std::string& path, const Json& body) override {
    QC_ASSIGN(std::string text, dump(body));
    return exchange("DELETE", path, std::move(text), "application/json");
  }

  Result<std::string> sign_transaction(const std::string& op, const Json& body) override {
    if (!options_.key) return invalid("client.no_key", "this client has no key to sign with");
    QC_ASSIGN(const std::string text, dump(body));
    (void)text;  // only to learn whether it can be written
    return proof::make_transaction(*options_.key, chain_, op, body, now_s());
  }

  Result<Submitted> submit(const std::string& op, const Json& body) override {
    QC_ASSIGN(std::string bytes, sign_transaction(op, body));
    QC_ASSIGN(const Json answer, exchange("POST", "/v1/transactions", bytes, "application/jose"));
    return check_submitted(std::move(bytes), answer);
  }

  Result<std::vector<Result<Submitted>>> submit_batch(
      const std::vector<Intent>& transactions) override {
    Json list = Json::array();
    for (const Intent& one : transactions) {
      QC_ASSIGN(std::string bytes, sign_transaction(one.op, one.body));
      list.push_back(std::move(bytes));
    }
    const Json request{{"transactions", std::move(list)}};
    QC_ASSIGN(const Json answer, post("/v1/transactions:batch", request));
    QC_ASSIGN(const Json* results, JsonReader(answer).array("results", transactions.size()));
    if (results->size() != transactions.size()) return bad_answer("not one result for each");
    std::vector<Result<Submitted>> out;
    for (std::size_t i = 0; i < results->size(); ++i) {
      const Json& result = (*results)[i];
      const auto problem = result.is_object() ? result.find("problem") : result.end();
      if (result.is_object() && problem != result.end()) {
        const JsonReader reader(*problem);
        const auto status = reader.integer("status", 400, 599);
        out.emplace_back(
            http::from_problem(status ? static_cast<int>(*status) : 500,
                               problem->dump(-1, ' ', false, Json::error_handler_t::replace)));
      } else {
        out.push_back(
            check_submitted(request.at("transactions")[i].get_ref<const std::string&>(), result));
      }
    }
    return out;
  }

 private:
  /// The answer to a transaction, with its receipt verified.
  Result<Submitted> check_submitted(std::string bytes, const Json& answer) const {
    Submitted out;
    out.bytes = std::move(bytes);
    QC_ASSIGN(const Json* receipt, JsonReader(answer).object("receipt"));
    QC_ASSIGN(out.receipt, proof::receipt_from_json(*receipt));
    QC_ASSIGN(const auto head, proof::verify_receipt(out.bytes, out.receipt, *host_key_, chain_));
    (void)head;
    out.tx = out.receipt.tx;
    out.index = out.receipt.index;
    QC_ASSIGN(out.decision, JsonReader(answer).text_or_empty("decision", 16));
    return out;
  }

  Result<Json> exchange(const std::string& method, const std::string& target, std::string body,
                        std::string_view type) {
    QC_TRY(check_target(target));
    const std::string path(http::split_target(target).path);
    const bool sign = options_.key && !http::is_public_route(method, path);
    HttpRequest request{method, target, {}, std::move(body)};
    if (!type.empty()) request.fields["Content-Type"] = type;
    const std::string nonce = random_id();
    if (sign) sign_request(request, nonce);
    HttpResponse response;
    {
      const std::lock_guard lock(mutex_);
      QC_ASSIGN(response, transport_->send(request));
    }
    const bool success = response.status >= 200 && response.status < 300;
    QC_TRY(check_signature(response, sign, success, nonce));
    if (!success) return http::from_problem(response.status, response.body);
    auto parsed = parse_json(response.body, kAnswerLimits);
    if (!parsed.ok()) return bad_answer("the answer is not JSON: " + parsed.error().message);
    return parsed;
  }

  void sign_request(HttpRequest& request, const std::string& nonce) const {
    const auto target = http::split_target(request.target);
    const std::string digest =
        request.body.empty() ? std::string() : http::content_digest(request.body);
    http::MessageParts parts;
    parts.method = request.method;
    parts.authority = origin_.authority;
    parts.path = target.path;
    parts.query = target.query;
    parts.content_digest = digest;
    const auto fields = http::sign_request(*options_.key, parts, now_s(), nonce);
    if (!digest.empty()) request.fields["Content-Digest"] = digest;
    request.fields["Signature-Input"] = fields.input;
    request.fields["Signature"] = fields.signature;
  }

  /// An answer to a signed request is signed, unless it is a refusal from before the caller was
  /// known; a signature that is there must be right and repeat this request's nonce.
  Status check_signature(const HttpResponse& response, bool was_signed, bool success,
                         const std::string& nonce) const {
    const std::string input = response.field("signature-input");
    if (!was_signed || (input.empty() && !success)) return {};
    if (input.empty()) return bad_response_signature("the answer is not signed");
    auto parsed = http::parse_signature(input, response.field("signature"));
    if (!parsed.ok()) return bad_response_signature(parsed.error().message);
    const std::string digest = response.field("content-digest");
    http::MessageParts parts;
    parts.status = response.status;
    parts.content_digest = digest;
    if (const auto right = http::verify_response(*parsed, parts, *host_key_); !right.ok()) {
      return bad_response_signature(right.error().message);
    }
    if (const auto fits = http::check_content_digest(digest, response.body); !fits.ok()) {
      return bad_response_signature(fits.error().message);
    }
    if (parsed->nonce != nonce) return bad_response_signature("signed for another request");
    return {};
  }

  const ClientOptions options_;
  const Origin origin_;
  std::mutex mutex_;
  std::unique_ptr<Transport> transport_;  // guarded by mutex_
  std::string chain_;
  std::optional<crypto::PublicKey> host_key_;
};

}  // namespace

Result<std::unique_ptr<Client>> Client::connect(ClientOptions options) {
  QC_ASSIGN(Origin origin, parse_origin(options.url));
  if (options.timeout_ms <= 0) return invalid("client.bad_timeout", "must be positive", "timeout");
  auto client = std::make_unique<ClientImpl>(std::move(options), std::move(origin));
  QC_TRY(client->learn());
  return std::unique_ptr<Client>(std::move(client));
}

}  // namespace qc::client
