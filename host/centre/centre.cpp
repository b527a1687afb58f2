#include "host/centre/centre.hpp"

#include <chrono>

#include "host/centre/pool.hpp"
#include "host/centre/projector.hpp"
#include "host/centre/queries.hpp"

namespace qc::centre {
namespace {

using database::Connection;

// Readers beside each other; the rest of the callers wait or are told so, and hold up nobody else.
constexpr std::size_t kReaders = 4;

std::int64_t system_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Projector::Options projector_options(const database::Location& location,
                                     const CentreOptions& options) {
  Projector::Options out;
  out.location = location;
  out.migrations = options.migrations_dir;
  return out;
}

class CentreImpl final : public Centre {
 public:
  CentreImpl(const database::Location& location, const CentreOptions& options,
             chain::Ledger& ledger)
      : backend_(database::name_of(location.dialect)),
        clock_ms_(options.clock_ms ? options.clock_ms : system_ms),
        ledger_(ledger),
        pool_(location, kReaders),
        projector_(projector_options(location, options), ledger) {}

  Status start() { return projector_.start(); }

  Result<Json> members() override { return ask(query_members); }
  Result<Json> member(const std::string& account) override {
    return ask([&](Connection& sql) { return query_member(sql, account); });
  }
  Result<Json> items() override { return ask(query_items); }
  Result<Json> products() override { return ask(query_products); }
  Result<Json> statistics() override {
    return ask([&](Connection& sql) { return query_statistics(sql, clock_ms_() / 1000); });
  }
  Result<Json> flows(std::uint64_t after, std::size_t limit) override {
    return ask([&](Connection& sql) { return query_flows(sql, after, limit); });
  }

  Json status() override {
    const Projector::Health health = projector_.health();
    return {{"position", health.position},
            {"ledger_size", ledger_.size()},
            {"backend", backend_},
            {"healthy", health.healthy},
            {"reason", health.reason}};
  }

  Status wait_for(std::uint64_t size, int timeout_ms) override {
    return projector_.wait_for(size, timeout_ms);
  }

 private:
  static Error away(const std::string& reason) {
    return unavailable("view.unavailable", "the view's database is away: " + reason);
  }

  template <typename Question>
  Result<Json> ask(const Question& question) {
    const Projector::Health health = projector_.health();
    if (!health.healthy) return away(health.reason);
    auto lease = pool_.lend(health.generation);
    if (!lease.ok()) {
      projector_.suspect();
      return away(lease.error().message);
    }
    Result<Json> answer = question(**lease);
    if (answer.ok() || !answer.error().code.starts_with("database.")) return answer;
    lease->discard();
    projector_.suspect();
    return away(answer.error().message);
  }

  const std::string backend_;
  const std::function<std::int64_t()> clock_ms_;
  chain::Ledger& ledger_;
  Pool pool_;
  Projector projector_;
};

}  // namespace

Result<std::unique_ptr<Centre>> Centre::open(const CentreOptions& options, chain::Ledger& ledger) {
  QC_ASSIGN(const database::Location location,
            database::locate(options.url, options.password_file));
  auto centre = std::make_unique<CentreImpl>(location, options, ledger);
  QC_TRY(centre->start());
  return std::unique_ptr<Centre>(std::move(centre));
}

}  // namespace qc::centre
