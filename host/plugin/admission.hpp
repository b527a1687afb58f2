// What the ledger says about plugins, and what follows when it says otherwise.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "host/chain/ledger.hpp"
#include "host/plugin/manager.hpp"

namespace qc::plugin {

/// As ManagerOptions::admission wants it. Any thread.
std::optional<Json> admission_on(const chain::Ledger& ledger, const std::string& plugin,
                                 const std::string& digest);

/// Reviews the plugins, on a thread of its own, after each batch of transactions that may have
/// taken an admission away. Ledger and manager outlive it.
class AdmissionWatch {
 public:
  AdmissionWatch(chain::Ledger& ledger, Manager& manager);
  ~AdmissionWatch();
  AdmissionWatch(const AdmissionWatch&) = delete;
  AdmissionWatch& operator=(const AdmissionWatch&) = delete;

 private:
  void run();

  Manager& manager_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool due_ = false;
  bool stopping_ = false;
  std::thread thread_;
  std::shared_ptr<void> subscription_;
};

}  // namespace qc::plugin
