#include "host/http/replay_cache.hpp"

#include <cstring>
#include <string>

#include "sdk/crypto/sm3.hpp"

namespace qc::http {

namespace {
constexpr std::int64_t kSlotS = 60;
}

Status ReplayCache::remember(std::string_view keyid, std::string_view nonce, std::int64_t now_s,
                             std::int64_t expires_s) {
  // Lengths are fixed by the separator: neither part may hold a NUL (both are printable).
  const Hash32 hash =
      crypto::sm3(std::string(keyid).append(1, '\0').append(nonce.data(), nonce.size()));
  Digest digest{};
  std::memcpy(digest.data(), hash.data(), sizeof digest);
  const std::lock_guard lock(mutex_);
  forget_before(now_s);
  if (seen_.contains(digest)) {
    return unauthenticated("auth.replayed", "this nonce has been used with this key");
  }
  auto& count = per_key_[std::string(keyid)];
  if (seen_.size() >= max_entries_ || count >= max_per_key_) {
    if (count == 0) per_key_.erase(std::string(keyid));
    return Error{
        ErrorKind::kRateLimited, "auth.busy", "too many signed requests; try again later", {},
        Side::kPlatform,         true};
  }
  ++count;
  seen_.insert(digest);
  Slot& slot = slots_[expires_s / kSlotS];
  slot.digests.push_back(digest);
  ++slot.keys[std::string(keyid)];
  return {};
}

std::size_t ReplayCache::size() const {
  const std::lock_guard lock(mutex_);
  return seen_.size();
}

void ReplayCache::forget_before(std::int64_t now_s) {
  while (!slots_.empty() && (slots_.begin()->first + 1) * kSlotS <= now_s) {
    const Slot& slot = slots_.begin()->second;
    for (const Digest& digest : slot.digests) seen_.erase(digest);
    for (const auto& [key, used] : slot.keys) {
      const auto found = per_key_.find(key);
      if ((found->second -= used) == 0) per_key_.erase(found);
    }
    slots_.erase(slots_.begin());
  }
}

}  // namespace qc::http
