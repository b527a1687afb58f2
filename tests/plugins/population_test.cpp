#include "samples/population/population.hpp"

#include <set>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "sdk/base/files.hpp"
#include "sdk/base/identity_numbers.hpp"

namespace qc::samples {
namespace {

class PopulationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "qc-people-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static PopulationOptions options(int count, std::uint64_t seed = 7) {
    return {count, seed, 2026, 11};
  }
  /// All rows of a query, cells joined with '|'.
  static std::vector<std::string> rows(const std::filesystem::path& file, const char* sql) {
    std::vector<std::string> out;
    sqlite3* db = nullptr;
    EXPECT_EQ(sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    const auto add = [](void* list, int n, char** cells, char**) {
      std::string row;
      for (int i = 0; i < n; ++i) row += std::string(cells[i] == nullptr ? "-" : cells[i]) + '|';
      static_cast<std::vector<std::string>*>(list)->push_back(row);
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(db, sql, add, &out, nullptr), SQLITE_OK) << sql;
    sqlite3_close(db);
    return out;
  }
  std::filesystem::path sub(const char* name) {
    std::filesystem::create_directory(folder_ / name);
    return folder_ / name;
  }

  std::filesystem::path folder_;
};

TEST_F(PopulationTest, NumbersAreValidUniqueAndNobodys) {
  ASSERT_TRUE(write_population(folder_, options(2000)).ok());
  const auto people = read_json_file(folder_ / "people.json");
  ASSERT_TRUE(people.ok());
  ASSERT_EQ(people->size(), 2000U);
  std::set<std::string> seen;
  for (const Json& person : *people) {
    const std::string id_no = person.at("id_no");
    EXPECT_TRUE(is_valid_id_number(id_no)) << id_no;
    EXPECT_EQ(id_no.substr(0, 6), kSyntheticArea);
    EXPECT_TRUE(seen.insert(id_no).second) << id_no;
    EXPECT_EQ(person.size(), 3U);
  }
  for (const std::string& row : rows(folder_ / "human_resources.db",
                                     "SELECT DISTINCT employer_uscc FROM insurance "
                                     "WHERE employer_uscc IS NOT NULL")) {
    EXPECT_TRUE(is_valid_uscc(row.substr(0, row.size() - 1))) << row;
  }
}

TEST_F(PopulationTest, TheSexInTheNumberIsTheSexInTheRecord) {
  ASSERT_TRUE(write_population(folder_, options(300)).ok());
  EXPECT_TRUE(rows(folder_ / "public_security.db",
                   "SELECT id_no FROM person WHERE (substr(id_no, 17, 1) % 2 = 1) <> (sex = '男') "
                   "OR replace(birth_date, '-', '') <> substr(id_no, 7, 8)")
                  .empty());
}

TEST_F(PopulationTest, TheSameSeedGivesTheSamePeople) {
  ASSERT_TRUE(write_population(sub("a"), options(100)).ok());
  ASSERT_TRUE(write_population(sub("b"), options(100)).ok());
  ASSERT_TRUE(write_population(sub("c"), options(100, 8)).ok());
  const auto all = [&](const char* name) {
    std::vector<std::string> out;
    for (const auto& [file, table] : {std::pair{"public_security.db", "person"},
                                      {"public_security.db", "id_card"},
                                      {"human_resources.db", "insurance"},
                                      {"human_resources.db", "contribution"},
                                      {"human_resources.db", "employment"},
                                      {"housing_fund.db", "account"},
                                      {"housing_fund.db", "loan"}}) {
      const auto part =
          rows(folder_ / name / file, ("SELECT * FROM " + std::string(table)).c_str());
      EXPECT_FALSE(part.empty()) << table;
      out.insert(out.end(), part.begin(), part.end());
    }
    return out;
  };
  EXPECT_EQ(all("a"), all("b"));
  EXPECT_NE(all("a"), all("c"));
}

TEST_F(PopulationTest, LivesVary) {
  ASSERT_TRUE(write_population(folder_, options(500)).ok());
  const auto count = [&](const char* file, const char* sql) {
    return std::stoi(rows(folder_ / file, sql).at(0));
  };
  EXPECT_GT(count("housing_fund.db", "SELECT count(*) FROM loan WHERE overdue > 0"), 3);
  EXPECT_GT(count("housing_fund.db", "SELECT count(*) FROM account WHERE status = '封存'"), 3);
  EXPECT_GT(count("human_resources.db", "SELECT count(*) FROM contribution WHERE paid = 0"), 3);
  EXPECT_GT(count("public_security.db", "SELECT count(*) FROM person WHERE birth_date > '2008'"),
            20);
  EXPECT_GT(
      count("public_security.db", "SELECT count(*) FROM person WHERE relation_to_head <> '户主'"),
      50);
  EXPECT_LT(count("housing_fund.db", "SELECT count(*) FROM account"), 450);
}

TEST_F(PopulationTest, DatesNeverContradictEachOther) {
  ASSERT_TRUE(write_population(folder_, options(2000)).ok());
  EXPECT_TRUE(rows(folder_ / "public_security.db",
                   "SELECT * FROM id_card JOIN person USING(id_no) WHERE valid_from < birth_date "
                   "OR valid_to <= valid_from OR valid_from > '2026-11-01'")
                  .empty());
  EXPECT_TRUE(rows(folder_ / "housing_fund.db",
                   "SELECT * FROM account WHERE substr(open_date, 1, 7) > paid_to "
                   "OR balance < 0 OR monthly <= 0 OR paid_to > '2026-10'")
                  .empty());
  EXPECT_TRUE(rows(folder_ / "human_resources.db",
                   "SELECT id_no FROM contribution GROUP BY id_no HAVING max(period_ym) <> "
                   "'2026-10' OR min(total_months) < 0")
                  .empty());
}

TEST_F(PopulationTest, FilesArePrivateAndNeverOverwritten) {
  ASSERT_TRUE(write_population(folder_, options(10)).ok());
  for (const char* name :
       {"public_security.db", "human_resources.db", "housing_fund.db", "people.json"}) {
    EXPECT_EQ(std::filesystem::status(folder_ / name).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
        << name;
  }
  const auto again = write_population(folder_, options(10));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, "population.exists");
}

TEST_F(PopulationTest, BadOptionsAreNamed) {
  for (const int count : {0, -1, 100'001}) {
    const auto status = write_population(folder_, options(count));
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().field, "count");
  }
  PopulationOptions bad = options(10);
  bad.month = 13;
  EXPECT_EQ(write_population(folder_, bad).error().field, "month");
  EXPECT_EQ(write_population(folder_ / "nowhere", options(10)).error().code, "file.io");
}

}  // namespace
}  // namespace qc::samples
