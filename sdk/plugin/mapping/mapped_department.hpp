// A department that is a mapping: nothing is left to write but two files.
#pragma once

#include <span>

#include "sdk/plugin/department.hpp"
#include "sdk/plugin/mapping/mapping.hpp"

namespace qc::plugin {

/// The text of mapping.json, compiled in by qc_plugin(… MAPPING …) or written into the stock
/// library.
std::string_view embedded_mapping();

/// What a driver is opened with.
struct SourceOpening {
  const SourceSpec& spec;
  const JsonReader& settings;
  const qc_host* host;                               ///< for extensions; may be null
  const std::vector<std::string>* tables = nullptr;  ///< that may be read; null = any
};

struct Driver {
  std::string_view name;
  /// Errors: "source.unavailable", and those of JsonReader naming the setting.
  Result<std::unique_ptr<Source>> (*open)(const SourceOpening& opening);
};

/// Serves each item of the description by its mapping. Thread contract: as Department.
class MappedDepartment : public Department {
 public:
  /// The texts and the drivers must outlive the department.
  MappedDepartment(std::string_view description, std::string_view mapping,
                   std::span<const Driver> drivers)
      : description_(description), mapping_text_(mapping), drivers_(drivers) {}

  /// Reads the mapping and opens its sources. Errors: those of Mapping::parse, Driver::open and
  /// Source::check.
  Status configure(const JsonReader& settings) override;
  /// Errors: "record.none", "record.ambiguous", "record.invalid", and those of Source::fetch.
  Result<Record> fetch(const Subject& subject, const Item& item,
                       const std::vector<std::string>& fields) override;
  Health health() override;

 private:
  Result<std::unique_ptr<Source>> open(const SourceSpec& spec, const JsonReader& settings) const;

  const std::string_view description_;
  const std::string_view mapping_text_;
  const std::span<const Driver> drivers_;
  std::optional<Mapping> mapping_;
  std::map<std::string, std::unique_ptr<Source>, std::less<>> sources_;
};

}  // namespace qc::plugin
