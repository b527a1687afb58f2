#include "sdk/plugin/mapping/mysql_source.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <unistd.h>

#include <cppconn/driver.h>
#include <cppconn/exception.h>
#include <cppconn/parameter_metadata.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/resultset.h>
#include <cppconn/resultset_metadata.h>
#include <cppconn/statement.h>

#include "sdk/base/files.hpp"
#include "sdk/plugin/mapping/outbound.hpp"
#include "sdk/plugin/mapping/sqlite_source.hpp"

namespace qc::plugin {
namespace {

constexpr int kMaxSessions = 16;
constexpr std::size_t kMaxIdleSessions = 8;
constexpr int kIoTimeoutSeconds = 10;  ///< what a session that nobody waits for lives on
constexpr std::int64_t kCheckMs = 3000;
constexpr std::int64_t kProbeMs = 1000;
constexpr std::size_t kMaxPasswordBytes = 1024;

struct Server {
  std::string user, address, database, password;
  OutboundAccess outbound;
};

/// Client and server error numbers: MySQL 8.0 Error Message Reference.
bool session_lost(int code) {
  return code == 1053 || code == 1152 || code == 1927 || code == 2006 || code == 2013 ||
         code == 2014 || code == 2055;
}
bool mapping_fault(int code) {
  return code == 1054 /* column */ || code == 1064 /* syntax */ || code == 1146 /* table */;
}

/// The connector's text may quote a value: only the number is passed on.
Error mysql_error(const Lookup& lookup, int code) {
  if (mapping_fault(code)) return lookup_mismatch(lookup);
  return source_away("the database answered with MySQL error " + std::to_string(code));
}

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Creating the driver is not thread-safe in the library; it lives as long as the process.
sql::Driver* mysql_driver() {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  return get_driver_instance();
}

struct Question {
  Lookup lookup;
  std::string key;
  bool prepare_only = false;
  Moment moment;
};

/// A connection, used by the session's own thread alone.
class MysqlConnection {
 public:
  explicit MysqlConnection(const Server& server) : server_(server) {}

  Result<Rows> answer(const Question& question) {
    const bool kept = connection_ != nullptr;
    int code = 0;
    Result<Rows> rows = attempt(question, code);
    // A session that was kept may be of a server that is gone by now; to read twice does no harm.
    if (kept && session_lost(code)) rows = attempt(question, code);
    return rows;
  }

 private:
  Result<Rows> attempt(const Question& question, int& code) {
    try {
      code = 0;
      if (!connection_) connect();
      return read(question);
    } catch (const sql::SQLException& failure) {
      code = failure.getErrorCode();
      if (!mapping_fault(code)) connection_.reset();
      return mysql_error(question.lookup, code);
    } catch (const std::exception&) {
      connection_.reset();
      return source_away("the connector failed");
    }
  }

  void connect() {
    sql::ConnectOptionsMap options;
    // Confined, the connector's own connect() takes any granted address for a path (abi.h).
    const bool path = server_.outbound.connects_paths() || server_.address.starts_with('/');
    options["hostName"] = (path ? "unix://" : "tcp://") + server_.address;
    options["userName"] = server_.user;
    options["password"] = server_.password;
    options["schema"] = server_.database;
    options["OPT_CONNECT_TIMEOUT"] = kIoTimeoutSeconds;
    options["OPT_READ_TIMEOUT"] = kIoTimeoutSeconds;
    options["OPT_WRITE_TIMEOUT"] = kIoTimeoutSeconds;
    options["OPT_CHARSET_NAME"] = std::string("utf8mb4");
    std::unique_ptr<sql::Connection> fresh(mysql_driver()->connect(options));
    const std::unique_ptr<sql::Statement> statement(fresh->createStatement());
    statement->execute("SET NAMES utf8mb4");
    statement->execute("SET SESSION TRANSACTION READ ONLY");
    connection_ = std::move(fresh);
  }

