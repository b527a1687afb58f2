// Signed transactions for measurements, on the rules' little city.
#pragma once

#include <string>
#include <vector>

#include "host/chain/ledger.hpp"
#include "tests/host/chain_rules/world.hpp"

namespace qc::bench {

/// Persons with keys of their own, and what they and the departments sign. Signing is OpenSSL's and
/// takes 0.5 ms, so everything is signed before anything is measured, on two threads.
class Workload {
 public:
  explicit Workload(std::size_t persons);

  /// Founds the city, opens the persons' accounts. In this order; must be on the ledger first.
  std::vector<std::string> setup() const;

  struct Refusals {
    std::vector<std::string> requests;        ///< the bank's, must be on the ledger first
    std::vector<chain::Submission> refusals;  ///< one by each person, of about 700 bytes
  };
  /// `request.refuse`: the smallest of the subject's own decisions, and like all of them signed
  /// with a key that the host meets rarely. `with_hints`: with what a submitter may know.
  Refusals refusals(bool with_hints) const;

  struct Grants {
    std::vector<std::string> before;        ///< assets, requests, openings: on the ledger first
    std::vector<chain::Submission> grants;  ///< one by each person, of about 2,600 bytes
  };
  /// `grant.create` over two items, as an everyday loan has: what the ledger is for. Its size is
  /// what the format makes it; every person signs with a key of her own.
  Grants grants() const;

  /// `asset.issue` by two departments, about all persons in turn, of about 800 bytes: keys that the
  /// host meets all the time.
  std::vector<std::string> assets(std::size_t count) const;

 private:
  struct Person {
    std::string name;
    crypto::PrivateKey key;
  };
  std::vector<Person> persons_;
  chain::test::World city_;
};

/// Submits all and waits; ends the program with the reason when one is refused.
void submit_all(chain::Ledger& ledger, const std::vector<std::string>& transactions);

/// Options as a host has them (fdatasync, batches of 1,000 or 2 ms), with a clock that stands at
/// the time of signing.
chain::LedgerOptions ledger_options(const std::filesystem::path& directory);

std::size_t mean_size(const std::vector<std::string>& transactions);

}  // namespace qc::bench
