#include "host/chain/row_buffer.hpp"

#include <algorithm>

namespace qc::chain {
namespace {

constexpr std::size_t kRowBytes = 160;  // node, version, two strings' heads

bool key_before(const RowBuffer::Node* a, const RowBuffer::Node* b) { return a->key < b->key; }

}  // namespace

RowBuffer::RowBuffer() : buckets_(kBuckets) {}

RowBuffer::Node* RowBuffer::node_of(std::string_view key) {
  auto& bucket = buckets_[std::hash<std::string_view>()(key) % kBuckets];
  Node* const first = bucket.load(std::memory_order_relaxed);
  for (Node* node = first; node != nullptr; node = node->next) {
    if (node->key == key) return node;
  }
  Node& node = nodes_.emplace_back();
  node.key = key;
  node.next = first;
  // Seen without a version at first: that is as if it were not there.
  bucket.store(&node, std::memory_order_release);
  inserted_.push_back(&node);
  bytes_ += kRowBytes + key.size();
  return &node;
}

void RowBuffer::insert(std::shared_ptr<const KvBatch> batch, std::uint64_t sequence) {
  inserted_.clear();
  for (const auto& [key, value] : *batch) {
    Node* const node = node_of(key);
    const Version* const older = node->newest.load(std::memory_order_relaxed);
    const Version& version = versions_.emplace_back(Version{&value, sequence, older});
    node->newest.store(&version, std::memory_order_release);
    bytes_ += sizeof(Version) + (value ? value->size() : 0);
  }
  batches_.push_back(std::move(batch));
  const std::lock_guard lock(order_mutex_);
  unordered_.insert(unordered_.end(), inserted_.begin(), inserted_.end());
}

const RowBuffer::Value* RowBuffer::value_at(const Node& node, std::uint64_t sequence) {
  const Version* version = node.newest.load(std::memory_order_acquire);
  while (version != nullptr && version->sequence > sequence) version = version->older;
  return version == nullptr ? nullptr : version->value;
}

const RowBuffer::Value* RowBuffer::find(std::string_view key, std::uint64_t sequence) const {
  const auto& bucket = buckets_[std::hash<std::string_view>()(key) % kBuckets];
  for (const Node* node = bucket.load(std::memory_order_acquire); node != nullptr;
       node = node->next) {
    if (node->key == key) return value_at(*node, sequence);
  }
  return nullptr;
}

RowBuffer::Runs RowBuffer::runs() const {
  const std::lock_guard lock(order_mutex_);
  if (unordered_.empty()) return runs_;
  Run last = std::move(unordered_);
  unordered_.clear();
  std::sort(last.begin(), last.end(), key_before);
  // A run is merged with one of its own size or smaller: each node moves a few times in all.
  while (!runs_.empty() && runs_.back()->size() <= 2 * last.size()) {
    const Run& before = *runs_.back();
    Run merged;
    merged.reserve(before.size() + last.size());
    std::merge(before.begin(), before.end(), last.begin(), last.end(), std::back_inserter(merged),
               key_before);
    last = std::move(merged);
    runs_.pop_back();
  }
  runs_.push_back(std::make_shared<const Run>(std::move(last)));
  return runs_;
}

void RowCursor::add(const RowBuffer& buffer) {
  for (auto& run : buffer.runs()) {
    const auto at = std::lower_bound(
        run->begin(), run->end(), from_,
        [](const RowBuffer::Node* node, std::string_view key) { return node->key < key; });
    const auto offset = static_cast<std::size_t>(at - run->begin());
    nodes_ += run->size();
    parts_.push_back({std::move(run), offset});
    settle(parts_.back());
  }
  find_least();
}

/// Past what cannot be seen at this sequence, and to the end where the family ends.
void RowCursor::settle(Part& part) const {
  while (!ended(part)) {
    if (!node(part)->key.starts_with(prefix_)) {
      part.at = part.run->size();
      return;
    }
    if (RowBuffer::value_at(*node(part), sequence_) != nullptr) return;
    ++part.at;
  }
}

void RowCursor::find_least() {
  least_ = nullptr;
  for (const Part& part : parts_) {
    if (!ended(part) && (least_ == nullptr || node(part)->key < least_->key)) least_ = node(part);
  }
  value_ = least_ == nullptr ? nullptr : RowBuffer::value_at(*least_, sequence_);
}

void RowCursor::next() {
  const std::string_view key = least_->key;
  for (Part& part : parts_) {
    if (ended(part) || node(part)->key != key) continue;
    ++part.at;
    settle(part);
  }
  find_least();
}

}  // namespace qc::chain
