// Supervision 监管: traces and flows, never a value.
#pragma once

#include <memory>
#include <string>

#include "host/centre/centre.hpp"
#include "host/chain/ledger.hpp"

namespace qc::supervision {

/// Answers have the shapes in docs/formats.md. Any thread; ledger and centre must outlive it.
class Supervision {
 public:
  static std::unique_ptr<Supervision> create(chain::Ledger& ledger, centre::Centre& centre);
  virtual ~Supervision() = default;

  /// Every event about one subject in order, each with its transaction and receipt; all receipts
  /// are against one head. Errors: "subject.not_found", "trace.too_large", "ledger.*".
  virtual Result<Json> trace(const std::string& account) = 0;
  /// {"account","count","head_hash","events":[{"index","tx"}],"proof","head"}: whoever links the
  /// events again and checks the proof against the head knows that none is left out.
  /// Errors: "subject.not_found", "ledger.*".
  virtual Result<Json> completeness(const std::string& account) = 0;
  /// As Centre::flows.
  virtual Result<Json> flows(std::uint64_t after, std::size_t limit) = 0;
};

}  // namespace qc::supervision