  Result<Rows> read(const Question& question) {
    const Lookup& lookup = question.lookup;
    const std::unique_ptr<sql::PreparedStatement> statement(
        connection_->prepareStatement(lookup_sql(lookup, '`', "?")));
    if (question.prepare_only) return Rows{};
    const unsigned parameters = statement->getParameterMetaData()->getParameterCount();
    for (unsigned i = 1; i <= parameters; ++i) statement->setString(i, question.key);
    const std::unique_ptr<sql::ResultSet> result(statement->executeQuery());
    QC_ASSIGN(const std::vector<unsigned> places, places_of(*result->getMetaData(), lookup));
    Rows rows;
    RowBudget budget;
    while (result->next()) {
      Row row;
      for (const unsigned place : places) {
        if (result->isNull(place)) {
          row.emplace_back();
        } else {
          row.emplace_back(result->getString(place).asStdString());
        }
      }
      QC_TRY(budget.add(row));
      rows.rows.push_back(std::move(row));
    }
    return rows;
  }

  static Result<std::vector<unsigned>> places_of(sql::ResultSetMetaData& names,
                                                 const Lookup& lookup) {
    std::vector<unsigned> places;
    const unsigned count = names.getColumnCount();
    for (const std::string& column : lookup.columns) {
      unsigned place = 1;
      while (place <= count && names.getColumnLabel(place).asStdString() != column) ++place;
      if (place > count) {
        return invalid("mapping.invalid", "expected a query with the column " + column,
                       lookup.where);
      }
      places.push_back(place);
    }
    return places;
  }

  const Server& server_;
  std::unique_ptr<sql::Connection> connection_;
};

/// A connection with a thread of its own, so that who asks can leave at the deadline while the
/// connector, whose timeouts are whole seconds, still waits. A session that was left ends by
/// itself.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<const Server> server, std::shared_ptr<std::atomic<int>> alive)
      : server_(std::move(server)), alive_(std::move(alive)) {
    ++*alive_;
  }
  ~Session() { --*alive_; }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start() {
    std::thread([self = shared_from_this()] { self->serve(); }).detach();
  }

  /// One thread at a time. Nothing when the deadline came first; the session is then of no more
  /// use.
  std::optional<Result<Rows>> ask(Question question, std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    question_ = std::move(question);
    answer_.reset();
    change_.notify_all();
    if (!change_.wait_for(lock, patience, [&] { return answer_.has_value(); })) {
      ended_ = true;
      return std::nullopt;
    }
    return std::move(answer_);
  }

  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    change_.notify_all();
  }

 private:
  void serve() {
    mysql_driver()->threadInit();
    {
      MysqlConnection connection(*server_);
      std::unique_lock lock(mutex_);
      for (;;) {
        change_.wait(lock, [&] { return ended_ || question_.has_value(); });
        if (ended_) break;
        const Question question = std::move(*question_);
        question_.reset();
        lock.unlock();
        Result<Rows> answer = connection.answer(question);
        lock.lock();
        answer_ = std::move(answer);
        change_.notify_all();
      }
    }
    mysql_driver()->threadEnd();
  }

  const std::shared_ptr<const Server> server_;
  const std::shared_ptr<std::atomic<int>> alive_;
  std::mutex mutex_;
  std::condition_variable change_;
  std::optional<Question> question_;
  std::optional<Result<Rows>> answer_;
  bool ended_ = false;
};

class MysqlSource final : public Source {
 public:
  MysqlSource(Server server, std::optional<std::vector<std::string>> tables)
      : tables_(std::move(tables)),
        server_(std::make_shared<const Server>(std::move(server))),
        alive_(std::make_shared<std::atomic<int>>(0)) {}
  ~MysqlSource() override {
    for (const auto& session : idle_) session->end();
  }

  Status check(const Lookup& lookup) override {
    QC_TRY(check_granted(lookup));
    const auto prepared = ask({lookup, {}, true, {}}, kCheckMs);
    if (prepared.ok() || prepared.error().code == "source.unavailable") return {};
    return prepared.error();
  }

  Result<Rows> fetch(const Lookup& lookup, const std::string& key, const Moment& moment) override {
    // A tenth less than there is: that the server was too slow must still be said in time.
    return ask({lookup, key, false, moment}, moment.left_ms() * 9 / 10 + 1);
  }

  Health health() override {
    const std::lock_guard lock(mutex_);
    return {fault_.empty(), fault_};
  }

