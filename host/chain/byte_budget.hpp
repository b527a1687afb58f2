// A limit in bytes for what many threads hold.
#pragma once

#include <atomic>
#include <cstddef>

namespace qc::chain {

/// Bytes held at a time, by everybody together: bounds memory whatever the path.
class ByteBudget {
 public:
  explicit ByteBudget(std::size_t limit) : limit_(limit) {}
  bool take(std::size_t bytes) {
    const std::size_t before = used_.fetch_add(bytes);
    if (before + bytes <= limit_) return true;
    used_ -= bytes;
    return false;
  }
  void give_back(std::size_t bytes) { used_ -= bytes; }
  std::size_t used() const { return used_; }

 private:
  std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

}  // namespace qc::chain
