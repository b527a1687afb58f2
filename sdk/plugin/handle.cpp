#include "sdk/plugin/handle.hpp"

#include <openssl/crypto.h>

#include "sdk/crypto/jose.hpp"

namespace qc::plugin {
namespace {

constexpr std::string_view kHandleTyp = "qc-handle+jws";
constexpr std::size_t kMaxHandle = 16U << 10U;

/// One answer for every cause: what was tried is no business of the one who tries.
Error bad_handle() {
  return forbidden("issue.bad_handle", "is not one that this department sealed").at("handle");
}

Result<Handle> read_handle(const Own& own, std::string_view payload) {
  QC_ASSIGN(const Json json, parse_json(payload));
  const JsonReader reader(json, "handle");
  QC_TRY(reader.expect_only({"v", "chain", "subject", "kid", "item", "asset", "id_no"}));
  QC_TRY(reader.integer("v", 1, 1));
  QC_ASSIGN(const std::string chain, reader.text("chain", 128));
  if (chain != own.chain) return bad_handle();
  Handle handle;
  QC_ASSIGN(handle.subject, reader.text("subject", 64));
  QC_ASSIGN(handle.kid, reader.text("kid", 64));
  QC_ASSIGN(handle.item, reader.text("item", 64));
  QC_ASSIGN(handle.asset, reader.text("asset", 64));
  QC_ASSIGN(handle.id_no, reader.text("id_no", 64));
  return handle;
}

Result<Handle> open_with(const Own& own, const crypto::PrivateKey& key, std::string_view jwe) {
  auto text = crypto::jwe_decrypt(key, jwe, kMaxHandle);
  if (!text.ok()) return bad_handle();
  auto opened = crypto::jws_open(*text, key.public_key(), kHandleTyp, kMaxHandle);
  OPENSSL_cleanse(text->data(), text->size());
  if (!opened.ok()) return bad_handle();
  auto handle = read_handle(own, opened->payload);
  OPENSSL_cleanse(opened->payload.data(), opened->payload.size());
  if (!handle.ok()) return bad_handle();
  return handle;
}

}  // namespace

Result<std::string> seal_handle(const Own& own, const Handle& handle) {
  std::string payload = dump_json({{"v", 1},
                                   {"chain", own.chain},
                                   {"subject", handle.subject},
                                   {"kid", handle.kid},
                                   {"item", handle.item},
                                   {"asset", handle.asset},
                                   {"id_no", handle.id_no}});
  std::string signed_text = crypto::jws_sign(own.key, payload, kHandleTyp);
  auto sealed = crypto::jwe_encrypt(own.key.public_key(), signed_text, "application/jose");
  OPENSSL_cleanse(payload.data(), payload.size());
  OPENSSL_cleanse(signed_text.data(), signed_text.size());
  return sealed;
}

Result<Handle> open_handle(const Own& own, std::string_view jwe) {
  auto handle = open_with(own, own.key, jwe);
  if (!handle.ok() && own.former) handle = open_with(own, *own.former, jwe);
  return handle;
}

}  // namespace qc::plugin
