#include "host/exchange/exchange.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <spdlog/spdlog.h>

#include "host/exchange/access_flow.hpp"
#include "host/exchange/account_flow.hpp"
#include "host/exchange/asset_flow.hpp"
#include "host/exchange/due_index.hpp"
#include "host/exchange/grant_flow.hpp"
#include "host/exchange/party_view.hpp"
#include "host/exchange/route_flow.hpp"

namespace qc::exchange {
namespace {

/// Grants that fell with the mandate that they were given under: those of the subjects concerned
/// whose state this event changed.
Status erase_fallen_grants(const Context& context, const chain::Published& published) {
  std::vector<std::string> fallen;
  context.parts.ledger.read([&](const chain::StateReader& state) {
    for (const std::string& subject : published.effect.subjects) {
      const std::string prefix = "of/" + subject + "/grant/";
      state.scan(prefix, "", [&](const std::string& key, const Json&) {
        std::string id = key.substr(prefix.size());
        const auto grant = state.get("grant/" + id);
        if (grant && grant->value("state", "") == "REVOKED" &&
            grant->value("state_index", std::uint64_t{0}) == published.stored.index) {
          fallen.push_back(std::move(id));
        }
        return true;
      });
    }
  });
  for (const std::string& grant : fallen) QC_TRY(context.parts.vault.erase_presentations(grant));
  return {};
}

/// Deletes ciphertext that a ledger event made nobody's: revoked, deleted or used-up grants,
/// erased assets. What a crash leaves is swept at the next start.
void erase_what_fell(const Context& context, const chain::Published& published) {
  const Json& body = published.tx.body;
  Status status;
  if (published.tx.op == "grant.revoke" || published.tx.op == "grant.delete") {
    status = context.parts.vault.erase_presentations(body.at("grant"));
  } else if (published.tx.op == "mandate.end" || published.tx.op == "enterprise.represent") {
    status = erase_fallen_grants(context, published);
  } else if (published.tx.op == "asset.erase") {
    status = context.parts.vault.erase_asset(body.at("asset"));
  } else if (published.tx.op == "access.release") {
    const auto access = context.get("access/" + body.at("access").get<std::string>());
    if (!access) return;
    const std::string id = access->at("grant");
    const auto grant = context.get("grant/" + id);
    if (grant && chain::grant_state_at(*grant, context.now_s()) == "EXHAUSTED") {
      status = context.parts.vault.erase_presentations(id);
    }
  }
  if (!status.ok()) spdlog::error("vault: {}: {}", status.error().code, status.error().message);
}

/// Deletes, in the background of a start, ciphertext whose ledger entry never came or has since
/// fallen: a vault of a million texts must not keep the host from answering.
class Sweeper {
 public:
  explicit Sweeper(const Context& context) : context_(context), thread_([this] { run(); }) {}
  Sweeper(const Sweeper&) = delete;
  Sweeper& operator=(const Sweeper&) = delete;
  ~Sweeper() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

 private:
  /// Between two pages of the vault: what is served comes first.
  static constexpr std::chrono::milliseconds kPause{20};

  void run() {
    if (const Status swept = sweep(); !swept.ok()) {
      spdlog::error("vault: not swept: {}: {}", swept.error().code, swept.error().message);
    }
  }

  Status sweep() {
    const auto go_on = [this] {
      std::unique_lock lock(mutex_);
      return !wake_.wait_for(lock, kPause, [this] { return stopping_; });
    };
    const auto asset_stands = [this](const std::string& asset) {
      const auto doc = context_.get("asset/" + asset);
      return doc && doc->value("state", "") != "erased";
    };
    const auto grant_stands = [this](const std::string& grant) {
      const auto doc = context_.get("grant/" + grant);
      if (!doc) return false;
      const std::string state = chain::grant_state_at(*doc, context_.now_s());
      return state == "ACTIVE" || state == "PAUSED" || state == "PENDING_COSIGN";
    };
    safebox::Vault& vault = context_.parts.vault;
    QC_ASSIGN(const std::size_t assets, vault.sweep(asset_stands, go_on));
    QC_ASSIGN(const std::size_t grants, vault.sweep_presentations(grant_stands, go_on));
    if (assets + grants > 0) {
      spdlog::info("vault: swept {} assets and {} presentations", assets, grants);
    }
    return {};
  }

