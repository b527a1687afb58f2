// What a subject is shown before consenting, and the grant that follows from the choice.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/cli/wallet.hpp"

namespace qc::cli {

/// One requested item with what the subject has of it.
struct ConsentItem {
  std::string item, name;
  std::int64_t version = 0, sensitivity = 0;
  std::vector<std::string> required, optional;
  Json labels;  ///< Chinese name by field id
  Json types;   ///< dictionary type by field id
  std::optional<OpenedAsset> asset;
};

/// A request, verified: signed by the consumer's key, on the ledger, with a notice that this
/// program writes word for word the same.
struct ConsentView {
  std::string request, state;
  Json body;      ///< as the consumer signed it
  Json consumer;  ///< member entry
  std::string notice;
  std::vector<ConsentItem> items;
  /// Consents that law wants given apart (PIPL 23, 24, 29; credit reporting regulation 14).
  std::vector<std::string> separate;
};

/// Errors: the host's, "verify.*" (a field that the dictionary does not have among them),
/// "receipt.*".
Result<ConsentView> load_consent(const Wallet& wallet, const Directory& directory,
                                 const std::string& request);

/// The screen: who, why, how long, each field apart by required and optional, with actual values
/// when `values`.
std::string consent_text(const ConsentView& view, bool values);

/// Text of one separate consent, both languages.
std::string separate_text(const std::string& name);

/// Fields chosen beyond the required ones: "item.field" each.
struct Choice {
  std::vector<std::string> optional;
  bool all_optional = false;
  std::string grant;  ///< id of the grant to be
  /// Who gives it, {"role","account","mandate"}; null: the subject itself.
  Json actor;
};

/// Every field that is asked for stands in the department's dictionary, in the version asked for.
/// Errors: "verify.unknown_item", "verify.unknown_field".
Status check_names(const ConsentItem& item);

/// Which fields of one item go out; empty means the item stays. Takes what it uses of the choice
/// out of `unused`. Errors: "consent.asset_missing", "verify.missing_field".
Result<std::vector<std::string>> chosen_fields(const ConsentItem& item, const Choice& choice,
                                               std::set<std::string>& unused);

/// The signed-to-be body of grant.create and the sealed presentations that belong to it.
struct PreparedGrant {
  Json body;
  Json presentations = Json::array();  ///< [{"item","jwe"}]
  Json given = Json::array();          ///< [{"item","fields"}]: names only
};

/// Errors: "usage.unknown_field", "consent.asset_missing" (naming the item),
/// "verify.missing_field" (naming the field), "key.invalid".
Result<PreparedGrant> prepare_grant(const Wallet& wallet, const ConsentView& view,
                                    const Choice& choice);

}  // namespace qc::cli
