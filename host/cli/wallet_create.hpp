// quancheng wallet create: a new key on the citizen's side, identity proved, safe box opened.
#pragma once

#include "host/cli/arguments.hpp"

namespace qc::cli {

void add_wallet_create(Command group);

}  // namespace qc::cli
