// Secrets never pass through the verifier's arithmetic: a program that makes keys, signs, decrypts
// and keeps keys is linked without it.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace {

/// Demangled names of all functions in a program.
std::string symbols_of(const std::string& program) {
  const std::string command = std::string(QC_NM) + " -C --defined-only '" + program + "'";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string out;
  if (pipe == nullptr) return out;
  std::array<char, 4096> part{};
  while (const std::size_t size = std::fread(part.data(), 1, part.size(), pipe.get())) {
    out.append(part.data(), size);
  }
  return out;
}

bool mentions(const std::string& text, const std::string& name) {
  return text.find(name) != std::string::npos;
}

TEST(Link, SigningAndDecryptionAreLinkedWithoutTheVerifier) {
  ASSERT_EQ(std::system("'" QC_SIGN_PROBE "'"), 0);  // it does sign and decrypt
  const std::string probe = symbols_of(QC_SIGN_PROBE);
  ASSERT_TRUE(mentions(probe, "qc::crypto::PrivateKey::sign"));
  ASSERT_TRUE(mentions(probe, "qc::crypto::PrivateKey::decrypt"));
  const std::string verifying = symbols_of(QC_CRYPTO_TEST);
  for (const char* name :
       {"qc::crypto::PublicKey::verify", "qc::crypto::PublicKey::from_xy",
        "qc::crypto::BatchVerifier::verify", "qc::crypto::KeyCache::get",
        "qc::crypto::sm2::Verifier::verify", "qc::crypto::sm2::Verifier::Verifier",
        "qc::crypto::sm2::read_point", "qc::crypto::sm2::Curve<", "qc::crypto::sm2::Combs<",
        "qc::crypto::sm2::MultiSum<", "qc::crypto::sm3_public", "qc::crypto::sm3_absorb"}) {
    EXPECT_FALSE(mentions(probe, name)) << name;
    EXPECT_TRUE(mentions(verifying, name)) << name << ": the name has changed";
  }
}

}  // namespace
