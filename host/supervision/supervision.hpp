// Supervision 监管: traces and flows, never a value.
#pragma once

#include <memory>
#include <string>

#include "host/centre/centre.hpp"
#include "host/chain/ledger.hpp"

namespace qc::supervision {

/// Answers have the shapes in docs/formats.md. Any thread.
class Supervision {
 public:
  static std::unique_ptr<Supervision> create(chain::Ledger& ledger, centre::Centre& centre);
  virtual ~Supervision() = default;

  /// Every event about one subject in order, each with its transaction and receipt.
  virtual Result<Json> trace(const std::string& account) = 0;
  /// {"account","count","head_hash","events":[{"index","tx"}],"proof","head"}
  virtual Result<Json> completeness(const std::string& account) = 0;
  virtual Result<Json> flows(std::uint64_t after, std::size_t limit) = 0;
};

}  // namespace qc::supervision
