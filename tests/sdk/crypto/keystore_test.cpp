#include "sdk/crypto/keystore.hpp"

#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include <cryptopp/modes.h>
#include <cryptopp/pwdbased.h>
#include <cryptopp/sm3.h>
#include <cryptopp/sm4.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "tests/sdk/crypto/support.hpp"

namespace qc::crypto::test {
namespace {

namespace fs = std::filesystem;

void write_file(const fs::path& path, std::string_view text, mode_t mode = 0600) {
  std::ofstream(path, std::ios::binary) << text;
  ASSERT_EQ(::chmod(path.c_str(), mode), 0);
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Writes an encrypted PKCS#8 of any key with OpenSSL's own PBES2, or ours when `cipher` is null.
std::string foreign_pem(const char* type, const char* group) {
  EVP_PKEY* pkey = group != nullptr ? EVP_PKEY_Q_keygen(nullptr, nullptr, type, group)
                                    : EVP_PKEY_Q_keygen(nullptr, nullptr, type);
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(bio, pkey, EVP_aes_128_cbc(), "pw", 2, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  std::string out(text, static_cast<std::size_t>(size));
  BIO_free(bio);
  EVP_PKEY_free(pkey);
  return out;
}

TEST(EncryptedPem, RoundTrip) {
  const PrivateKey key = PrivateKey::generate();
  const std::string pem = key.to_encrypted_pem("correct horse 电池");
  EXPECT_TRUE(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
  EXPECT_EQ(pem.find("BEGIN PRIVATE KEY"), std::string::npos);
  const auto again = PrivateKey::from_encrypted_pem(pem, "correct horse 电池");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->kid(), key.kid());
  EXPECT_TRUE(key.public_key().verify(as_bytes("m"), again->sign(as_bytes("m"))));
  EXPECT_NE(pem, key.to_encrypted_pem("correct horse 电池")) << "salt and IV are fresh";
}

TEST(EncryptedPem, WrongPassphraseIsToldApart) {
  const std::string pem = example_key().to_encrypted_pem("right");
  for (const char* wrong : {"", "Right", "right ", "wrong"}) {
    EXPECT_EQ(code_of(PrivateKey::from_encrypted_pem(pem, wrong)), "key.wrong_passphrase");
  }
}

TEST(EncryptedPem, OtherThingsAreInvalid) {
  for (const std::string& text :
       {std::string(), std::string("no pem"), std::string(100000, 'x'),
        std::string("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
                    "-----END ENCRYPTED PRIVATE KEY-----\n"),
        std::string("-----BEGIN ENCRYPTED PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
                    "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n"
                    "-----END ENCRYPTED PRIVATE KEY-----\n"),
        foreign_pem("EC", "P-256"), foreign_pem("SM2", nullptr)}) {
    EXPECT_EQ(code_of(PrivateKey::from_encrypted_pem(text, "pw")), "key.invalid");
  }
  EVP_PKEY* pkey = EVP_PKEY_Q_keygen(nullptr, nullptr, "SM2");
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, pkey, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  const std::string clear(text, static_cast<std::size_t>(size));
  BIO_free(bio);
  EVP_PKEY_free(pkey);
  EXPECT_EQ(code_of(PrivateKey::from_encrypted_pem(clear, "pw")), "key.invalid")
      << "a key in the clear is not accepted";
}

TEST(EncryptedPem, DamageNeverGivesAnotherKey) {
  const PrivateKey key = example_key();
  const std::string pem = key.to_encrypted_pem("pw");
  const std::size_t start = pem.find('\n') + 1;
  int refused = 0;
  for (std::size_t at = start; at < pem.size(); at += 7) {
    std::string bad = pem;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    // Some characters carry nothing that matters (the parameter of the PRF, say).
    const auto result = PrivateKey::from_encrypted_pem(bad, "pw");
    if (result.ok()) {
      EXPECT_EQ(result->kid(), key.kid()) << at;
    } else {
      ++refused;
    }
  }
  EXPECT_GT(refused, 40);
}

/// Reads the file with other means: OpenSSL's ASN.1, Crypto++'s PBKDF2-HMAC-SM3 and SM4-CBC.
TEST(EncryptedPem, IsWhatTheStandardsSay) {
  const PrivateKey key = example_key();
  const std::string pem = key.to_encrypted_pem("pw");
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509_SIG* envelope = PEM_read_bio_PKCS8(bio, nullptr, nullptr, nullptr);
  ASSERT_NE(envelope, nullptr);
  const X509_ALGOR* algorithm = nullptr;
  const ASN1_OCTET_STRING* content = nullptr;
  X509_SIG_get0(envelope, &algorithm, &content);
  ASSERT_EQ(OBJ_obj2nid(algorithm->algorithm), NID_pbes2);
  auto* pbe = static_cast<PBE2PARAM*>(
      ASN1_item_unpack(algorithm->parameter->value.sequence, ASN1_ITEM_rptr(PBE2PARAM)));
  ASSERT_NE(pbe, nullptr);
  ASSERT_EQ(OBJ_obj2nid(pbe->encryption->algorithm), NID_sm4_cbc);
  auto* kdf = static_cast<PBKDF2PARAM*>(
      ASN1_item_unpack(pbe->keyfunc->parameter->value.sequence, ASN1_ITEM_rptr(PBKDF2PARAM)));
  ASSERT_NE(kdf, nullptr);
  char oid[64] = {};
  OBJ_obj2txt(oid, sizeof oid, kdf->prf->algorithm, 1);
  EXPECT_STREQ(oid, "1.2.156.10197.1.401.2");
  std::int64_t iterations = 0;
  ASN1_INTEGER_get_int64(&iterations, kdf->iter);
  EXPECT_GE(iterations, 100'000);
  const ASN1_OCTET_STRING* salt = kdf->salt->value.octet_string;
  EXPECT_GE(salt->length, 16);

  Bytes derived(16);
  CryptoPP::PKCS5_PBKDF2_HMAC<CryptoPP::SM3>().DeriveKey(
      derived.data(), derived.size(), 0, reinterpret_cast<const std::uint8_t*>("pw"), 2, salt->data,
      static_cast<std::size_t>(salt->length), static_cast<unsigned>(iterations));
  const ASN1_OCTET_STRING* iv = pbe->encryption->parameter->value.octet_string;
  Bytes plain(static_cast<std::size_t>(content->length));
  CryptoPP::CBC_Mode<CryptoPP::SM4>::Decryption(derived.data(), derived.size(), iv->data)
      .ProcessData(plain.data(), content->data, plain.size());
  plain.resize(plain.size() - plain.back());
  const std::uint8_t* cursor = plain.data();
  EVP_PKEY* pkey = d2i_AutoPrivateKey(nullptr, &cursor, static_cast<long>(plain.size()));
  ASSERT_NE(pkey, nullptr) << "the content is not the PrivateKeyInfo that OpenSSL reads";
  EXPECT_EQ(EVP_PKEY_is_a(pkey, "SM2"), 1);
  std::uint8_t point[65];
  std::size_t size = 0;
  EVP_PKEY_get_octet_string_param(pkey, "pub", point, sizeof point, &size);
  EXPECT_EQ(to_hex(ByteView(point, size).subspan(1)), to_hex(key.public_key().xy()));
  EVP_PKEY_free(pkey);
  PBKDF2PARAM_free(kdf);
  PBE2PARAM_free(pbe);
  X509_SIG_free(envelope);
  BIO_free(bio);
}

TEST(Keystore, SavesAndLoads) {
  const TemporaryDirectory directory;
  const fs::path path = directory.path() / "operator.pem";
  const PrivateKey key = PrivateKey::generate();
  ASSERT_TRUE(save_key(path, key, "pw").ok());
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0600U);
  const auto loaded = load_key(path, "pw");
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->kid(), key.kid());
  EXPECT_EQ(code_of(load_key(path, "px")), "key.wrong_passphrase");

  const PrivateKey next = PrivateKey::generate();
  ASSERT_TRUE(save_key(path, next, "pw2").ok());
  EXPECT_EQ(load_key(path, "pw2")->kid(), next.kid());
  EXPECT_EQ(std::distance(fs::directory_iterator(directory.path()), {}), 1)
      << "no temporary file stays";
}

TEST(Keystore, UmaskDoesNotWidenTheMode) {
  const TemporaryDirectory directory;
  const mode_t before = ::umask(0);
  const Status saved = save_key(directory.path() / "k.pem", example_key(), "pw");
  ::umask(before);
  ASSERT_TRUE(saved.ok());
  struct stat info {};
  ASSERT_EQ(::stat((directory.path() / "k.pem").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(Keystore, FilesOpenToOthersAreRefused) {
  const TemporaryDirectory directory;
  const fs::path path = directory.path() / "k.pem";
  ASSERT_TRUE(save_key(path, example_key(), "pw").ok());
  for (const mode_t mode : {0640, 0604, 0620, 0602, 0610, 0601, 0666}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_EQ(code_of(load_key(path, "pw")), "keystore.permissions") << std::oct << mode;
  }
  ASSERT_EQ(::chmod(path.c_str(), 0400), 0);
  EXPECT_TRUE(load_key(path, "pw").ok());
}

TEST(Keystore, WhatCannotBeWrittenLeavesNothing) {
  const TemporaryDirectory directory;
  EXPECT_EQ(code_of(save_key(directory.path() / "no" / "k.pem", example_key(), "pw")),
            "keystore.io");
  fs::create_directory(directory.path() / "folder");
  write_file(directory.path() / "folder" / "full", "x");
  EXPECT_EQ(code_of(save_key(directory.path() / "folder", example_key(), "pw")), "keystore.io")
      << "a directory stands in the way";
  EXPECT_EQ(std::distance(fs::directory_iterator(directory.path()), {}), 1);
  EXPECT_EQ(code_of(save_key(directory.path() / "k.pem", example_key(), "")),
            "keystore.empty_passphrase");
  EXPECT_FALSE(fs::exists(directory.path() / "k.pem"));
}

TEST(Keystore, WhatCannotBeReadSaysWhy) {
  const TemporaryDirectory directory;
  const auto missing = load_key(directory.path() / "missing.pem", "pw");
  EXPECT_EQ(code_of(missing), "keystore.io");
  EXPECT_NE(missing.error().message.find("missing.pem"), std::string::npos);
  EXPECT_EQ(code_of(load_key(directory.path(), "pw")), "keystore.io");
  const fs::path fifo = directory.path() / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(code_of(load_key(fifo, "pw")), "keystore.io") << "and does not wait for a writer";
  write_file(directory.path() / "big", std::string(100000, 'x'));
  EXPECT_EQ(code_of(load_key(directory.path() / "big", "pw")), "keystore.io");
  write_file(directory.path() / "text", "not a key");
  EXPECT_EQ(code_of(load_key(directory.path() / "text", "pw")), "key.invalid");
  write_file(directory.path() / "empty", "");
  EXPECT_EQ(code_of(load_key(directory.path() / "empty", "pw")), "key.invalid");
}

TEST(Keystore, KeepsTheOldFileWhenWritingFails) {
  const TemporaryDirectory directory;
  const fs::path path = directory.path() / "k.pem";
  ASSERT_TRUE(save_key(path, example_key(), "pw").ok());
  const std::string before = read_file(path);
  if (::geteuid() != 0) {  // root writes anywhere
    ASSERT_EQ(::chmod(directory.path().c_str(), 0500), 0);
    EXPECT_EQ(code_of(save_key(path, PrivateKey::generate(), "pw")), "keystore.io");
    ASSERT_EQ(::chmod(directory.path().c_str(), 0700), 0);
  }
  EXPECT_EQ(read_file(path), before);
}

TEST(PassphraseFile, FirstLine) {
  const TemporaryDirectory directory;
  const fs::path path = directory.path() / "passphrase";
  for (const char* text :
       {"secret words", "secret words\n", "secret words\r\n", "secret words\nsecond line\n"}) {
    write_file(path, text);
    const auto read = read_passphrase_file(path);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, "secret words");
  }
  write_file(path, "\nsecond");
  EXPECT_EQ(code_of(read_passphrase_file(path)), "keystore.empty_passphrase");
  write_file(path, "secret", 0644);
  const auto open = read_passphrase_file(path);
  EXPECT_EQ(code_of(open), "keystore.permissions");
  EXPECT_EQ(open.error().message.find("secret"), std::string::npos);
  EXPECT_EQ(code_of(read_passphrase_file(directory.path() / "none")), "keystore.io");
}

}  // namespace
}  // namespace qc::crypto::test
