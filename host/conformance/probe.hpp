// Internal: a library mapped into a checking process, the host that it meets there, and one call.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/plugin/outbound.hpp"
#include "sdk/base/result.hpp"
#include "sdk/plugin/abi.h"

namespace qc::conformance {

/// The host's side of the border. It grants no extension that it is not told to. What it keeps is
/// bounded and reserved beforehand: it works when memory has run out, which is tried.
class TestHost {
 public:
  explicit TestHost(std::uint32_t major = QC_ABI_MAJOR, std::uint32_t minor = QC_ABI_MINOR);
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  const qc_host* table() const { return &table_.host; }
  /// From now on it is a host that lets it serve a product's routes.
  void grant_routes() { routes_ = true; }
  /// From now on it is a host that lets it reach these addresses; none = still nobody.
  void let_reach(std::vector<std::string> addresses);
  /// As a host of a later minor version has it: longer than this plugin knows.
  void grow() { table_.host.struct_size += sizeof table_.beyond; }
  const std::string& log() const { return log_; }
  /// The ids of extensions that were asked for.
  const std::vector<std::string>& asked() const { return asked_; }

 private:
  struct Table {
    qc_host host;
    std::array<std::uint8_t, 64> beyond;  ///< what a later version would have there
  };
  Table table_{};
  bool routes_ = false;
  std::unique_ptr<const plugin::Outbound> outbound_;
  qc_outbound outbound_table_{};
  std::string log_;
  std::vector<std::string> asked_;
};

struct Answer {
  int status = QC_INTERNAL;
  std::string text;
  bool threw = false;  ///< an exception left the library
  std::int64_t elapsed_ms = 0;

  bool operator==(const Answer& other) const {
    return status == other.status && text == other.text && threw == other.threw;
  }
};

struct Message {
  std::string method;
  std::string text;
  std::int64_t deadline_ms = 0;  ///< milliseconds since the epoch; 0 = none
  bool full = false;             ///< the host takes nothing of the answer
};

/// The library stays mapped until the process ends.
class Probe {
 public:
  /// Maps the bytes and takes the table as it is. Errors: "package.load_failed".
  static Result<Probe> load(std::string_view bytes);

  const qc_plugin& table() const { return *table_; }

  /// NULL also when an exception left it, which `threw` tells.
  void* create(const TestHost& host, bool* threw = nullptr) const;
  void destroy(void* instance) const;
  /// `text` of the answer is at most what fits: 1 MiB.
  Answer call(void* instance, const Message& message) const;

 private:
  explicit Probe(const qc_plugin* table) : table_(table) {}
  const qc_plugin* table_;
};

/// An instance for as long as this lives.
class Instance {
 public:
  Instance(const Probe& probe, const TestHost& host)
      : probe_(probe), instance_(probe.create(host)) {}
  ~Instance() {
    if (instance_ != nullptr) probe_.destroy(instance_);
  }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  bool made() const { return instance_ != nullptr; }
  Answer call(const Message& message) const { return probe_.call(instance_, message); }

 private:
  const Probe& probe_;
  void* instance_;
};

std::int64_t steady_ms();
std::int64_t epoch_ms();

}  // namespace qc::conformance
