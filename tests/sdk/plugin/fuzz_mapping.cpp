// Any bytes as a mapping file: refused with a path, or every item and field of the description is
// mapped. The file comes from a department, the description from its plugin.
#include <cstdlib>

#include "sdk/plugin/mapping/mapping.hpp"
#include "tests/sdk/plugin/support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qc::plugin;  // NOLINT: one function
  static const auto kDescription = Description::parse(department_description());
  if (!kDescription) std::abort();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto mapping = Mapping::parse(text, *kDescription);
  if (!mapping) return 0;
  for (const auto& [name, item] : mapping->items()) {
    if (name.empty() || !mapping->sources().contains(item.source)) std::abort();
    for (const FieldMapping& field : item.fields) {
      if (field.column && *field.column >= item.lookup.columns.size()) std::abort();
      (void)convert_cell(field, Cell(std::string(text.substr(0, 32))));
    }
  }
  return 0;
}
