#include "tests/host/centre/support.hpp"

#include "host/centre/projection.hpp"

namespace qc::centre::test {

std::vector<std::vector<std::string>> ViewTest::rows(const std::string& sql, unsigned columns) {
  std::vector<std::vector<std::string>> out;
  auto connection = database::connect(location_);
  EXPECT_TRUE(connection.ok());
  if (!connection.ok()) return out;
  const Status status = (*connection)->query(sql, {}, [&](const database::Row& row) {
    std::vector<std::string> line;
    for (unsigned i = 0; i < columns; ++i) line.push_back(row.text(i));
    out.push_back(std::move(line));
    return true;
  });
  EXPECT_TRUE(status.ok()) << status.error().message;
  return out;
}

std::string ViewTest::dump() {
  static const std::map<std::string, unsigned> kColumns = {
      {"members", 12},  {"subjects", 3},     {"items", 7},    {"products", 7},    {"plugins", 11},
      {"assets", 12},   {"requests", 11},    {"grants", 15},  {"accesses", 11},   {"flows", 11},
      {"proposals", 7}, {"retired_keys", 3}, {"mandates", 9}, {"grant_actors", 5}};
  std::string out;
  for (const std::string& table : view_tables()) {
    out += "== " + table + "\n";
    for (const auto& row :
         rows("SELECT * FROM " + table + " ORDER BY position", kColumns.at(table))) {
      for (const std::string& cell : row) out += cell + "|";
      out += "\n";
    }
  }
  for (const auto& row : rows("SELECT chain, position, tx_id FROM projection_position", 3)) {
    out += "== at " + row[0] + " " + row[1] + " " + row[2] + "\n";
  }
  return out;
}

void ViewTest::meddle(const std::string& sql) {
  auto connection = database::connect(location_);
  ASSERT_TRUE(connection.ok());
  const auto status = (*connection)->execute(sql);
  ASSERT_TRUE(status.ok()) << status.error().message;
}

}  // namespace qc::centre::test
