// The contract of host/chain/orderer.hpp as tests. An implementation brings an OrdererGroup and
// instantiates the suite with it: INSTANTIATE_TEST_SUITE_P(Name, OrdererContract, …).
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/chain/orderer.hpp"

namespace qc::chain::test {

/// The hosts that an implementation orders for. Embedded: one; a cluster: each with its orderer.
class OrdererGroup {
 public:
  virtual ~OrdererGroup() = default;
  virtual std::size_t hosts() const = 0;
  /// Any thread, also while the leader changes.
  virtual Status propose(std::size_t host, Entry& entry) = 0;
  virtual void announce(std::size_t host, int change) = 0;
  virtual void occupy(std::size_t host, int change) = 0;
  /// The present leader goes, another one takes over (embedded: the same host starts anew). Returns
  /// when entries are taken again.
  virtual void change_leader() = 0;
  /// Every orderer handles what it accepted, then stops.
  virtual void stop() = 0;
};

struct OrdererKind {
  std::string name;
  std::size_t hosts = 1;
  /// Starts orderers that call these handlers, one for each host.
  std::function<std::unique_ptr<OrdererGroup>(std::vector<Orderer::Handler>)> start;
};
inline void PrintTo(const OrdererKind& kind, std::ostream* out) { *out << kind.name; }

class OrdererContract : public ::testing::TestWithParam<OrdererKind> {};

}  // namespace qc::chain::test
