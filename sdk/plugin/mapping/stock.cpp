// The stock department: this library and two texts written into it are a whole plugin.
#include "sdk/plugin/mapping/csv_source.hpp"
#include "sdk/plugin/mapping/http_source.hpp"
#include "sdk/plugin/mapping/mysql_source.hpp"
#include "sdk/plugin/mapping/sqlite_source.hpp"
#include "sdk/plugin/mapping/stock_slot.hpp"

namespace {

using namespace qc::plugin;

#if defined(QC_STOCK_MYSQL)
constexpr Driver kStockDrivers[] = {
    {"sqlite", &SqliteSource::open}, {"csv", &CsvSource::open}, {"mysql", &open_mysql_source}};
#define QC_STOCK_DRIVERS "sqlite csv mysql"
#elif defined(QC_STOCK_HTTP)
constexpr Driver kStockDrivers[] = {
    {"sqlite", &SqliteSource::open}, {"csv", &CsvSource::open}, {"http", &open_http_source}};
#define QC_STOCK_DRIVERS "sqlite csv http"
#else
#define QC_STOCK_LIBRARIES ""
constexpr Driver kStockDrivers[] = {{"sqlite", &SqliteSource::open}, {"csv", &CsvSource::open}};
#define QC_STOCK_DRIVERS "sqlite csv"
#endif

__attribute__((used)) constexpr StockSlot kSlot = {
    "quancheng-stock-department-1", QC_STOCK_DRIVERS, QC_STOCK_LIBRARIES, 0, 0, {}, {}};

/// As it is in the library now: the compiler must not take it for what was compiled.
const StockSlot& slot() {
  const StockSlot* at = &kSlot;
  asm volatile("" : "+r"(at));
  return *at;
}

class StockDepartment final : public MappedDepartment {
 public:
  StockDepartment() : MappedDepartment(embedded_description(), embedded_mapping(), kStockDrivers) {}
};

}  // namespace

std::string_view qc::plugin::embedded_description() {
  return {slot().description, slot().description_bytes};
}

std::string_view qc::plugin::embedded_mapping() { return {slot().mapping, slot().mapping_bytes}; }

QC_DEPARTMENT_PLUGIN(StockDepartment)
