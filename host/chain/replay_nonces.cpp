#include "host/chain/replay_nonces.hpp"

#include <algorithm>
#include <numeric>

namespace qc::chain {
namespace {

constexpr std::size_t kPeriodChars = 10;
constexpr std::size_t kKidChars = 43;
constexpr std::size_t kNonceChars = 22;
constexpr std::size_t kKidAt = ReplayNonces::kFamily.size() + kPeriodChars + 1;
constexpr std::size_t kNonceAt = kKidAt + kKidChars + 1;
constexpr std::size_t kFirstPlaces = 64;
constexpr std::size_t kKidBytes = 160;  ///< of the table of kids, each

constexpr std::uint64_t kNumberBits = 32;
constexpr std::uint64_t kNumberMask = (std::uint64_t{1} << kNumberBits) - 1;

std::uint64_t hash_of_nonce(std::uint32_t kid, std::string_view nonce) {
  return std::hash<std::string_view>()(nonce) + kid * 0x9E3779B97F4A7C15U;
}

}  // namespace

std::optional<ReplayNonces::Name> ReplayNonces::take_apart(std::string_view key) {
  if (key.size() != kNonceAt + kNonceChars || !key.starts_with(kFamily)) return std::nullopt;
  if (key[kKidAt - 1] != '/' || key[kNonceAt - 1] != '/') return std::nullopt;
  const Name name{key.substr(kFamily.size(), kPeriodChars), key.substr(kKidAt, kKidChars),
                  key.substr(kNonceAt)};
  for (const std::string_view part : {name.period, name.kid, name.nonce}) {
    if (part.find('/') != std::string_view::npos) return std::nullopt;
  }
  return name;
}

bool ReplayNonces::takes(std::string_view key, const Json& value) {
  if (!value.is_number_integer() || value < 0 || value > kNumberMask) return false;
  return take_apart(key).has_value();
}

std::optional<std::uint32_t> ReplayNonces::known_kid(std::string_view kid) const {
  if (last_kid_.first == kid) return last_kid_.second;
  const auto found = kid_numbers_.find(std::string(kid));
  if (found == kid_numbers_.end()) return std::nullopt;
  last_kid_ = *found;
  return found->second;
}

std::uint32_t ReplayNonces::number_of_kid(std::string_view kid) {
  if (const auto known = known_kid(kid)) return *known;
  const auto number = static_cast<std::uint32_t>(kids_.size());
  const auto added = kid_numbers_.emplace(kid, number).first;
  kids_.push_back(&added->first);
  last_kid_ = *added;
  return number;
}

std::size_t ReplayNonces::place_of(const Period& period, std::uint32_t kid,
                                   std::string_view nonce) {
  const std::uint64_t hash = hash_of_nonce(kid, nonce);
  const std::size_t mask = period.places.size() - 1;
  std::size_t at = hash & mask;
  for (; period.places[at] != 0; at = (at + 1) & mask) {
    const std::uint64_t place = period.places[at];
    if ((place ^ hash) >> kNumberBits != 0) continue;
    const Entry& entry = period.entries[(place & kNumberMask) - 1];
    if (entry.kid == kid && std::equal(nonce.begin(), nonce.end(), entry.nonce.begin())) break;
  }
  return at;
}

const ReplayNonces::Entry* ReplayNonces::entry_of(std::string_view key) const {
  const auto name = take_apart(key);
  if (!name) return nullptr;
  const auto period = periods_.find(name->period);
  if (period == periods_.end()) return nullptr;
  const auto kid = known_kid(name->kid);
  if (!kid) return nullptr;
  const std::uint64_t place =
      period->second.places[place_of(period->second, *kid, name->nonce)] & kNumberMask;
  return place == 0 ? nullptr : &period->second.entries[place - 1];
}

std::optional<std::int64_t> ReplayNonces::find(std::string_view key) const {
  const Entry* const entry = entry_of(key);
  if (entry == nullptr || !entry->there) return std::nullopt;
  return entry->second;
}

void ReplayNonces::grow(Period& period) {
  const std::size_t size = std::max(kFirstPlaces, 2 * period.places.size());
  period.places.assign(size, 0);
  for (std::size_t i = 0; i < period.entries.size(); ++i) {
    const Entry& entry = period.entries[i];
    const std::string_view nonce(entry.nonce.data(), entry.nonce.size());
    const std::uint64_t hash = hash_of_nonce(entry.kid, nonce);
    period.places[place_of(period, entry.kid, nonce)] = (hash & ~kNumberMask) | (i + 1);
  }
}

void ReplayNonces::put(std::string_view key, const Json& value) {
  const auto name = take_apart(key);
  auto period = periods_.find(name->period);
  if (period == periods_.end()) period = periods_.try_emplace(std::string(name->period)).first;
  Period& here = period->second;
  if (4 * (here.entries.size() + 1) > 3 * here.places.size()) grow(here);
  const std::uint32_t kid = number_of_kid(name->kid);
  std::uint64_t& place = here.places[place_of(here, kid, name->nonce)];
  if (place == 0) {
    const std::uint64_t hash = hash_of_nonce(kid, name->nonce);
    here.entries.push_back({{}, false, kid, 0});
    std::copy(name->nonce.begin(), name->nonce.end(), here.entries.back().nonce.begin());
    place = (hash & ~kNumberMask) | here.entries.size();
  }
  Entry& entry = here.entries[(place & kNumberMask) - 1];
  entry.second = value.get<std::uint32_t>();
  if (!std::exchange(entry.there, true)) ++here.there;
}

void ReplayNonces::erase(std::string_view key) {
  const Entry* const entry = entry_of(key);
  if (entry == nullptr || !entry->there) return;
  const auto period = periods_.find(take_apart(key)->period);
  Period& here = period->second;
  here.entries[static_cast<std::size_t>(entry - here.entries.data())].there = false;
  if (--here.there == 0) periods_.erase(period);
}

void ReplayNonces::put_in_order(const Period& period) const {
  if (period.order.size() == period.entries.size()) return;
  std::vector<std::uint32_t> by_name(kids_.size());
  std::iota(by_name.begin(), by_name.end(), 0U);
  std::sort(by_name.begin(), by_name.end(),
            [&](std::uint32_t a, std::uint32_t b) { return *kids_[a] < *kids_[b]; });
  std::vector<std::uint32_t> rank(kids_.size());
  for (std::uint32_t i = 0; i < by_name.size(); ++i) rank[by_name[i]] = i;
  // Millions: what is compared lies together.
  struct Key {
    std::uint32_t rank;
    std::uint32_t number;
    std::uint64_t nonce;  ///< its first eight characters, as their order is
  };
  std::vector<Key> keys(period.entries.size());
  for (std::uint32_t i = 0; i < keys.size(); ++i) {
    const Entry& entry = period.entries[i];
    std::uint64_t first = 0;
    for (std::size_t k = 0; k < 8; ++k) {
      first = (first << 8U) | static_cast<std::uint8_t>(entry.nonce[k]);
    }
    keys[i] = {rank[entry.kid], i, first};
  }
  const auto nonce_of = [&](const Key& key) {
    const Entry& entry = period.entries[key.number];
    return std::string_view(entry.nonce.data(), entry.nonce.size());
  };
  std::sort(keys.begin(), keys.end(), [&](const Key& a, const Key& b) {
    if (a.rank != b.rank) return a.rank < b.rank;
    if (a.nonce != b.nonce) return a.nonce < b.nonce;
    return nonce_of(a) < nonce_of(b);
  });
  period.order.resize(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) period.order[i] = keys[i].number;
}

std::string ReplayNonces::name_of(const std::string& period, const Entry& entry) const {
  std::string out(kFamily);
  out.append(period).append("/").append(*kids_[entry.kid]).append("/");
  return out.append(entry.nonce.data(), entry.nonce.size());
}

bool ReplayNonces::scan(std::string_view prefix, std::string_view start, const Visit& visit) const {
  const std::string from(std::max(prefix, start));
  for (const auto& row : periods_) {
    const std::string& name = row.first;
    const Period& period = row.second;
    // What is asked for first is where the last scan ended: all before it may be large.
    const std::string all = std::string(kFamily) + name + "/";
    if (from.compare(0, all.size(), all) > 0) continue;
    put_in_order(period);
    auto at = std::lower_bound(period.order.begin(), period.order.end(), from,
                               [&](std::uint32_t number, const std::string& key) {
                                 return name_of(name, period.entries[number]) < key;
                               });
    for (; at != period.order.end(); ++at) {
      const Entry& entry = period.entries[*at];
      if (!entry.there) continue;
      const std::string key = name_of(name, entry);
      if (!key.starts_with(prefix)) return true;  // and so are all that follow
      if (!visit(key, Json(std::int64_t{entry.second}))) return false;
    }
  }
  return true;
}

std::size_t ReplayNonces::bytes() const {
  std::size_t sum = kids_.size() * kKidBytes;
  for (const auto& [name, period] : periods_) {
    sum += period.entries.capacity() * sizeof(Entry) +
           period.places.size() * sizeof(std::uint64_t) +
           period.order.size() * sizeof(std::uint32_t);
  }
  return sum;
}

void ReplayNonces::clear() {
  periods_.clear();
  kids_.clear();
  kid_numbers_.clear();
  last_kid_ = {};
}

}  // namespace qc::chain
