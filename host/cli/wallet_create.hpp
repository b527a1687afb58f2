// quancheng wallet create: a new key on the citizen's side, identity proved, safe box opened.
#pragma once

#include "host/cli/arguments.hpp"

namespace qc::cli {

void add_wallet_create(Command group);
void add_wallet_rotate(Command group);  ///< a new key for the same account

}  // namespace qc::cli
