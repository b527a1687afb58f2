#include "host/chain/tx_verifier.hpp"

#include <utility>

#include "sdk/proof/many_hashes.hpp"

namespace qc::chain {
namespace {

Error wrong_signature() {
  return unauthenticated("tx.bad_signature",
                         "the signature does not match the transaction and the signer's key");
}

/// What can be said of a transaction before its signature is looked at.
Status check_before_signature(const Transaction& tx, const VerifyContext& context) {
  if (tx.chain != context.chain) {
    // The rules say so too, but there the signer would be unknown first.
    return invalid("tx.wrong_chain", "signed for another network", "chain");
  }
  if (tx.op != "network.found") return {};
  const auto jwk = tx.body.find("host_jwk");
  const auto host = jwk == tx.body.end() ? Result<crypto::PublicKey>(invalid("key.invalid", ""))
                                         : crypto::PublicKey::from_jwk(*jwk);
  if (!host || !(*host == context.host_key)) {
    return invalid("ledger.wrong_host_key", "not this host's key", "body.host_jwk");
  }
  return {};
}

/// Parses all, their identifiers computed together.
std::vector<Result<Transaction>> parse_all(std::vector<Submission>& submissions) {
  std::vector<std::string_view> texts;
  texts.reserve(submissions.size());
  for (const Submission& one : submissions) {
    // What is too long is refused unread: its hash does not matter.
    texts.push_back(std::string_view(one.bytes).substr(0, proof::kMaxTxBytes));
  }
  std::vector<Hash32> ids(texts.size());
  proof::text_hashes(texts, ids);
  std::vector<Result<Transaction>> out;
  out.reserve(submissions.size());
  for (std::size_t i = 0; i < submissions.size(); ++i) {
    out.push_back(proof::parse_transaction(std::move(submissions[i].bytes), ids[i]));
  }
  return out;
}

}  // namespace

struct TxVerifier::Pending {
  std::size_t place;  ///< of the transaction
  IngestKeys::Signer signer;
  proof::SignedParts parts;  ///< points into the transaction's bytes
};

std::vector<Result<Transaction>> TxVerifier::run(std::vector<Submission> submissions,
                                                 const VerifyContext& context) {
  auto out = parse_all(submissions);
  std::vector<Pending> known;   // keys at hand
  std::vector<Pending> hinted;  // others, with what the submitter says
  for (std::size_t i = 0; i < out.size(); ++i) {
    Result<Transaction>& tx = out[i];
    if (!tx) continue;
    if (const Status checked = check_before_signature(*tx, context); !checked) {
      tx = checked.error();
      continue;
    }
    auto signer = keys_.find(*tx, context.state);
    if (!signer) {
      tx = signer.error();
      continue;
    }
    auto parts = proof::signed_parts(tx->bytes);
    if (!parts) {
      tx = wrong_signature();
      continue;
    }
    tx->hint = submissions[i].hint;
    if (signer->key) {
      known.push_back({i, std::move(signer).value(), *parts});
    } else if (tx->hint != crypto::NonceHint::kNone) {
      hinted.push_back({i, std::move(signer).value(), *parts});
    } else if (const auto hint = crypto::sm2_verify_for_hint({.message = as_bytes(parts->message),
                                                              .signature = parts->signature,
                                                              .xy = signer->xy})) {
      tx->hint = *hint;
    } else {
      tx = wrong_signature();
    }
  }
  verify_known(known, out);
  verify_hinted(hinted, out);
  return out;
}

void TxVerifier::verify_known(const std::vector<Pending>& pending,
                              std::vector<Result<Transaction>>& out) {
  std::vector<crypto::KeyedSignature> items;
  items.reserve(pending.size());
  for (const Pending& one : pending) {
    items.push_back({&*one.signer.key, as_bytes(one.parts.message), one.parts.signature});
  }
  const auto hints = crypto::verify_for_hints(items);
  for (std::size_t i = 0; i < pending.size(); ++i) {
    Result<Transaction>& tx = out[pending[i].place];
    if (hints[i]) {
      tx->hint = *hints[i];
    } else {
      tx = wrong_signature();
    }
  }
}

void TxVerifier::verify_hinted(const std::vector<Pending>& pending,
                               std::vector<Result<Transaction>>& out) {
  if (pending.empty()) return;
  std::vector<crypto::SignedItem> items;
  items.reserve(pending.size());
  for (const Pending& one : pending) {
    items.push_back({.message = as_bytes(one.parts.message),
                     .signature = one.parts.signature,
                     .xy = one.signer.xy,
                     .hint = out[one.place]->hint});
  }
  const std::vector<bool> valid = batch_.verify(items);
  for (std::size_t i = 0; i < pending.size(); ++i) {
    if (!valid[i]) out[pending[i].place] = wrong_signature();
  }
}

}  // namespace qc::chain
