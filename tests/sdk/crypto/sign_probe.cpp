// A program that does with secrets all that the library offers: makes keys, signs, decrypts, keeps
// keys in files. link_test.cpp runs it and looks at what it was linked from.
#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/keystore.hpp"
#include "sdk/crypto/sm2.hpp"

int main() {
  using qc::crypto::PrivateKey;
  const PrivateKey key = PrivateKey::generate();
  const qc::Bytes text = {1, 2, 3};
  const auto signature = key.sign(text);
  const auto other = key.sign(text, "another identity");
  const auto cipher = key.public_key().encrypt(text);
  if (!cipher.ok()) return 1;
  const auto plain = key.decrypt(*cipher);
  if (!plain.ok() || *plain != text || signature == other) return 2;
  const auto again =
      PrivateKey::from_encrypted_pem(key.to_encrypted_pem("passphrase"), "passphrase");
  if (!again.ok() || !(again->public_key() == key.public_key())) return 3;
  const std::string jws = qc::crypto::jws_sign(key, "payload", "typ");
  const auto jwe = qc::crypto::jwe_encrypt(key.public_key(), "payload");
  if (jws.empty() || !jwe.ok()) return 4;
  const auto opened = qc::crypto::jwe_decrypt(key, *jwe);
  return opened.ok() ? 0 : 5;
}
