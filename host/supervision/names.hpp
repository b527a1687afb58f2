// The names that the ledger has for accounts, products, items and fields, in both languages.
#pragma once

#include <string>

#include "host/chain/state.hpp"

namespace qc::supervision {

struct Name {
  std::string zh;
  std::string en;
};

/// Looks names up in one snapshot. Whatever has no name is called by its identifier.
class Names {
 public:
  explicit Names(const chain::StateReader& state) : state_(state) {}
  Name account(const std::string& account) const;
  Name product(const std::string& product) const;
  /// "社保缴纳(单位、基数)": the item in its latest version with some of its fields.
  Name item(const std::string& item, const Json& fields) const;
  /// Several of [{"item","fields"}].
  Name items(const Json& items) const;
  const chain::StateReader& state() const { return state_; }

 private:
  const chain::StateReader& state_;
};

// Reading what the rules have checked, without throwing.
std::int64_t integer_of(const Json& object, const char* name);
/// The member, or an empty object.
const Json& part_of(const Json& object, const char* name);

}  // namespace qc::supervision
