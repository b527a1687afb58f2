// Errors as this program shows them: exit code, one line, one problem document.
#pragma once

#include <string>

#include "sdk/base/json.hpp"
#include "sdk/base/result.hpp"

namespace qc::cli {

/// Exit codes, part of the interface that scripts rely on.
enum Exit : int {
  kOk = 0,
  kRefused = 1,      ///< refused by a rule, or failed on the other side
  kUsage = 2,        ///< the command line is wrong
  kUnreachable = 3,  ///< no host answers there
  kUnverified = 4,   ///< a signature, proof or commitment does not hold
  kLocal = 5,        ///< a file or key on this side
  kForked = 6,       ///< a host contradicts what it signed before (quancheng witness)
};

/// The exit code that an error leads to.
Exit exit_of(const Error& error);
/// RFC 9457 members of an error: type, code, detail, field, side, retryable, txn_id.
Json problem_of(const Error& error);
/// "code: message (field)".
std::string line_of(const Error& error);

}  // namespace qc::cli
