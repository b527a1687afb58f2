// A few connections for readers, lent one at a time.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "host/database/database.hpp"

namespace qc::centre {

/// Thread contract: any thread. Connections of an older generation are not lent again.
class Pool {
 public:
  Pool(database::Location location, std::size_t most)
      : location_(std::move(location)), most_(most) {}

  /// Gives its connection back when it ends, unless discard() was called.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<database::Connection> connection, std::uint64_t generation)
        : pool_(&pool), connection_(std::move(connection)), generation_(generation) {}
    Lease(Lease&& other) noexcept
        : pool_(other.pool_),
          connection_(std::move(other.connection_)),
          generation_(other.generation_) {
      other.pool_ = nullptr;
    }
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (pool_ != nullptr) pool_->take_back(std::move(connection_), generation_);
    }
    database::Connection& operator*() { return *connection_; }
    void discard() { connection_.reset(); }

   private:
    Pool* pool_;
    std::unique_ptr<database::Connection> connection_;
    std::uint64_t generation_;
  };

  /// Errors: "database.unavailable" (none became free within a second, or no connection could be
  /// made), and those of database::connect.
  Result<Lease> lend(std::uint64_t generation);

 private:
  void take_back(std::unique_ptr<database::Connection> connection, std::uint64_t generation);

  const database::Location location_;
  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable free_;
  std::vector<std::unique_ptr<database::Connection>> idle_;
  std::uint64_t generation_ = 0;
  std::size_t lent_ = 0;
};

}  // namespace qc::centre
