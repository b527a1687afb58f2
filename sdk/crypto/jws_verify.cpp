// Apart from jws.cpp so that a program which signs does not link to the verifier.
#include "sdk/crypto/jose.hpp"

namespace qc::crypto {

Status jws_verify(const Jws& jws, const PublicKey& key) {
  if (key.verify(as_bytes(jws.signing_input), jws.signature)) return {};
  return unauthenticated("jws.bad_signature", "the signature is not valid for this key");
}

Result<Jws> jws_open(std::string_view compact, const PublicKey& key, std::string_view typ,
                     std::size_t max_bytes) {
  QC_ASSIGN(Jws jws, jws_parse(compact, max_bytes));
  if (jws.typ() != typ) {
    return invalid("jws.wrong_type", "expected \"" + std::string(typ) + "\"", "header.typ");
  }
  QC_TRY(jws_verify(jws, key));
  return jws;
}

}  // namespace qc::crypto
