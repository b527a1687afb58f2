#include "host/centre/pool.hpp"

#include <chrono>

namespace qc::centre {

Result<Pool::Lease> Pool::lend(std::uint64_t generation) {
  std::unique_ptr<database::Connection> connection;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!free_.wait_for(lock, std::chrono::seconds(1), [&] { return lent_ < most_; })) {
      return unavailable("database.unavailable", "every connection of the view is busy");
    }
    if (generation != generation_) {
      idle_.clear();
      generation_ = generation;
    }
    ++lent_;
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!connection) {
    auto fresh = database::connect(location_);
    if (!fresh.ok()) {
      take_back(nullptr, generation);
      return fresh.error();
    }
    connection = std::move(fresh).value();
  }
  return Lease(*this, std::move(connection), generation);
}

void Pool::take_back(std::unique_ptr<database::Connection> connection, std::uint64_t generation) {
  const std::lock_guard<std::mutex> lock(mutex_);
  --lent_;
  if (connection && generation == generation_) idle_.push_back(std::move(connection));
  free_.notify_one();
}

}  // namespace qc::centre
