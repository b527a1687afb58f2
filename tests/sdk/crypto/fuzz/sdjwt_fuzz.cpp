// Any text as an SD-JWT; besides, any payload and disclosures under a valid issuer signature.
#include <cstdlib>

#include "sdk/crypto/sdjwt.hpp"

namespace {

constexpr std::int64_t kNow = 1'760'000'000;

void check(std::string_view text, const qc::crypto::PrivateKey& issuer) {
  const auto view = qc::crypto::sdjwt_verify(text, issuer.public_key(), kNow);
  (void)qc::crypto::sdjwt_verify_presentation(text, issuer.public_key(), "a", "n", kNow);
  (void)qc::crypto::sdjwt_present(text, {"name"}, issuer, "a", "n", kNow);
  if (!view.ok()) return;
  for (const auto& [name, value] : view->fields.items()) {
    if (view->claims.contains(name) || name == "_sd" || name == "...") std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto issuer = qc::crypto::PrivateKey::generate();
  const std::string_view text = qc::as_text({data, size});
  if (qc::crypto::sdjwt_verify(text, issuer.public_key(), kNow).ok()) std::abort();
  (void)qc::crypto::sdjwt_peek_claims(text);
  const std::size_t end = text.find('~');
  if (end == std::string_view::npos) return 0;
  check(qc::crypto::jws_sign(issuer, text.substr(0, end), "dc+sd-jwt") +
            std::string(text.substr(end)),
        issuer);
  return 0;
}
