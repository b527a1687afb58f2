#include "tests/e2e/live_city.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "sdk/base/files.hpp"
#include "sdk/crypto/keystore.hpp"

namespace qc::tests {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

Error failed(std::string message) { return internal("live.failed", std::move(message)); }

/// In the child between fork and exec: only async-signal-safe calls.
[[noreturn]] void become_host(const char* program, const char* config, int out, int log) {
  ::dup2(out, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::signal(SIGINT, SIG_DFL);
  ::execl(program, program, "--config", config, static_cast<char*>(nullptr));
  ::_exit(127);
}

/// Reads the one line "ready http://…"; empty when the pipe ends or time is up.
std::string read_ready(int fd, int timeout_ms) {
  std::string text;
  const auto until = Clock::now() + milliseconds(timeout_ms);
  while (Clock::now() < until && text.find('\n') == std::string::npos) {
    pollfd wanted{fd, POLLIN, 0};
    if (::poll(&wanted, 1, 100) <= 0) continue;
    std::array<char, 512> block{};
    const ssize_t got = ::read(fd, block.data(), block.size());
    if (got <= 0) return {};
    text.append(block.data(), static_cast<std::size_t>(got));
  }
  constexpr std::string_view kReady = "ready ";
  if (text.rfind(kReady, 0) != 0) return {};
  return text.substr(kReady.size(), text.find('\n') - kReady.size());
}

}  // namespace

Result<std::unique_ptr<LiveCity>> LiveCity::make(const LiveCityOptions& options) {
  std::unique_ptr<LiveCity> city(new LiveCity(options));
  city->base_ = fs::temp_directory_path() / ("quancheng-e2e-" + to_hex(random_bytes(6)));
  QC_TRY(make_private_directory(city->base_));
  city->dir_ = city->base_ / "city";
  const cli::Finished made = city->run({"city", "init", "--dir", city->dir_.string(),
                                        "--plugins-dir", (options.binary_dir / "plugins").string(),
                                        "--sql-dir", (options.source_dir / "sql").string(),
                                        "--page-dir", (options.binary_dir / "page").string(),
                                        "--port", "0", "--people", std::to_string(options.people)});
  if (made.exit_code != 0) return failed("city init: " + made.err);
  return city;
}

LiveCity::~LiveCity() {
  kill_hard();
  if (failed_ || std::getenv("QC_KEEP_CITY") != nullptr) {
    std::fprintf(stderr, "kept: %s\n", base_.c_str());
    return;
  }
  std::error_code ignored;
  if (!base_.empty()) fs::remove_all(base_, ignored);
}

Status LiveCity::start(int timeout_ms) {
  kill_hard();  // one that ended by itself is still to be reaped
  const std::string program = (options_.binary_dir / "bin" / "quancheng-host").string();
  const std::string config = (dir_ / "host.toml").string();
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return failed("no pipe");
  const int log_fd = ::open(log().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  pid_ = ::fork();
  if (pid_ == 0) become_host(program.c_str(), config.c_str(), pipe[1], log_fd);
  ::close(pipe[1]);
  ::close(log_fd);
  url_ = pid_ > 0 ? read_ready(pipe[0], timeout_ms) : "";
  ::close(pipe[0]);
  if (!url_.empty()) return {};
  if (pid_ > 0) kill_hard();
  failed_ = true;
  const auto said = read_file(log());
  return failed("the host did not become ready: " + (said.ok() ? *said : std::string()));
}

int LiveCity::wait(int timeout_ms) {
  const auto until = Clock::now() + milliseconds(timeout_ms);
  int status = 0;
  for (;;) {
    const pid_t done = ::waitpid(pid_, &status, WNOHANG);
    if (done == pid_) break;
    if (Clock::now() > until) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, &status, 0);
      break;
    }
    std::this_thread::sleep_for(milliseconds(5));
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int LiveCity::stop(int timeout_ms) {
  if (pid_ <= 0) return -1;
  ::kill(pid_, SIGTERM);
  return wait(timeout_ms);
}

void LiveCity::kill_hard() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  wait(30000);
}

bool LiveCity::running() const {
  if (pid_ <= 0) return false;
  siginfo_t info{};
  const int asked = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  return asked == 0 && info.si_pid == 0;
}

fs::path LiveCity::profile(const std::string& account) const {
  return dir_ / "profiles" / (account + ".json");
}

std::string LiveCity::chain() const {
  const auto summary = read_json_file(dir_ / "city.json");
  return summary.ok() ? summary->value("chain", "") : "";
}

cli::Finished LiveCity::run(std::vector<std::string> arguments, std::string_view input) const {
  arguments.insert(arguments.begin(), (options_.binary_dir / "bin" / "quancheng").string());
  auto finished = cli::run_process(arguments, input, 300000);
  if (!finished.ok()) {
    std::fprintf(stderr, "%s: %s\n", arguments[0].c_str(), finished.error().message.c_str());
    std::abort();
  }
  return std::move(finished).value();
}

Json LiveCity::run_json(std::vector<std::string> arguments, int* exit_code,
                        std::string_view input) const {
  arguments.emplace_back("--json");
  const cli::Finished finished = run(std::move(arguments), input);
  if (exit_code != nullptr) *exit_code = finished.exit_code;
  if (finished.exit_code != 0) std::fprintf(stderr, "%s", finished.err.c_str());
  const auto parsed = parse_json(finished.out, {64U << 20U, 32});
  return parsed.ok() ? *parsed : Json();
}

Json LiveCity::run_as(const std::string& account, std::vector<std::string> arguments,
                      int* exit_code) const {
  for (const std::string& text :
       {std::string("--profile"), profile(account).string(), std::string("--url"), url_}) {
    arguments.push_back(text);
  }
  return run_json(std::move(arguments), exit_code);
}

Json LiveCity::story(int* exit_code) const {
  return run_json({"story", "--dir", dir_.string(), "--url", url_}, exit_code);
}

Result<crypto::PrivateKey> LiveCity::key_of(const std::string& account) const {
  QC_ASSIGN(const std::string passphrase,
            crypto::read_passphrase_file(dir_ / "keys" / "passphrase"));
  return crypto::load_key(dir_ / "keys" / (account + ".pem"), passphrase);
}

Result<std::unique_ptr<client::Client>> LiveCity::client(const std::string& account) const {
  client::ClientOptions options;
  options.url = url_;
  options.trusted_chain = chain();
  QC_ASSIGN(options.key, key_of(account));
  QC_ASSIGN(const Json jwk, read_json_file(dir_ / "host.jwk.json"));
  QC_ASSIGN(options.trusted_host, crypto::PublicKey::from_jwk(jwk));
  return client::Client::connect(std::move(options));
}

}  // namespace qc::tests
