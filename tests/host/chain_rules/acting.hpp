// What tests of acting for another share.
#pragma once

#include "tests/host/chain_rules/enterprise_city.hpp"

namespace qc::chain::test {

inline Json reason_for(const char* name, const Json& id) { return {{name, id}, {"reason", ""}}; }

}  // namespace qc::chain::test
