// The runner's end of the outbound socket: the extension "quancheng.outbound/1".
#pragma once

#include "sdk/plugin/abi.h"

namespace qc::runner {

/// The table that a plugin is given; `socket` is open for the life of the process. Once.
const qc_outbound* outbound_extension(int socket);

}  // namespace qc::runner
