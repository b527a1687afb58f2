#include "host/database/database.hpp"

#include <charconv>
#include <sys/stat.h>

#include "sdk/base/files.hpp"

namespace qc::database {
namespace {

constexpr std::string_view kSqlitePrefix = "sqlite:";
constexpr std::string_view kMysqlPrefix = "mysql://";
constexpr std::size_t kMaxPasswordBytes = 1024;

Error bad_url(std::string message) {
  return invalid("database.invalid_url", std::move(message), "sql.url");
}

/// Names end up inside SQL identifiers and connection strings: keep to what needs no quoting.
bool plain(std::string_view text, std::string_view extra) {
  if (text.empty() || text.size() > 255) return false;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && extra.find(c) == std::string_view::npos) return false;
  }
  return true;
}

Result<MysqlOptions> parse_mysql(std::string_view rest) {
  MysqlOptions options;
  const std::size_t at = rest.find('@');
  const std::size_t slash = rest.find('/');
  if (at == std::string_view::npos || slash == std::string_view::npos || slash < at) {
    return bad_url("expected mysql://user@host:port/database");
  }
  const std::string_view user = rest.substr(0, at);
  if (user.find(':') != std::string_view::npos) {
    return bad_url("a password does not belong into the URL; use sql.password_file");
  }
  std::string_view host = rest.substr(at + 1, slash - at - 1);
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos) {
    const std::string_view port = host.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), options.port);
    if (error != std::errc() || end != port.data() + port.size() || options.port < 1 ||
        options.port > 65535) {
      return bad_url("the port is not a number from 1 to 65535");
    }
    host = host.substr(0, colon);
  }
  const std::string_view database = rest.substr(slash + 1);
  if (!plain(user, "_-.")) return bad_url("the user name may hold letters, digits, _ - .");
  if (!plain(host, "-.")) return bad_url("the host may hold letters, digits, - .");
  if (!plain(database, "_")) return bad_url("the database name may hold letters, digits, _");
  options.user = user;
  options.host = host;
  options.database = database;
  return options;
}

Result<std::string> read_password(const std::filesystem::path& file) {
  const auto refuse = [&](const std::string& why) {
    return invalid("database.password_file", file.string() + ": " + why, "sql.password_file");
  };
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return refuse("cannot be read");
  if (!S_ISREG(info.st_mode)) return refuse("is not a regular file");
  if ((info.st_mode & 077U) != 0) return refuse("others can read it; run chmod 600 on it");
  auto text = read_file(file, kMaxPasswordBytes);
  if (!text.ok()) return refuse("cannot be read");
  std::string password = std::move(text).value();
  while (!password.empty() && (password.back() == '\n' || password.back() == '\r')) {
    password.pop_back();
  }
  if (password.empty()) return refuse("is empty");
  return password;
}

}  // namespace

std::string_view name_of(Dialect dialect) {
  return dialect == Dialect::kSqlite ? "sqlite" : "mysql";
}

Result<Transaction> Transaction::begin(Connection& connection) {
  QC_TRY(connection.begin());
  return Transaction(connection);
}

Transaction::~Transaction() {
  if (connection_ != nullptr) connection_->rollback();
}

Status Transaction::commit() {
  QC_TRY(connection_->commit());
  connection_ = nullptr;
  return {};
}

std::string Location::display() const {
  if (dialect == Dialect::kSqlite) return "sqlite:" + sqlite.file.string();
  return "mysql://" + mysql.user + "@" + mysql.host + ":" + std::to_string(mysql.port) + "/" +
         mysql.database;
}

Result<Location> locate(std::string_view url, const std::filesystem::path& password_file) {
  Location location;
  if (url.starts_with(kSqlitePrefix)) {
    location.sqlite.file = std::string(url.substr(kSqlitePrefix.size()));
    if (location.sqlite.file.empty()) return bad_url("expected sqlite:<path>");
    return location;
  }
  if (!url.starts_with(kMysqlPrefix)) {
    return bad_url("expected sqlite:<path> or mysql://user@host:port/database");
  }
  location.dialect = Dialect::kMysql;
  QC_ASSIGN(location.mysql, parse_mysql(url.substr(kMysqlPrefix.size())));
  if (!password_file.empty()) {
    QC_ASSIGN(location.mysql.password, read_password(password_file));
  }
  return location;
}

Result<std::unique_ptr<Connection>> connect(const Location& location) {
  return location.dialect == Dialect::kSqlite ? open_sqlite(location.sqlite)
                                              : open_mysql(location.mysql);
}

}  // namespace qc::database
