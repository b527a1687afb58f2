// The state that rules read and write: ordered text keys to JSON documents.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "sdk/base/json.hpp"

namespace qc::chain {

/// A document that nobody changes any more, so that whoever reads it shares it: copying one costs
/// more than most rules. Null: there is none.
using Document = std::shared_ptr<const Json>;
inline Document document(Json value) { return std::make_shared<const Json>(std::move(value)); }

/// About what a value takes in memory: nodes of trees, texts of their own.
std::size_t memory_of(const Json& value);

/// Read side. Keys by family: "member/<account>", "kid/<kid>" -> account, "subject/<account>",
/// "item/<item>/<version>", "product/<product>", "plugin/<plugin>", "asset/<id>", "request/<id>",
/// "grant/<id>", "access/<id>", "network", "access_open/<id>" (true, from opening to release), and
/// index keys "of/<account>/<family>/<id>" (true), so that a party's documents can be listed.
/// Thread contract: as the implementation says.
class StateReader {
 public:
  virtual ~StateReader() = default;
  /// What was found stays as it is, whatever is written later.
  virtual Document find(const std::string& key) const = 0;
  /// A copy, for who wants to change it.
  std::optional<Json> get(const std::string& key) const;
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
  Document find(const std::string& key) const override;
  void scan(const std::string& prefix, const std::string& start,
            const std::function<bool(const std::string&, const Json&)>& visit) const override;
  void put(const std::string& key, Json value) { put(key, document(std::move(value))); }
  void put(const std::string& key, Document value);
  void erase(const std::string& key);
  /// Null: erased. Ordered by key.
  using Writes = std::map<std::string, Document>;
  const Writes& writes() const { return writes_; }
  /// The writes moved out.
  Writes take_writes() && { return std::move(writes_); }
  /// Moves this overlay's writes into `below` (which must be its base).
  void merge_into(Overlay& below) &&;

 private:
  const StateReader& base_;
  Writes writes_;
};

}  // namespace qc::chain
