// The pseudonym that one consumer sees of one subject.
#pragma once

#include <string>
#include <string_view>

namespace qc::proof {

/// Hex HMAC-SM3 keyed with the subject's ledger pseudonym (64 hex digits, itself a keyed HMAC that
/// no consumer is shown) over "qc-pairwise-1" 00 consumer account. Two consumers cannot match
/// theirs; the ledger's rules and the subject can compute it. Any thread.
std::string pairwise_pseudonym(std::string_view ledger_pseudonym, std::string_view consumer);

}  // namespace qc::proof