 private:
  /// What a query of its own reads nobody sees but the server: there a right to read does it.
  Status check_granted(const Lookup& lookup) const {
    if (!tables_) return {};
    if (!lookup.query.empty()) {
      Error error = table_not_granted("of a query", lookup.where);
      error.message =
          "what a query reads cannot be held to the granted tables: have the mapping name a table";
      return error;
    }
    if (std::find(tables_->begin(), tables_->end(), lookup.table) != tables_->end()) return {};
    return table_not_granted(lookup.table, lookup.where);
  }

  Result<Rows> ask(Question question, std::int64_t patience_ms) {
    const std::shared_ptr<Session> session = take();
    if (!session) return source_away("every session of the database is waiting for it");
    auto answer = session->ask(std::move(question), std::chrono::milliseconds(patience_ms));
    if (!answer) {
      note("the database did not answer in time");
      return source_away("the database did not answer in time");
    }
    const bool away = !answer->ok() && answer->error().code == "source.unavailable";
    note(away ? answer->error().message : std::string());
    give_back(session);
    return std::move(*answer);
  }

  std::shared_ptr<Session> take() {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::shared_ptr<Session> session = std::move(idle_.back());
      idle_.pop_back();
      return session;
    }
    if (*alive_ >= kMaxSessions) return nullptr;
    auto session = std::make_shared<Session>(server_, alive_);
    session->start();
    return session;
  }
  void give_back(const std::shared_ptr<Session>& session) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMaxIdleSessions) {
      idle_.push_back(session);
    } else {
      session->end();
    }
  }
  void note(std::string fault) {
    const std::lock_guard lock(mutex_);
    fault_ = std::move(fault);
  }

  const std::optional<std::vector<std::string>> tables_;
  const std::shared_ptr<const Server> server_;
  const std::shared_ptr<std::atomic<int>> alive_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Session>> idle_;
  std::string fault_;
};

Status read_server(const std::string& url, const std::string& field, Server& server) {
  const Error wrong =
      invalid("mapping.invalid",
              "expected mysql://user@host:port/database or mysql://user@/socket?database", field);
  constexpr std::string_view kScheme = "mysql://";
  const std::size_t at = url.find('@');
  if (!url.starts_with(kScheme) || at == std::string::npos || at == kScheme.size()) return wrong;
  server.user = url.substr(kScheme.size(), at - kScheme.size());
  const std::string rest = url.substr(at + 1);
  const std::size_t cut = rest.starts_with('/') ? rest.rfind('?') : rest.find('/');
  if (cut == std::string::npos || cut == 0 || cut + 1 == rest.size()) return wrong;
  server.address = rest.substr(0, cut);
  server.database = rest.substr(cut + 1);
  return {};
}

}  // namespace

Result<std::unique_ptr<Source>> open_mysql_source(const SourceOpening& opening) {
  const JsonReader& settings = opening.settings;
  const std::string field = settings.field(opening.spec.setting);
  QC_ASSIGN(const std::string url, settings.text(opening.spec.setting, 1024));
  QC_ASSIGN(const OutboundAccess outbound, OutboundAccess::of(opening.host));
  Server server{{}, {}, {}, {}, outbound};
  QC_TRY(read_server(url, field, server));
  // Once, because the connector connects by itself: whether it may is said here by name. That the
  // server is away is no matter yet.
  const auto probe = outbound.open(server.address, now_ms() + kProbeMs);
  if (probe.ok()) {
    close(*probe);
  } else if (probe.error().code == "source.not_granted") {
    return probe.error().at(field);
  }
  QC_ASSIGN(const std::string file, settings.text(opening.spec.secret, 4096));
  auto password = read_file(file, kMaxPasswordBytes);
  if (!password.ok()) {
    return source_away("the password's file: " + password.error().message)
        .at(settings.field(opening.spec.secret));
  }
  server.password = password->substr(0, password->find_first_of("\r\n"));
  return std::unique_ptr<Source>(std::make_unique<MysqlSource>(
      std::move(server),
      opening.tables == nullptr ? std::nullopt : std::optional(*opening.tables)));
}

}  // namespace qc::plugin
