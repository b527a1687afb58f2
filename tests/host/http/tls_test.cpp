// TLS in the same event loop: a certificate made on the spot, a client that checks it.
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "sdk/client/client.hpp"
#include "support.hpp"

namespace qc::test {
namespace {

using Pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Cert = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

/// A self-signed certificate for 127.0.0.1, valid for an hour.
void write_certificate(const std::string& certificate_file, const std::string& key_file) {
  const Pkey key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const Cert certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  for (const auto& [nid, value] :
       {std::pair{NID_subject_alt_name, "IP:127.0.0.1"}, {NID_basic_constraints, "CA:TRUE"}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    X509_add_ext(certificate.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  ASSERT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  const File cert_out(std::fopen(certificate_file.c_str(), "w"), &std::fclose);
  ASSERT_EQ(PEM_write_X509(cert_out.get(), certificate.get()), 1);
  const File key_out(std::fopen(key_file.c_str(), "w"), &std::fclose);
  ASSERT_EQ(PEM_write_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr),
            1);
}

class Tls : public testing::Test {
 protected:
  Tls() {
    options.tls_certificate = (directory.path() / "cert.pem").string();
    options.tls_key = (directory.path() / "key.pem").string();
    options.header_timeout_ms = 500;
    write_certificate(options.tls_certificate, options.tls_key);
    host = std::make_unique<TestHost>(options);
  }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(host->port()); }

  TempDir directory;
  http::ServerOptions options;
  std::unique_ptr<TestHost> host;
};

/// A TLS connection that a test drives itself.
class TlsConnection {
 public:
  explicit TlsConnection(int port) : raw_(port) {
    ssl_ = SSL_new(context_.get());
    SSL_set_fd(ssl_, raw_.fd());
    EXPECT_EQ(SSL_connect(ssl_), 1);
  }
  ~TlsConnection() { SSL_free(ssl_); }
  TlsConnection(const TlsConnection&) = delete;
  TlsConnection& operator=(const TlsConnection&) = delete;

  void send(std::string_view bytes) {
    EXPECT_EQ(SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())),
              static_cast<int>(bytes.size()));
  }
  /// Reads until `count` responses have begun and the last one's text holds `last`.
  std::string read_until(std::string_view last, int count) {
    std::string in;
    std::array<char, 16384> chunk{};
    const auto begun = [&] {
      int found = 0;
      for (auto at = in.find("HTTP/1.1 "); at != std::string::npos;
           at = in.find("HTTP/1.1 ", at + 1)) {
        ++found;
      }
      return found;
    };
    while (begun() < count || in.rfind(last) < in.rfind("HTTP/1.1 ")) {
      const int got = SSL_read(ssl_, chunk.data(), chunk.size());
      if (got <= 0) break;
      in.append(chunk.data(), static_cast<std::size_t>(got));
    }
    return in;
  }

 private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{SSL_CTX_new(TLS_client_method()),
                                                             SSL_CTX_free};
  RawConnection raw_;
  SSL* ssl_ = nullptr;
};

TEST_F(Tls, ClientSpeaksToItAndChecksTheCertificate) {
  client::ClientOptions wanted{
      .url = url(), .key = host->bank_key, .ca_file = options.tls_certificate};
  auto client = client::Client::connect(wanted);
  ASSERT_TRUE(client.ok()) << client.error().message;
  for (int i = 0; i < 3; ++i) {
    const auto grants = (*client)->get("/v1/grants");
    ASSERT_TRUE(grants.ok()) << grants.error().code;
    EXPECT_EQ(grants->at("caller"), "bank");
  }
  EXPECT_TRUE((*client)->get("/openapi.json").ok());  // longer than one TLS record
  wanted.ca_file.clear();
  const auto untrusting = client::Client::connect(wanted);
  ASSERT_FALSE(untrusting.ok());
  EXPECT_EQ(untrusting.error().code, "client.unreachable");
}

TEST_F(Tls, PipelinedRequestsInOneRecord) {
  TlsConnection connection(host->port());
  const std::string one = "GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n";
  connection.send(one + one + "GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answers = connection.read_until("http.not_found", 3);
  EXPECT_NE(answers.find("http.not_found"), std::string::npos);
  EXPECT_NE(answers.find("Strict-Transport-Security"), std::string::npos);
}

TEST_F(Tls, LongBodiesArriveInPieces) {
  TlsConnection connection(host->port());
  connection.send(
      "POST /v1/transactions HTTP/1.1\r\nHost: x\r\nContent-Type: application/jose\r\n"
      "Content-Length: 100000\r\n\r\n");
  for (int i = 0; i < 10; ++i) connection.send(std::string(10000, 'x'));
  EXPECT_NE(connection.read_until("tx.too_large", 1).find("tx.too_large"), std::string::npos);
}

TEST_F(Tls, PlainTalkAndSilentHandshakesAreClosed) {
  RawConnection plain(host->port());
  plain.send("GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(plain.read_reply().status, 0);
  std::vector<std::unique_ptr<RawConnection>> silent;
  for (int i = 0; i < 50; ++i) silent.push_back(std::make_unique<RawConnection>(host->port()));
  silent.front()->send("\x16\x03\x01");
  auto client = client::Client::connect({.url = url(), .ca_file = options.tls_certificate});
  EXPECT_TRUE(client.ok());
  for (auto& connection : silent) EXPECT_TRUE(connection->closes());
}

TEST_F(Tls, ListensBeyondTheMachine) {
  host->server.reset();
  options.listen = "0.0.0.0";
  auto started = http::Server::start(options, host->services(), host->host_key);
  EXPECT_TRUE(started.ok());
}

}  // namespace
}  // namespace qc::test
