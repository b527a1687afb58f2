#include "host/chain/audit_pipeline.hpp"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "host/chain/hints.hpp"

namespace qc::chain {

Status AuditPipeline::run() {
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads_; ++i) others.emplace_back([this] { work(); });
  work();
  for (std::thread& other : others) other.join();
  return failure_;
}

bool AuditPipeline::can_check() const {
  return !checking_ && !stopped_ && !waiting_.empty() && waiting_.front()->prepared;
}

bool AuditPipeline::can_prepare() const {
  return !stopped_ && !to_prepare_.empty() && in_flight_ < 2 * std::size_t{threads_} + 2;
}

bool AuditPipeline::can_read() const {
  return !reading_ && !stopped_ && !read_all_ && to_prepare_.size() <= threads_;
}

bool AuditPipeline::finished() const {
  return running_ == 0 && to_verify_.empty() && (stopped_ || (read_all_ && waiting_.empty()));
}

void AuditPipeline::work() {
  crypto::BatchVerifier verifier;
  Lock lock(mutex_);
  while (!finished()) {
    // What goes in order first: all else waits for it in the end.
    if (can_check()) {
      check(lock);
    } else if (!to_verify_.empty()) {
      verify(lock, verifier);
    } else if (can_prepare()) {
      prepare(lock);
    } else if (can_read()) {
      read(lock);
    } else {
      wake_.wait(lock);
      continue;
    }
    wake_.notify_all();
  }
  wake_.notify_all();
}

Result<AuditPipeline::Group> AuditPipeline::read_group() {
  // As many records as fill the lanes of a vector; of the largest batches, in some windows.
  constexpr std::size_t kEnoughRecords = 14;
  constexpr std::size_t kMostWindows = 8;
  Group group;
  std::size_t records = 0;
  while (records < kEnoughRecords && group.windows.size() < kMostWindows) {
    QC_ASSIGN(auto window, reader_.next());
    group.last = window == nullptr;
    if (group.last) break;
    records += window->records.size();
    group.windows.push_back(std::move(window));
  }
  check_record_hashes(group.windows, listing_);
  return group;
}

void AuditPipeline::read(Lock& lock) {
  reading_ = true;
  ++running_;
  reader_.take_back(std::exchange(spare_, {}));
  lock.unlock();
  auto group = read_group();
  lock.lock();
  reading_ = false;
  --running_;
  if (!group) {
    if (failure_.ok()) failure_ = group.error();
    stopped_ = true;
    return;
  }
  read_all_ = group->last;
  for (auto& window : group->windows) {
    waiting_.push_back(std::make_unique<Slot>());
    waiting_.back()->window = std::move(window);
    to_prepare_.push_back(waiting_.back().get());
  }
}

void AuditPipeline::prepare(Lock& lock) {
  Slot& slot = *to_prepare_.front();  // stays until it is prepared
  to_prepare_.pop_front();
  ++in_flight_;
  ++running_;
  lock.unlock();
  hash_window(*slot.window, listing_);
  parse_window(*slot.window);
  prove_evidence(*slot.window, check_.evidence_keys(), keys_);
  lock.lock();
  --running_;
  slot.prepared = true;
}

void AuditPipeline::check(Lock& lock) {
  const std::unique_ptr<Slot> slot = std::move(waiting_.front());
  waiting_.pop_front();
  std::vector<Cooling> cooled = std::exchange(cooled_, {});
  checking_ = true;
  ++running_;
  lock.unlock();
  for (Cooling& one : cooled) check_.settle(std::move(one));
  const Status checked = check_.check(*slot->window);
  Cooling cooling = check_.take_cooling();
  lock.lock();
  checking_ = false;
  --running_;
  if (!checked && failure_.ok()) failure_ = checked;
  if (!checked || check_.defect()) stopped_ = true;
  to_verify_.push_back({std::move(slot->window), std::move(cooling)});
}

