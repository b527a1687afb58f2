#include "host/plugin/admission.hpp"

#include <algorithm>

namespace qc::plugin {
namespace {

/// Admissions are taken away by a voter alone, or by the vote that carries a proposal.
bool may_withdraw(const chain::Published& published) {
  const std::string& op = published.tx.op;
  return op == "plugin.withdraw" || op.starts_with("proposal.");
}

}  // namespace

std::optional<Json> admission_on(const chain::Ledger& ledger, const std::string& plugin,
                                 const std::string& digest) {
  std::optional<Json> found;
  ledger.read([&](const chain::StateReader& state) {
    found = state.get("plugin_digest/" + plugin + "/" + digest);
    if (!found) found = state.get("plugin/" + plugin);
    if (!found) return;
    const auto owner = state.get("member/" + text_of(*found, "owner"));
    if (owner) (*found)["code"] = text_of(*owner, "code");
  });
  return found;
}

AdmissionWatch::AdmissionWatch(chain::Ledger& ledger, Manager& manager) : manager_(manager) {
  thread_ = std::thread([this] { run(); });
  subscription_ = ledger.subscribe([this](const std::vector<chain::Published>& batch) {
    if (std::none_of(batch.begin(), batch.end(), may_withdraw)) return;
    const std::lock_guard lock(mutex_);
    due_ = true;
    changed_.notify_all();
  });
}

AdmissionWatch::~AdmissionWatch() {
  subscription_.reset();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void AdmissionWatch::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return due_ || stopping_; });
    if (stopping_) return;
    due_ = false;
    lock.unlock();
    manager_.review();
    lock.lock();
  }
}

}  // namespace qc::plugin
