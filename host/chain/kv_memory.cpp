#include <map>

#include "host/chain/kv_store.hpp"

namespace qc::chain {
namespace {

class MemoryStore final : public KvStore {
 public:
  std::optional<std::string> get(std::string_view key) const override {
    const auto it = data_->find(key);
    if (it == data_->end()) return std::nullopt;
    return it->second;
  }

  void scan(std::string_view prefix, std::string_view start,
            const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    auto it = data_->lower_bound(start.empty() || start < prefix ? prefix : start);
    for (; it != data_->end() && std::string_view(it->first).starts_with(prefix); ++it) {
      if (!visit(it->first, it->second)) return;
    }
  }

  Status write_rows(std::shared_ptr<const KvBatch> batch) override {
    for (const auto& [key, value] : *batch) {
      if (value) {
        data_->insert_or_assign(key, *value);
      } else {
        data_->erase(key);
      }
    }
    return {};
  }

  std::shared_ptr<const KvReader> snapshot() const override {
    auto view = std::make_shared<MemoryStore>();
    view->data_ = data_;
    return view;
  }

  Status flush() override { return {}; }
  std::string failure() const override { return {}; }

 private:
  using Map = std::map<std::string, std::string, std::less<>>;
  std::shared_ptr<Map> data_ = std::make_shared<Map>();
};

}  // namespace

std::unique_ptr<KvStore> open_memory() { return std::make_unique<MemoryStore>(); }

}  // namespace qc::chain
