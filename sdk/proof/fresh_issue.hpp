// What a department issues afresh for one access under a standing grant (docs/formats.md, Fresh
// issue): its statement for the ledger, and the credential on its way to the recipient.
#pragma once

#include <set>

#include "sdk/base/json.hpp"
#include "sdk/crypto/sm2.hpp"

namespace qc::proof {

inline constexpr std::size_t kMaxIssueStatementBytes = 4096;

/// The department's word that it issued. It stands on the ledger: no value, no unsalted hash of
/// one.
struct IssueStatement {
  std::string chain, access, grant, item;
  std::int64_t version = 0;
  std::string commitment;      ///< "qc-issued-1" over the credential
  std::string ciphertext_sm3;  ///< of the JWE text
  std::int64_t as_of_s = 0;    ///< of the record; seconds since the epoch
};

/// JWS typ "qc-issued+jws". Any thread.
std::string sign_issue_statement(const IssueStatement& statement,
                                 const crypto::PrivateKey& department);
/// What a text says, with no signature checked: to find out whose key to verify with.
/// Error: "issued.bad_statement". Any thread.
Result<IssueStatement> peek_issue_statement(std::string_view jws);
/// Errors: "issued.bad_statement"; with kUnauthenticated when another key signed. Any thread.
Result<IssueStatement> open_issue_statement(std::string_view jws,
                                            const crypto::PublicKey& department);

/// The terms of a credential that is issued afresh: what the issuer writes, and what the recipient,
/// who knows the signed grant and its own access, expects.
struct FreshTerms {
  std::string chain, grant, access;
  std::string subject;   ///< account
  std::string consumer;  ///< account; the `aud`
  std::string issuer;    ///< the department's account
  std::string item;
  std::int64_t version = 0;
  std::string asset;             ///< that the grant names
  std::set<std::string> fields;  ///< exactly these
};

/// A fresh credential with the salt of its commitment: what the JWE holds.
struct FreshCredential {
  std::string sd_jwt;
  Bytes salt;

  std::string text() const;  ///< the plaintext of the JWE
  std::string commitment() const;
};

/// Signs the credential: an SD-JWT VC of a type of its own (vct "qc:granted:…"), without `cnf`, so
/// that neither can it be taken for an asset or a presentation nor can anybody present it on.
/// Error: "sdjwt.invalid" (a field has the name of a claim). Any thread.
struct FreshTimes {
  std::int64_t iat_s = 0, until_s = 0, as_of_s = 0;
};
Result<FreshCredential> issue_fresh(const crypto::PrivateKey& department, const FreshTerms& terms,
                                    const FreshTimes& times, const Json& fields);

/// Error: "issued.wrong_type": not the plaintext of a fresh issue, as a presentation is not.
Result<FreshCredential> read_fresh(std::string_view plaintext);

struct FreshRecord {
  Json fields;
  std::int64_t as_of_s = 0;
};
/// Issuer's signature, type, and every term. Errors: "issued.wrong_type", "issued.wrong_chain",
/// "issued.wrong_grant", "issued.wrong_access", "issued.wrong_audience", "issued.wrong_subject",
/// "issued.wrong_item", "issued.wrong_asset", "issued.wrong_issuer", "issued.wrong_fields",
/// "sdjwt.*". Any thread.
Result<FreshRecord> check_fresh_issue(const FreshCredential& credential, const FreshTerms& expected,
                                      const crypto::PublicKey& issuer, std::int64_t now_s);

}  // namespace qc::proof
