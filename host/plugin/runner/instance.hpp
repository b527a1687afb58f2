// The plugin inside its runner: the library, its table, its one instance.
#pragma once

#include <cstdint>
#include <string>

#include "host/plugin/runner/extensions.hpp"
#include "host/plugin/runner/log_budget.hpp"
#include "host/plugin/runner/wire.hpp"
#include "sdk/plugin/abi.h"

namespace qc::runner {

struct LoadFault {
  plugin::wire::Refusal kind = plugin::wire::Refusal::kLoadFailed;
  std::string message;
};

/// What a call came to.
struct CallAnswer {
  std::string text;
  std::int32_t status = QC_INTERNAL;
  std::uint32_t flags = 0;  ///< wire::kTooLarge, wire::kThrew
};

class Instance {
 public:
  /// The extensions' tables live as long as the process.
  explicit Instance(const plugin::Extensions& extensions);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /// Maps the library behind wire::kLibraryFd (Boost.DLL), checks its table, creates the instance.
  /// False with `fault` when one of these fails. Once.
  bool load(LoadFault& fault);
  /// Any thread, concurrently. `answer.text` is emptied, its memory is used again.
  void call(const qc_call& call, std::size_t max_answer_bytes, CallAnswer& answer) const;
  /// Tells the host how many log lines were too many, if it is time. Any thread.
  void report_dropped_lines();
  /// No call in flight.
  void destroy() noexcept;

 private:
  static void write_log(void* context, int level, const char* text, std::size_t size);
  static const void* find_extension(void* context, const char* id);

  const plugin::Extensions extensions_;
  LogBudget log_budget_;
  qc_host host_{};
  const qc_plugin* table_ = nullptr;
  void* instance_ = nullptr;
};

}  // namespace qc::runner