void AuditPipeline::verify(Lock& lock, crypto::BatchVerifier& verifier) {
  auto [window, cooling] = std::move(to_verify_.front());
  to_verify_.pop_front();
  ++running_;
  lock.unlock();
  cooling.run();
  const auto before = verifier.counters();
  auto bad = first_bad(*window, verifier);
  const std::uint64_t combined = verifier.counters().combined - before.combined;
  const std::uint64_t all = window->applied;
  std::string spare = std::move(window->bytes);
  window.reset();
  lock.lock();
  spare_.push_back(std::move(spare));
  --running_;
  --in_flight_;
  cooled_.push_back(std::move(cooling));
  batch_verified_ += combined;
  single_verified_ += all - std::min(all, combined);
  if (!bad) return;
  stopped_ = true;
  if (!bad_ || bad->defect.index < bad_->defect.index) bad_ = std::move(bad);
}

namespace {

/// Number of the first item whose hint is not what its signature says, or the number of items.
std::size_t first_wrong_hint(const std::vector<crypto::SignedItem>& items) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto hint = crypto::sm2_verify_for_hint(items[i]);
    if (hint && *hint != items[i].hint) return i;
  }
  return items.size();
}

}  // namespace

std::optional<AuditPipeline::BadSignature> AuditPipeline::first_bad(
    const AuditWindow& window, crypto::BatchVerifier& verifier) {
  std::size_t bad = window.applied;
  std::size_t bad_hint = window.applied;
  std::vector<proof::SignedParts> parts(window.applied);
  std::vector<crypto::SignedItem> items;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < window.applied; ++i) {
    const AuditedTx& audited = window.transactions[i];
    auto found = proof::signed_parts(audited.tx->bytes);
    if (!found) {
      bad = std::min(bad, i);
      continue;
    }
    parts[i] = *found;
    const char stored =
        i < window.hints.size() ? window.hints[i] : hint_char(crypto::NonceHint::kNone);
    const auto hint = hint_from_char(stored);
    if (hint_char(hint) != stored) bad_hint = std::min(bad_hint, i);
    if (hint == crypto::NonceHint::kNone) {
      // One by one; who signs often has a table, with which that is no slower than in batches.
      const auto key = keys_.get(audited.xy);
      const bool valid = key && key->verify(as_bytes(parts[i].message), parts[i].signature);
      if (!valid) bad = std::min(bad, i);
      continue;
    }
    items.push_back({.message = as_bytes(parts[i].message),
                     .signature = parts[i].signature,
                     .xy = audited.xy,
                     .hint = hint});
    places.push_back(i);
  }
  const std::uint64_t combined = verifier.counters().combined;
  const std::vector<bool> valid = verifier.verify(items);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!valid[i]) bad = std::min(bad, places[i]);
  }
  if (bad != window.applied) return describe(window, bad);
  // All hold. What was not verified in sums stood beside a wrong hint: nothing is lost by it but
  // time, and yet a byte is not what the host stored.
  if (verifier.counters().combined - combined != items.size()) {
    const std::size_t wrong = first_wrong_hint(items);
    if (wrong != items.size()) bad_hint = std::min(bad_hint, places[wrong]);
  }
  if (bad_hint == window.applied) return std::nullopt;
  BadSignature out = describe(window, bad_hint);
  out.defect.code = "audit.hint";
  out.defect.message =
      "a hint is not what its signature says: the transactions may be whole, remove "
      "the file and verify again";
  out.defect.file = hints_name(listing_.chunks[window.chunk].first_index);
  out.defect.offset =
      static_cast<std::uint64_t>(out.defect.index) - listing_.chunks[window.chunk].first_index;
  return out;
}

AuditPipeline::BadSignature AuditPipeline::describe(const AuditWindow& window,
                                                    std::size_t bad) const {
  const auto after = std::find_if(window.records.begin(), window.records.end(),
                                  [bad](const AuditedRecord& r) { return r.first_tx > bad; });
  const AuditedRecord& record = *std::prev(after);
  const std::size_t number = bad - record.first_tx;
  BadSignature out;
  out.before = record.before;
  out.defect = {"audit.signature",
                "the signature does not match the transaction and the signer's key",
                listing_.chunks[window.chunk].path.filename().string(),
                record.offset + record.record.offsets[number],
                static_cast<std::int64_t>(record.header.first_index + number),
                window.transactions[bad].tx->id_hex()};
  return out;
}

}  // namespace qc::chain
