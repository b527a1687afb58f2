// An enterprise and the people who act for it.
#pragma once

#include <map>
#include <string>

#include "tests/host/chain_rules/world.hpp"

namespace qc::chain::test {

/// A city with people "bing" and "ding" and the enterprise "acme", which jia represents and which
/// has an asset of each item; version 2 of the items and of the loan is for enterprises too.
struct EnterpriseCity {
  EnterpriseCity();
  /// Body of mandate.give; gives nothing yet.
  Json mandate(const std::string& holder, const std::string& role, const std::string& parent = "");
  /// Gives it; returns its id.
  std::string give(const std::string& signer, const Json& body);
  /// A request of the bank's that acme has opened.
  Json presented_request();
  /// Body of grant.create that answers a new such request.
  Json grant(const std::string& actor, const std::string& role, const std::string& mandate);

  World world;
  std::string acme;                           ///< its account
  std::map<std::string, std::string> assets;  ///< by item
};

}  // namespace qc::chain::test
