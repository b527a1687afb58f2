// Where plugin.json and mapping.json stand inside a stock library: room that the packing tool
// fills, so that the library's digest, which the ledger admits, covers both.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sdk/base/result.hpp"

namespace qc::plugin {

inline constexpr std::size_t kStockTextBytes = 256U << 10U;

/// Layout in the library's constant data; found by the mark.
struct StockSlot {
  char mark[32];
  char drivers[32];     ///< names with spaces between them, ended by zero
  char libraries[128];  ///< of the system, that it needs beside libc; as above
  std::uint32_t description_bytes;
  std::uint32_t mapping_bytes;
  char description[kStockTextBytes];
  char mapping[kStockTextBytes];
};

/// What the mark says; in two parts, for the tool itself must not contain it.
inline constexpr std::string_view kStockMarkHead = "quancheng-stock-";
inline constexpr std::string_view kStockMarkTail = "department-1";

/// What a stock library says that it needs. Error: "stock.invalid".
Result<std::vector<std::string>> stock_libraries(std::string_view library);

/// The stock library's bytes with both texts in place. Errors: "stock.invalid" (no stock library,
/// or its texts are too large), "mapping.invalid" (a driver that it has not).
Result<std::string> fill_stock(std::string library, std::string_view description,
                               std::string_view mapping);

}  // namespace qc::plugin
