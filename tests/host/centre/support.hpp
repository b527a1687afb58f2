// A ledger and a view of it, on either backend.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/centre/centre.hpp"
#include "host/database/database.hpp"
#include "tests/host/centre/story.hpp"
#include "tests/host/database/mariadb.hpp"
#include "tests/paths.hpp"

namespace qc::centre::test {

using database::Dialect;

class ViewTest : public ::testing::TestWithParam<Dialect> {
 protected:
  void SetUp() override {
    options_.migrations_dir = qc::tests::source_dir() + "/sql";
    options_.clock_ms = [] { return chain::test::kStart * 1000 + 5000; };
    if (GetParam() == Dialect::kSqlite) {
      location_.sqlite.file = folder_.path() / "view.db";
      options_.url = "sqlite:" + location_.sqlite.file.string();
    } else {
      auto& server = database::test::MariaDb::shared();
      location_.dialect = Dialect::kMysql;
      location_.mysql = server.fresh_database();
      options_.url = server.url(location_.mysql);
      options_.password_file = server.password_file().string();
    }
    ledger_ = open_ledger("ledger");
  }

  std::unique_ptr<chain::Ledger> open_ledger(const std::string& name) {
    return chain::test::must_open(chain::test::options_in(folder_.path() / name));
  }
  void open_centre() {
    auto centre = Centre::open(options_, *ledger_);
    ASSERT_TRUE(centre.ok()) << centre.error().code << ": " << centre.error().message;
    centre_ = std::move(centre).value();
  }
  void level() {
    const Status status = centre_->wait_for(ledger_->size(), 20000);
    ASSERT_TRUE(status.ok()) << status.error().message;
  }
  static Json must(Result<Json> answer) {
    if (answer.ok()) return std::move(answer).value();
    ADD_FAILURE() << answer.error().code << ": " << answer.error().message;
    return Json::object();
  }

  /// Every row of every table, as text: two views with the same dump are the same.
  std::string dump();
  /// Runs a statement behind the centre's back.
  void meddle(const std::string& sql);
  /// All rows, for tables of a handful of rows.
  std::vector<std::vector<std::string>> rows(const std::string& sql, unsigned columns);

  chain::test::TempDir folder_;
  database::Location location_;
  CentreOptions options_;
  std::unique_ptr<chain::Ledger> ledger_;
  std::unique_ptr<Centre> centre_;
};

}  // namespace qc::centre::test
