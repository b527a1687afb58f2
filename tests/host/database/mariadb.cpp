#include "tests/host/database/mariadb.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "sdk/base/bytes.hpp"

namespace qc::database::test {
namespace {

constexpr const char* kUser = "quancheng";
constexpr const char* kPassword = "only-for-this-test";

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << "MariaDB for the tests: " << why << std::endl;
  std::exit(1);
}

std::string find_program(const std::string& name) {
  for (const char* folder : {"/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"}) {
    const std::string path = std::string(folder) + "/" + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  give_up(name + " is missing (Debian package: mariadb-server)");
}

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool ok = socket >= 0 &&
                  ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
                  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (!ok) give_up("no free port on 127.0.0.1");
  ::close(socket);
  return ntohs(address.sin_port);
}

/// Runs a program with its output in `log`; it dies with the test.
pid_t spawn(const std::vector<std::string>& words, const std::filesystem::path& log) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) give_up("cannot start a process");
  if (child > 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

}  // namespace

MariaDb::MariaDb() {
  directory_ = std::filesystem::temp_directory_path() / ("qc-mariadb-" + random_id());
  std::filesystem::create_directories(directory_);
  port_ = free_port();
  install();
  start();
  set_password();
}

MariaDb::~MariaDb() {
  if (pid_ > 0) {
    ::kill(pid_, SIGCONT);
    kill();
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

MariaDb& MariaDb::shared() {
  static MariaDb server;
  return server;
}

void MariaDb::install() {
  std::vector<std::string> words = {find_program("mariadb-install-db"),
                                    "--no-defaults",
                                    "--datadir=" + (directory_ / "data").string(),
                                    "--auth-root-authentication-method=normal",
                                    "--skip-test-db",
                                    "--skip-name-resolve"};
  if (::geteuid() == 0) words.emplace_back("--user=root");
  int status = 0;
  const pid_t child = spawn(words, directory_ / "install.log");
  if (::waitpid(child, &status, 0) != child || status != 0) {
    std::ifstream log(directory_ / "install.log");
    std::cerr << log.rdbuf();
    give_up("mariadb-install-db failed");
  }
}

void MariaDb::start() {
  std::vector<std::string> words = {find_program("mariadbd"),
                                    "--no-defaults",
                                    "--datadir=" + (directory_ / "data").string(),
                                    "--socket=" + (directory_ / "s").string(),
                                    "--pid-file=" + (directory_ / "pid").string(),
                                    "--bind-address=127.0.0.1",
                                    "--port=" + std::to_string(port_),
                                    "--skip-name-resolve",
                                    "--innodb-log-file-size=16M"};
  if (::geteuid() == 0) words.emplace_back("--user=root");
  pid_ = spawn(words, directory_ / "server.log");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(180);
  while (std::chrono::steady_clock::now() < deadline) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) break;
    // Refused credentials are an answer too: after a restart root is no longer open.
    const auto connection = open_mysql(options_for("mysql", "root"));
    if (connection.ok() || connection.error().code == "database.failed") return;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  std::ifstream log(directory_ / "server.log");
  std::cerr << log.rdbuf();
  give_up("mariadbd does not answer");
}

void MariaDb::set_password() {
  auto root = open_mysql(options_for("mysql", "root"));
  if (!root.ok()) give_up(root.error().message);
  const auto status =
      (*root)->run_script("CREATE USER '" + std::string(kUser) + "'@'%' IDENTIFIED BY '" +
                          kPassword + "';\nGRANT ALL ON `qc\\_%`.* TO '" + kUser + "'@'%';\n");
  if (!status.ok()) give_up(status.error().message);
  std::ofstream(password_file()) << kPassword << "\n";
  ::chmod(password_file().c_str(), 0600);
}

MysqlOptions MariaDb::options_for(const std::string& database, const std::string& user) const {
  MysqlOptions options;
  options.host = "127.0.0.1";
  options.port = port_;
  options.user = user;
  options.database = database;
  if (user == kUser) options.password = kPassword;
  return options;
}

MysqlOptions MariaDb::fresh_database() {
  const std::string name = "qc_" + std::to_string(++databases_);
  auto root = open_mysql(options_for("mysql", "root"));
  if (!root.ok()) give_up(root.error().message);
  const auto status = (*root)->run_script("CREATE DATABASE " + name +
                                          " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;");
  if (!status.ok()) give_up(status.error().message);
  return options_for(name, kUser);
}

std::string MariaDb::url(const MysqlOptions& options) const {
  return "mysql://" + options.user + "@" + options.host + ":" + std::to_string(options.port) + "/" +
         options.database;
}

void MariaDb::kill() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void MariaDb::freeze() {
  ::kill(pid_, SIGSTOP);
  // The stop is reported when the last thread stands still; before, one may yet answer.
  int status = 0;
  ::waitpid(pid_, &status, WUNTRACED);
}
void MariaDb::thaw() { ::kill(pid_, SIGCONT); }

}  // namespace qc::database::test
