// Agreement with npm sm-crypto-v2, which shares no code with OpenSSL or Crypto++: what one side
// signs, encrypts or hashes, the other verifies, decrypts or hashes alike.
#include <filesystem>
#include <fstream>

#include "sdk/crypto/sm2_der.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/crypto/sm4_gcm.hpp"
#include "tests/sdk/crypto/support.hpp"

namespace qc::crypto::test {
namespace {

namespace fs = std::filesystem;

/// C1 || C3 || C2 of GB/T 32918.4; that library leaves the leading 04 of C1 out.
Bytes to_c1c3c2(const Bytes& der_text) {
  const auto parts = der::decode_ciphertext(der_text);
  EXPECT_TRUE(parts.has_value());
  Bytes out(parts->point.begin(), parts->point.end());
  out.insert(out.end(), parts->hash.begin(), parts->hash.end());
  out.insert(out.end(), parts->data.begin(), parts->data.end());
  return out;
}

Bytes from_c1c3c2(const Bytes& raw) {
  der::Ciphertext parts;
  EXPECT_GT(raw.size(), 96U);
  std::copy_n(raw.begin(), 64, parts.point.begin());
  std::copy_n(raw.begin() + 64, 32, parts.hash.begin());
  parts.data.assign(raw.begin() + 96, raw.end());
  return der::encode_ciphertext(parts);
}

class Node : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    Json cases = {{"sm2", Json::array()}, {"sm3", Json::array()}, {"sm4", Json::array()}};
    for (std::size_t i = 0; i < 40; ++i) cases["sm2"].push_back(sm2_case(i));
    for (const std::size_t size : {0, 1, 55, 56, 63, 64, 65, 1000, 70000}) {
      cases["sm3"].push_back(
          {{"data", to_hex(random_bytes(size))}, {"key", to_hex(random_bytes(size % 100 + 1))}});
    }
    for (const std::size_t size : {1, 15, 16, 17, 1000}) cases["sm4"].push_back(sm4_case(size));
    questions() = cases;
    answers() = ask(cases);
  }

  static Json sm2_case(std::size_t i) {
    Bytes scalar = random_bytes(32);
    scalar[0] &= 0x7fU;
    const PrivateKey key = *PrivateKey::from_scalar(scalar);
    const std::string id = i % 2 == 0 ? std::string(kDefaultSm2Id) : "id-" + std::to_string(i);
    const Bytes message = random_bytes(i * 17);
    const Bytes plaintext = random_bytes(16 + i);
    const Signature64 signature = key.sign(message, id);
    const Bytes ciphertext = encrypt(key.public_key(), plaintext, i >= 36);
    return {{"scalar", to_hex(scalar)},
            {"xy", to_hex(key.public_key().xy())},
            {"id", id},
            {"message", to_hex(message)},
            {"plaintext", to_hex(plaintext)},
            {"signature", to_hex(signature)},
            {"signatureDer", to_hex(der::encode_signature(signature))},
            {"ciphertextRaw", to_hex(to_c1c3c2(ciphertext))},
            {"ciphertextDer", to_hex(ciphertext)}};
  }

  /// With `short_point`, one whose x or y begins with a zero byte: once in 128 times, and where
  /// integers of another length meet fixed fields.
  static Bytes encrypt(const PublicKey& key, const Bytes& plaintext, bool short_point) {
    while (true) {
      const Bytes out = *key.encrypt(plaintext);
      const auto parts = der::decode_ciphertext(out);
      if (!short_point || parts->point[0] == 0 || parts->point[32] == 0) return out;
    }
  }

  static Json sm4_case(std::size_t size) {
    const Bytes key = random_bytes(kSm4KeySize);
    const Bytes nonce = random_bytes(kGcmNonceSize);
    const Bytes aad = random_bytes(size % 40);
    const Bytes plaintext = random_bytes(size);
    const Sealed sealed = *sm4_gcm_seal(key, nonce, plaintext, aad);
    return {{"key", to_hex(key)},
            {"nonce", to_hex(nonce)},
            {"aad", to_hex(aad)},
            {"plaintext", to_hex(plaintext)},
            {"ciphertext", to_hex(sealed.ciphertext)},
            {"tag", to_hex(sealed.tag)}};
  }

