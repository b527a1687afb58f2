// Any text as a department's statement and as the plaintext of a fresh issue; besides, any payload
// under a header that is right: refused with its code, or the same after another round.
#include <cstdlib>

#include "sdk/crypto/jose.hpp"
#include "sdk/proof/fresh_issue.hpp"

namespace {

void check_statement(std::string_view jws, const qc::crypto::PublicKey& stranger) {
  const auto said = qc::proof::peek_issue_statement(jws);
  if (!said) {
    if (said.error().code != "issued.bad_statement") std::abort();
    return;
  }
  if (jws.size() > qc::proof::kMaxIssueStatementBytes || said->version < 1) std::abort();
  if (qc::proof::open_issue_statement(jws, stranger)) std::abort();
  static const auto kDepartment = qc::crypto::PrivateKey::generate();
  const std::string again = qc::proof::sign_issue_statement(*said, kDepartment);
  const auto same = qc::proof::open_issue_statement(again, kDepartment.public_key());
  if (again.size() > qc::proof::kMaxIssueStatementBytes) return;  // escapes are longer there
  if (!same || same->access != said->access || same->as_of_s != said->as_of_s ||
      same->ciphertext_sm3 != said->ciphertext_sm3) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto kStranger = qc::crypto::PrivateKey::generate();
  static const std::string kHeader = qc::to_base64url(qc::as_bytes(
      qc::Json{{"alg", "SGD_SM3_SM2"}, {"kid", kStranger.kid()}, {"typ", "qc-issued+jws"}}.dump()));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_statement(text, kStranger.public_key());
  check_statement(kHeader + "." + qc::to_base64url(qc::ByteView(data, size)) + "." +
                      qc::to_base64url(qc::Bytes(64, 1)),
                  kStranger.public_key());
  if (const auto credential = qc::proof::read_fresh(text)) {
    const auto again = qc::proof::read_fresh(credential->text());
    if (!again || again->commitment() != credential->commitment()) std::abort();
    if (qc::proof::check_fresh_issue(*credential, {}, kStranger.public_key(), 0)) std::abort();
  } else if (credential.error().code != "issued.wrong_type") {
    std::abort();
  }
  return 0;
}
