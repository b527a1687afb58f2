// The state that rules read and write: ordered text keys to JSON documents.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "sdk/base/json.hpp"

namespace qc::chain {

/// Read side. Keys by family: "member/<account>", "kid/<kid>" -> account, "subject/<account>",
/// "item/<item>/<version>", "product/<product>", "plugin/<plugin>", "asset/<id>", "request/<id>",
/// "grant/<id>", "access/<id>", "network", "access_open/<id>" (true, from opening to release), and
/// index keys "of/<account>/<family>/<id>" (true), so that a party's documents can be listed.
/// Thread contract: as the implementation says.
class StateReader {
 public:
  virtual ~StateReader() = default;
  virtual std::optional<Json> get(const std::string& key) const = 0;
  /// Visits keys with `prefix` in order from `start` (a full key, or "" for the beginning) until
  /// the visitor returns false.
  virtual void scan(const std::string& prefix, const std::string& start,
                    const std::function<bool(const std::string&, const Json&)>& visit) const = 0;
};

/// A read-your-writes overlay: collects one transaction's (or one batch's) writes above a base.
/// Dropping it undoes them. Thread contract: one thread; the base must not change meanwhile.
class Overlay final : public StateReader {
 public:
  explicit Overlay(const StateReader& base) : base_(base) {}
  /// Not copied: `Overlay above(below)` would copy instead of stacking. To stack, name the base:
  /// `Overlay above(static_cast<const StateReader&>(below))`.
  Overlay(const Overlay&) = delete;
  Overlay& operator=(const Overlay&) = delete;
  std::optional<Json> get(const std::string& key) const override;
  void scan(const std::string& prefix, const std::string& start,
            const std::function<bool(const std::string&, const Json&)>& visit) const override;
  void put(const std::string& key, Json value);
  void erase(const std::string& key);
  /// nullopt = erased. Ordered by key.
  const std::map<std::string, std::optional<Json>>& writes() const { return writes_; }
  /// The writes moved out.
  std::map<std::string, std::optional<Json>> take_writes() && { return std::move(writes_); }
  /// Moves this overlay's writes into `below` (which must be its base).
  void merge_into(Overlay& below) &&;

 private:
  const StateReader& base_;
  std::map<std::string, std::optional<Json>> writes_;
};

}  // namespace qc::chain
