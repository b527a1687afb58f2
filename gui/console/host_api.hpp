// The console's Api over the HTTP client of sdk/client.
#pragma once

#include "gui/console/model/api.hpp"
#include "sdk/crypto/sm2.hpp"

namespace qc::console {

/// Opens the key file and connects; see Connect.
Result<std::unique_ptr<Api>> connect_to_host(const SignInRequest& request);

/// Checks `receipt` for `transaction` against `host`, and that the row's operation is the signed
/// one. For host_api.cpp and tests.
ReceiptCheck check_receipt_with(const std::string& transaction, const Json& receipt,
                                const crypto::PublicKey& host, const std::string& chain);
Head check_head_with(const std::string& jws, const crypto::PublicKey& host,
                     const std::string& chain);

}  // namespace qc::console
