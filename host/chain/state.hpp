// The state that rules read and write: ordered text keys to JSON documents.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "sdk/base/json.hpp"

namespace qc::chain {

/// A document that nobody changes any more, so that whoever reads it shares it: copying one costs
/// more than most rules. Null: there is none.
using Document = std::shared_ptr<const Json>;
inline Document document(Json value) { return std::make_shared<Json>(std::move(value)); }

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
  /// The document for who wants to change it: a copy, or the thing itself where nobody else has it.
  virtual std::optional<Json> get(const std::string& key) const;
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
  std::optional<Json> get(const std::string& key) const override;
  void scan(const std::string& prefix, const std::string& start,
            const std::function<bool(const std::string&, const Json&)>& visit) const override;
  void put(const std::string& key, Json value) { put(key, document(std::move(value))); }
  void put(const std::string& key, Document value);
  void erase(const std::string& key);
  /// Null: erased. In no order: what differs between hosts must not depend on it.
  using Writes = std::unordered_map<std::string, Document>;
  const Writes& writes() const { return writes_; }
  /// The same in the order of the keys, until the next write.
  const std::vector<const Writes::value_type*>& writes_in_order() const;
  /// The writes moved out.
  Writes take_writes() && { return std::move(writes_); }
  /// Moves this overlay's writes into `below` (which must be its base).
  void merge_into(Overlay& below) &&;

 private:
  const StateReader& base_;
  Writes writes_;
  // Most keys are looked up by name alone; they are put in order when somebody asks for that.
  mutable std::vector<const Writes::value_type*> in_order_;
  mutable std::vector<const Writes::value_type*> unordered_;  ///< came since
};

}  // namespace qc::chain
