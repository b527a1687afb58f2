// A MariaDB server of the test's own: in a temporary folder, on a free loopback port.
#pragma once

#include <filesystem>
#include <string>
#include <sys/types.h>

#include "host/database/database.hpp"

namespace qc::database::test {

/// Ends the program with the reason when the server cannot be had: these tests are never skipped.
class MariaDb {
 public:
  /// Installs, starts, and makes the user that the tests work as. Takes a few seconds.
  MariaDb();
  ~MariaDb();
  MariaDb(const MariaDb&) = delete;
  MariaDb& operator=(const MariaDb&) = delete;

  /// The one that this test program shares; started at first use, gone at the end.
  static MariaDb& shared();

  /// Makes an empty database and returns how to reach it.
  MysqlOptions fresh_database();
  /// "mysql://…" for `options`, and the file with the password.
  std::string url(const MysqlOptions& options) const;
  std::filesystem::path password_file() const { return directory_ / "password"; }

  /// As kill -9, and as when it stands still without answering.
  void kill();
  void freeze();
  void thaw();
  /// After kill(): the same data, the same port.
  void start();

 private:
  MysqlOptions options_for(const std::string& database, const std::string& user) const;
  void install();
  void set_password();

  std::filesystem::path directory_;
  int port_ = 0;
  pid_t pid_ = -1;
  int databases_ = 0;
};

}  // namespace qc::database::test
