// For authors of department plugins: write one class and one macro.
//
//   class HousingFund final : public qc::plugin::Department { configure(), fetch() };
//   QC_DEPARTMENT_PLUGIN(HousingFund)
//
// The layer does the rest inside the plugin: messages, proof of identity, checks against
// plugin.json, credential, encryption, signature. A department whose records are in SQLite or CSV
// files needs no class at all: mapping/mapped_department.hpp, plugins/departments/housing_fund.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sdk/plugin/context.hpp"
#include "sdk/plugin/entry.hpp"

namespace qc::plugin {

/// The person whose record is asked for; identity and holding of the account key are proved. Under
/// a standing grant the record is asked for again and again while the person is away, on what was
/// proved when the asset was issued.
struct Subject {
  std::string id_no;  ///< GB 11643, check digit verified
  Moment moment;
};

/// A department's answer. `fields` holds a value (null: the department has none) for each field
/// asked for; fields that were not asked for are dropped by the layer.
struct Record {
  Json fields = Json::object();
  std::int64_t as_of_s = 0;    ///< 0 = now
  std::int64_t expires_s = 0;  ///< 0 = `valid_days` of plugin.json from now
};

/// What a citizen claims to be when opening an account.
struct IdentityClaim {
  std::string id_no;
  std::string name;
  std::string card_valid_to;  ///< YYYY-MM-DD
  Moment moment;
};

/// configure() runs once before all else; the others on any thread, concurrently. Exceptions are
/// contained, but a failure that can be expected is better returned. Never log a value.
class Department {
 public:
  virtual ~Department() = default;

  /// Opens the data source. `settings` are those of the plugin's configuration file.
  virtual Status configure(const JsonReader& settings) = 0;

  /// The subject's record of an item of plugin.json. No record: not_found("record.none", …);
  /// source down: unavailable("source.unavailable", …).
  virtual Result<Record> fetch(const Subject& subject, const Item& item,
                               const std::vector<std::string>& fields) = 0;

  /// True for the one department that proves identity: "prove_identity" is then served and the
  /// setting `pseudonym_key_file` is required.
  virtual bool proves_identity() const { return false; }
  /// Whether the claim is true of a living person with a valid card.
  virtual Result<bool> prove_identity(const IdentityClaim& claim);

  virtual Health health() { return {}; }

  /// Before configure(), by the layer.
  void attach(const qc_host* host) { host_ = host; }
  void grant_tables(std::optional<std::vector<std::string>> tables) { tables_ = std::move(tables); }

 protected:
  /// What the host offers (abi.h), for its extensions; null in tests without a host.
  const qc_host* host() const { return host_; }
  /// Of a database, that it may read, where plugin.json asks for tables ("table:<name>"); null
  /// where it does not. Held to by the sources of the mapping engine; a class of one's own asks
  /// here.
  const std::vector<std::string>* tables() const { return tables_ ? &*tables_ : nullptr; }

 private:
  const qc_host* host_ = nullptr;
  std::optional<std::vector<std::string>> tables_;
};

}  // namespace qc::plugin

/// Defines the library's one exported symbol.
#define QC_DEPARTMENT_PLUGIN(Class) QC_PLUGIN_ENTRY(Class, ::qc::plugin::Department)
