#include "sdk/crypto/sm2_key_cache.hpp"

#include <algorithm>
#include <list>
#include <mutex>
#include <unordered_map>

#include "sdk/crypto/sm2_key_hash.hpp"

namespace qc::crypto {
namespace {

constexpr unsigned kCallsForTable = 3;

using Xy = std::array<std::uint8_t, 64>;

struct CachedKey {
  Xy xy;
  PublicKey key;
  unsigned calls = 1;
};

/// Least recently used last.
class RecentKeys {
 public:
  explicit RecentKeys(std::size_t limit) : limit_(limit) {}

  CachedKey* find(const Xy& xy) {
    const auto it = places_.find(xy);
    if (it == places_.end()) return nullptr;
    keys_.splice(keys_.begin(), keys_, it->second);
    return &keys_.front();
  }
  void insert(CachedKey key) {
    if (find(key.xy) != nullptr) return;
    if (keys_.size() >= limit_) erase(Xy(keys_.back().xy));
    keys_.push_front(std::move(key));
    places_[keys_.front().xy] = keys_.begin();
  }
  void erase(const Xy& xy) {
    const auto it = places_.find(xy);
    if (it == places_.end()) return;
    keys_.erase(it->second);
    places_.erase(it);
  }
  std::size_t size() const { return keys_.size(); }

 private:
  std::size_t limit_;
  std::list<CachedKey> keys_;
  std::unordered_map<Xy, std::list<CachedKey>::iterator, sm2::KeyHash> places_;
};

}  // namespace

struct KeyCache::Impl {
  explicit Impl(Limits limits)
      : busy(std::max<std::size_t>(1, limits.busy)),
        others(std::max<std::size_t>(1, limits.others)) {}

  mutable std::mutex mutex;
  RecentKeys busy;
  RecentKeys others;
  Counters counters;
};

KeyCache::KeyCache() : KeyCache(Limits{}) {}
KeyCache::KeyCache(Limits limits) : impl_(std::make_unique<Impl>(limits)) {}
KeyCache::~KeyCache() = default;

Result<PublicKey> KeyCache::get(ByteView xy) {
  Xy name;
  if (xy.size() != name.size()) return PublicKey::from_xy(xy);
  std::copy(xy.begin(), xy.end(), name.begin());
  std::unique_lock lock(impl_->mutex);
  if (const CachedKey* found = impl_->busy.find(name)) {
    ++impl_->counters.busy_hits;
    return found->key;
  }
  if (CachedKey* found = impl_->others.find(name)) {
    ++impl_->counters.other_hits;
    // Exactly one caller builds the table, without the lock; until it is ready the others go on
    // with the key as it is.
    if (++found->calls != kCallsForTable) return found->key;
    const PublicKey plain = found->key;
    lock.unlock();
    PublicKey ready = plain.with_table();
    lock.lock();
    ++impl_->counters.tables;
    impl_->others.erase(name);
    impl_->busy.insert({name, ready});
    return ready;
  }
  ++impl_->counters.misses;
  lock.unlock();
  QC_ASSIGN(PublicKey key, PublicKey::from_xy(xy));
  lock.lock();
  impl_->others.insert({name, key});
  return key;
}

KeyCache::Counters KeyCache::counters() const {
  const std::lock_guard lock(impl_->mutex);
  Counters out = impl_->counters;
  out.busy = impl_->busy.size();
  out.others = impl_->others.size();
  return out;
}

}  // namespace qc::crypto
