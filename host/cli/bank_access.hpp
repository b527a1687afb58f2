// quancheng bank fetch, bank decide: open an access, decrypt what comes, check it against the
// ledger.
#pragma once

#include "host/cli/arguments.hpp"

namespace qc::cli {

void add_bank_access(Command group);

/// SM3(domain 00 || salt || text), hexadecimal; `salt` in base64url. Error: "base64url.invalid".
Result<std::string> commitment_of(std::string_view domain, const std::string& salt,
                                  const std::string& text);

}  // namespace qc::cli
