// Signed tree heads and receipts: what someone outside can check without the host.
#pragma once

#include "sdk/base/json.hpp"
#include "sdk/crypto/sm2.hpp"
#include "sdk/proof/merkle.hpp"

namespace qc::proof {

inline constexpr std::string_view kHeadTyp = "qc-head+jws";

struct TreeHead {
  std::string chain;
  std::uint64_t size = 0;
  Hash32 log_root{};
  Hash32 subject_root{};
  std::int64_t time_ms = 0;
};

std::string sign_head(const TreeHead& head, const crypto::PrivateKey& host);
/// Errors: "head.invalid", "head.bad_signature", "head.wrong_chain".
/// A co-signature (witness.hpp) is the same statement with another signer and another `typ`.
Result<TreeHead> open_head(std::string_view jws, const crypto::PublicKey& signer,
                           std::string_view chain, std::string_view typ = kHeadTyp);

struct Receipt {
  std::string tx;  ///< hex SM3 of the transaction's bytes
  std::uint64_t index = 0;
  std::uint64_t size = 0;
  std::vector<Hash32> path;
  std::string head;  ///< JWS
};
Json to_json(const Receipt& receipt);
/// Appends to_json(receipt).dump(), without making the document: a host answers thousands a second.
void append_text(const Receipt& receipt, std::string& out);
/// Error: "receipt.invalid" with the field.
Result<Receipt> receipt_from_json(const Json& json);

/// Checks id, inclusion and the head's signature; returns the head.
/// Errors: "receipt.wrong_transaction", "receipt.not_included", "head.*".
Result<TreeHead> verify_receipt(std::string_view transaction, const Receipt& receipt,
                                const crypto::PublicKey& host, std::string_view chain);

}  // namespace qc::proof