  const Context& context_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;  // last member: it uses the others
};

class ExchangeImpl final : public Exchange {
 public:
  explicit ExchangeImpl(Context context)
      : context_(std::move(context)), route_limit_(context_.options.routes), sweeper_(context_) {
    subscription_ =
        context_.parts.ledger.subscribe([this](const std::vector<chain::Published>& batch) {
          for (const auto& published : batch) erase_what_fell(context_, published);
          follow_what_is_due(batch);
        });
    due_.reached(context_.parts.ledger.size());
  }

  Result<Json> open_account(const crypto::PublicKey& key, const Json& body) override {
    return exchange::open_account(context_, key, body);
  }
  Result<Json> recover_account(const crypto::PublicKey& key, const Json& body) override {
    return exchange::recover_account(context_, key, body);
  }
  Result<Json> prove_account(const std::string& caller, const Json& body) override {
    return exchange::prove_account(context_, caller, body);
  }
  Result<Json> issue_asset(const std::string& caller, const Json& body) override {
    return exchange::issue_asset(context_, caller, body);
  }
  Result<Json> list_assets(const std::string& caller) override {
    return exchange::list_assets(context_, caller);
  }
  Result<Json> get_asset(const std::string& caller, const std::string& asset) override {
    return exchange::get_asset(context_, caller, asset);
  }
  Result<Json> erase_asset(const std::string& caller, const std::string& asset,
                           const Json& body) override {
    return exchange::erase_asset(context_, caller, asset, body);
  }
  Result<Json> list_requests(const std::string& caller) override {
    return list_own(context_, Family::kRequest, caller);
  }
  Result<Json> get_request(const std::string& caller, const std::string& request) override {
    return get_own(context_, Family::kRequest, caller, request);
  }
  Result<Json> list_grants(const std::string& caller) override {
    return list_own(context_, Family::kGrant, caller);
  }
  Result<Json> get_grant(const std::string& caller, const std::string& grant) override {
    return get_own(context_, Family::kGrant, caller, grant);
  }
  Result<Json> list_accesses(const std::string& caller) override {
    return list_own(context_, Family::kAccess, caller);
  }
  Result<Json> get_access(const std::string& caller, const std::string& access) override {
    return get_own(context_, Family::kAccess, caller, access);
  }
  Result<Json> create_grant(const std::string& caller, const Json& body) override {
    return exchange::create_grant(context_, caller, body);
  }
  Result<Json> access(const std::string& caller, const Json& body) override {
    return exchange::access(context_, caller, body);
  }
  Result<Json> product_route(const RouteRequest& request) override {
    return exchange::product_route(context_, route_limit_, request);
  }
  Result<Json> due_accesses(const std::string& caller, const std::string& product) override {
    return exchange::due_accesses(context_, due_, caller, product);
  }

 private:
  void follow_what_is_due(const std::vector<chain::Published>& batch) {
    context_.parts.ledger.read([&](const chain::StateReader& state) {
      for (const auto& published : batch) due_.follow(published, state);
    });
    if (!batch.empty()) due_.reached(batch.back().stored.index + 1);
  }

  // The others use the context, and end before it goes.
  Context context_;
  DueIndex due_;
  RateLimit route_limit_;
  Sweeper sweeper_;
  std::shared_ptr<void> subscription_;
};

}  // namespace

Result<std::unique_ptr<Exchange>> Exchange::create(ExchangeOptions options, ExchangeParts parts) {
  Context context{std::move(options), std::move(parts)};
  QC_ASSIGN(const std::size_t interrupted, finish_interrupted(context));
  if (interrupted > 0) spdlog::warn("released {} interrupted accesses as failed", interrupted);
  return std::unique_ptr<Exchange>(std::make_unique<ExchangeImpl>(std::move(context)));
}

}  // namespace qc::exchange
