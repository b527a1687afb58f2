// Rows in memory, in all their versions, until a table on disk has them.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/chain/kv_store.hpp"

namespace qc::chain {

/// A hash table with one writer and readers that never wait for it: a row costs a tenth of what it
/// costs in an ordered one, and most rows are asked for by name, not in order. The order is made
/// when somebody asks for it. Rows are not copied: the batches are kept. Thread contract: insert()
/// on one thread at a time; the rest on any thread, beside it.
class RowBuffer {
 public:
  /// Null: erased.
  using Value = std::optional<std::string>;

  RowBuffer();
  RowBuffer(const RowBuffer&) = delete;
  RowBuffer& operator=(const RowBuffer&) = delete;

  /// `sequence`: greater than that of every batch before. Visible to who reads at it or above.
  void insert(std::shared_ptr<const KvBatch> batch, std::uint64_t sequence);

  /// As of `sequence`; null: this buffer says nothing about the key. Stays while the buffer does.
  const Value* find(std::string_view key, std::uint64_t sequence) const;

  /// About what it takes, bytes. On the writer's thread.
  std::size_t bytes() const { return bytes_; }

  struct Version {
    const Value* value;
    std::uint64_t sequence;
    const Version* older;
  };
  struct Node {
    std::string_view key;
    std::atomic<const Version*> newest{nullptr};
    Node* next = nullptr;  ///< in its bucket; does not change once the node can be seen
  };
  static const Value* value_at(const Node& node, std::uint64_t sequence);

  using Run = std::vector<const Node*>;
  using Runs = std::vector<std::shared_ptr<const Run>>;
  /// All nodes of batches inserted before the call, each in one run, runs in the order of keys.
  /// Few runs: their number grows with the logarithm of the nodes'.
  Runs runs() const;

 private:
  static constexpr std::size_t kBuckets = std::size_t{1} << 17U;

  Node* node_of(std::string_view key);

  std::vector<std::atomic<Node*>> buckets_;
  std::deque<Node> nodes_;
  std::deque<Version> versions_;
  std::vector<std::shared_ptr<const KvBatch>> batches_;
  std::vector<const Node*> inserted_;  ///< by the batch at hand
  std::size_t bytes_ = 0;

  mutable std::mutex order_mutex_;  ///< guards what follows
  mutable Run unordered_;           ///< nodes that came since the last runs()
  mutable Runs runs_;
};

/// Meets the rows of several buffers in the order of their keys, as of one sequence: of equal keys
/// that of the buffer named first. Thread contract: one thread.
class RowCursor {
 public:
  /// Keys that begin with `prefix`, from `start` on.
  RowCursor(std::string_view prefix, std::string_view start, std::uint64_t sequence)
      : prefix_(prefix), from_(std::max(prefix, start)), sequence_(sequence) {}
  /// Newer buffers first.
  void add(const RowBuffer& buffer);

  /// Of all buffers together, those that cannot be seen included.
  std::size_t nodes() const { return nodes_; }
  /// False at the end.
  bool at_row() const { return least_ != nullptr; }
  std::string_view key() const { return least_->key; }
  const RowBuffer::Value& value() const { return *value_; }
  /// Past this key, in every buffer.
  void next();

 private:
  struct Part {
    std::shared_ptr<const RowBuffer::Run> run;
    std::size_t at;
  };
  const RowBuffer::Node* node(const Part& part) const { return (*part.run)[part.at]; }
  bool ended(const Part& part) const { return part.at == part.run->size(); }
  void settle(Part& part) const;
  void find_least();

  std::string_view prefix_, from_;
  std::uint64_t sequence_;
  std::vector<Part> parts_;
  std::size_t nodes_ = 0;
  const RowBuffer::Node* least_ = nullptr;
  const RowBuffer::Value* value_ = nullptr;
};

}  // namespace qc::chain
