#include "sdk/plugin/mapping/stock_slot.hpp"

#include <cstddef>
#include <cstring>
#include <sstream>

#include "sdk/plugin/mapping/mapping.hpp"

namespace qc::plugin {
namespace {

Error stock_error(std::string message) { return invalid("stock.invalid", std::move(message)); }

/// Where the slot is.
Result<std::size_t> slot_in(std::string_view library) {
  const std::string mark = std::string(kStockMarkHead) + std::string(kStockMarkTail);
  const std::size_t at = library.find(mark);
  if (at == std::string_view::npos || library.find(mark, at + 1) != std::string_view::npos ||
      library.size() - at < sizeof(StockSlot)) {
    return stock_error("expected a stock library (mapped.so)");
  }
  return at;
}

}  // namespace

Result<std::vector<std::string>> stock_libraries(std::string_view library) {
  QC_ASSIGN(const std::size_t at, slot_in(library));
  std::vector<std::string> names;
  std::istringstream list(library.data() + at + offsetof(StockSlot, libraries));
  for (std::string name; list >> name;) names.push_back(name);
  return names;
}

Result<std::string> fill_stock(std::string library, std::string_view description,
                               std::string_view mapping) {
  QC_ASSIGN(const std::size_t at, slot_in(library));
  if (description.size() > kStockTextBytes || mapping.size() > kStockTextBytes) {
    return stock_error("expected at most 256 KiB each of plugin.json and mapping.json");
  }
  QC_ASSIGN(const Description checked, Description::parse(description));
  QC_ASSIGN(const Mapping checked_mapping, Mapping::parse(mapping, checked));
  char* slot = library.data() + at;
  const std::string drivers = ' ' + std::string(slot + offsetof(StockSlot, drivers)) + ' ';
  const auto& sources = checked_mapping.sources();
  for (const auto& [name, source] : sources) {
    if (drivers.find(' ' + source.driver + ' ') == std::string::npos) {
      return invalid("mapping.invalid", "expected one of the library's drivers:" + drivers,
                     "sources." + name + ".driver");
    }
  }
  const auto put = [&](std::size_t size_at, std::size_t text_at, std::string_view text) {
    const auto size = static_cast<std::uint32_t>(text.size());
    std::memcpy(slot + size_at, &size, sizeof size);
    std::memset(slot + text_at, 0, kStockTextBytes);
    std::memcpy(slot + text_at, text.data(), text.size());
  };
  put(offsetof(StockSlot, description_bytes), offsetof(StockSlot, description), description);
  put(offsetof(StockSlot, mapping_bytes), offsetof(StockSlot, mapping), mapping);
  return library;
}

}  // namespace qc::plugin