  static Json ask(const Json& cases) {
    const TemporaryDirectory directory;
    const fs::path in = directory.path() / "in.json";
    const fs::path out = directory.path() / "out.json";
    std::ofstream(in) << cases.dump();
    const std::string command = "'" QC_NODE "' '" QC_NODE_FOLDER "/agree.cjs' < '" + in.string() +
                                "' > '" + out.string() + "'";
    EXPECT_EQ(std::system(command.c_str()), 0) << "run: npm ci in " QC_NODE_FOLDER;
    std::ifstream file(out);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    auto json = parse_json(text);
    EXPECT_TRUE(json.ok());
    return json.ok() ? *json : Json();
  }

  static Json& questions() {
    static Json value;
    return value;
  }
  static Json& answers() {
    static Json value;
    return value;
  }
  static Bytes bytes(const Json& text) { return hex(text.get<std::string>()); }
};

TEST_F(Node, Sm3AndHmac) {
  ASSERT_EQ(answers()["sm3"].size(), questions()["sm3"].size());
  for (std::size_t i = 0; i < questions()["sm3"].size(); ++i) {
    const Json& question = questions()["sm3"][i];
    const Json& answer = answers()["sm3"][i];
    const Bytes data = bytes(question["data"]);
    EXPECT_EQ(answer["digest"], to_hex(sm3(data))) << data.size();
    EXPECT_EQ(answer["hmac"], to_hex(hmac_sm3(bytes(question["key"]), data))) << data.size();
  }
}

TEST_F(Node, Sm4Gcm) {
  ASSERT_EQ(answers()["sm4"].size(), questions()["sm4"].size());
  for (std::size_t i = 0; i < questions()["sm4"].size(); ++i) {
    const Json& question = questions()["sm4"][i];
    const Json& answer = answers()["sm4"][i];
    EXPECT_EQ(answer["ciphertext"], question["ciphertext"]);
    EXPECT_EQ(answer["tag"], question["tag"]);
    EXPECT_EQ(answer["opened"], question["plaintext"]);
    const auto opened =
        sm4_gcm_open(bytes(question["key"]), bytes(question["nonce"]), bytes(answer["ciphertext"]),
                     bytes(answer["tag"]), bytes(question["aad"]));
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(to_hex(*opened), question["plaintext"]);
  }
}

TEST_F(Node, TheirSideAcceptsOurSm2) {
  ASSERT_EQ(answers()["sm2"].size(), questions()["sm2"].size());
  for (std::size_t i = 0; i < questions()["sm2"].size(); ++i) {
    const Json& question = questions()["sm2"][i];
    const Json& answer = answers()["sm2"][i];
    EXPECT_EQ(answer["publicKey"], "04" + question["xy"].get<std::string>());
    EXPECT_EQ(answer["verified"], true);
    EXPECT_EQ(answer["verifiedDer"], true);
    EXPECT_EQ(answer["verifiedOtherId"], false);
    EXPECT_EQ(answer["openedRaw"], question["plaintext"]);
    EXPECT_EQ(answer["openedDer"], question["plaintext"]);
  }
}

TEST_F(Node, WeAcceptTheirSm2) {
  ASSERT_EQ(answers()["sm2"].size(), questions()["sm2"].size());
  for (std::size_t i = 0; i < questions()["sm2"].size(); ++i) {
    const Json& question = questions()["sm2"][i];
    const Json& answer = answers()["sm2"][i];
    const PrivateKey key = *PrivateKey::from_scalar(bytes(question["scalar"]));
    const Bytes message = bytes(question["message"]);
    const std::string id = question["id"];
    EXPECT_TRUE(key.public_key().verify(message, bytes(answer["signature"]), id));
    const auto raw = der::decode_signature(bytes(answer["signatureDer"]));
    ASSERT_TRUE(raw.has_value());
    EXPECT_TRUE(key.public_key().verify(message, *raw, id));
    for (const Bytes& ciphertext :
         {bytes(answer["ciphertextDer"]), from_c1c3c2(bytes(answer["ciphertextRaw"]))}) {
      const auto opened = key.decrypt(ciphertext);
      ASSERT_TRUE(opened.ok());
      EXPECT_EQ(to_hex(*opened), question["plaintext"]);
    }
  }
}

}  // namespace
}  // namespace qc::crypto::test
