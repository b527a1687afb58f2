// A little city in which everything has happened once: what views and traces are tried on.
#pragma once

#include <string>
#include <vector>

#include "tests/host/chain/fixture.hpp"

namespace qc::centre::test {

struct Story {
  chain::test::World world;
  std::string jia_request, jia_grant, delivered, partial;
  std::string yi_request, cancelled;
  std::string erased, superseded;
  std::vector<std::string> transactions;  ///< signed, in order
};

/// Deterministic apart from signatures and nonces.
Story full_story();

}  // namespace qc::centre::test
