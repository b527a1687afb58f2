// What one event says to a person: who, what, for what, with what result; names, never values.
#pragma once

#include "host/chain/state.hpp"
#include "sdk/proof/transaction.hpp"

namespace qc::supervision {

/// Facts of the transaction (identifiers, names of items and fields, codes) and one line in each
/// language ("text_zh", "text_en"). Names come from `state`; what it lacks shows as its identifier.
/// An operation that is not known gives its name alone. Any thread.
Json summarise(const proof::Transaction& tx, const chain::StateReader& state);

}  // namespace qc::supervision
