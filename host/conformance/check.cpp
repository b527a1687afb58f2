#include "host/conformance/check.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "host/conformance/checks.hpp"
#include "host/plugin/settings.hpp"
#include "sdk/base/file_descriptor.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/keystore.hpp"

namespace qc::conformance {
namespace {

constexpr std::size_t kMaxLibraryBytes = 256U << 20U;
constexpr std::size_t kMaxVerdictBytes = 64U << 10U;

constexpr std::array kChecks{
    Check{"manifest", &check_manifest},
    Check{"exports", &check_exports},
    Check{"load_time", &check_load_time},
    Check{"version", &check_version},
    Check{"fixture", &check_fixture},
    Check{"extensions", &check_extensions},
    Check{"messages", &check_messages},
    Check{"deadlines", &check_deadlines},
    Check{"capabilities", &check_capabilities},
    Check{"repeatable", &check_repeatable},
    Check{"leaks", &check_leaks},
    Check{"exceptions", &check_exceptions},
};

/// Files that stand in for what an operator would configure; gone with this.
class Workshop {
 public:
  static Result<Workshop> make() {
    std::string name = (std::filesystem::temp_directory_path() / "qc-check-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return unavailable("file.io", "no temporary folder");
    Workshop made(name);
    const std::string passphrase = to_base64url(random_bytes(24));
    QC_TRY(write_file(made.folder_ / "passphrase", passphrase + "\n", FileMode::kPrivate));
    QC_TRY(write_file(made.folder_ / "pseudonym.key", to_hex(random_bytes(32)) + "\n",
                      FileMode::kPrivate));
    QC_TRY(crypto::save_key(made.folder_ / "key.pem", crypto::PrivateKey::generate(), passphrase,
                            crypto::PassphraseKind::kRandom));
    return made;
  }
  ~Workshop() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  Workshop(Workshop&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}
  Workshop& operator=(Workshop&&) = delete;

  Json settings() const {
    return {{"key", (folder_ / "key.pem").string()},
            {"passphrase_file", (folder_ / "passphrase").string()},
            {"pseudonym_key_file", (folder_ / "pseudonym.key").string()}};
  }

 private:
  explicit Workshop(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path folder_;
};

/// Memory that a child writes and its parent reads, although the child may have died.
class SharedNote {
 public:
  SharedNote() {
    void* memory =
        ::mmap(nullptr, Note::kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memory_ = memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
  }
  ~SharedNote() {
    if (memory_ != nullptr) ::munmap(memory_, Note::kSize);
  }
  SharedNote(const SharedNote&) = delete;
  SharedNote& operator=(const SharedNote&) = delete;
  char* memory() const { return memory_; }
  std::string text() const {
    return memory_ == nullptr ? std::string()
                              : std::string(memory_, ::strnlen(memory_, Note::kSize));
  }

 private:
  char* memory_ = nullptr;
};

/// The child: standard streams away, so that a plugin's words are no part of the report.
[[noreturn]] void run_child(const Check& check, const Bench& bench, int out) {
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2; ++fd) ::dup2(nowhere, fd);
  Verdict verdict;
  try {
    verdict = check.run(bench);
  } catch (const std::exception& failure) {
    verdict = failed(std::string("the check itself failed: ") + failure.what());
  }
  const std::string text =
      Json{{"outcome", static_cast<int>(verdict.outcome)}, {"detail", verdict.detail}}.dump(
          -1, ' ', false, Json::error_handler_t::replace);
  const ssize_t written = ::write(out, text.data(), std::min(text.size(), kMaxVerdictBytes));
  // Not exit(): handlers of the plugin's or of this program's would run in a half-known state.
  ::_exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
}

std::string end_of(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return "the process was ended by signal " + std::to_string(signal) + " (" +
           ::strsignal(signal) + ")";
  }
  return "the process ended with exit code " + std::to_string(WEXITSTATUS(status));
}

/// Reads until the other end is closed or time is up.
std::string read_verdict(int fd, std::int64_t until_ms) {
  std::string text;
  std::array<char, 4096> chunk{};
  while (text.size() < kMaxVerdictBytes) {
    pollfd one{fd, POLLIN, 0};
    const std::int64_t left = until_ms - steady_ms();
    if (left <= 0 || ::poll(&one, 1, static_cast<int>(left)) <= 0) break;
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got <= 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return text;
}

CheckResult run_check(const Check& check, const CheckOptions& options, const Subject& subject) {
  CheckResult result{std::string(check.name), Outcome::kFailed, "", 0};
  const SharedNote note;
  std::array<int, 2> ends{};
  if (note.memory() == nullptr || ::pipe2(ends.data(), O_CLOEXEC) != 0) {
    result.detail = "no memory or descriptor is left for the check's process";
    return result;
  }
  FileDescriptor in(ends[0]);
  FileDescriptor out(ends[1]);
  const std::int64_t began = steady_ms();
  const pid_t child = ::fork();
  if (child == 0) run_child(check, {options, subject, Note(note.memory())}, out.get());
  out.reset();
  const std::string text = child > 0 ? read_verdict(in.get(), began + options.timeout_ms) : "";
  const bool late = steady_ms() - began >= options.timeout_ms;
  // Whatever it said: it has nothing more to do, and a thread of the plugin's may hold it up.
  int status = 0;
  if (child > 0) {
    if (late) ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
  }
  result.elapsed_ms = steady_ms() - began;
  const auto verdict = parse_json(text);
  if (verdict.ok()) {
    result.outcome = static_cast<Outcome>(verdict->value("outcome", 1));
    result.detail = text_of(*verdict, "detail");
    return result;
  }
  const std::string doing = note.text();
  result.detail =
      (late ? "no end after " + std::to_string(options.timeout_ms) + " ms" : end_of(status)) +
      (doing.empty() ? "" : ": " + doing);
  return result;
}

Result<Subject> read_subject(const CheckOptions& options, const Workshop& workshop) {
  Subject subject;
  auto manifest = read_json_file(options.package / "manifest.json");
  if (!manifest.ok()) return invalid("package.invalid", manifest.error().message, "manifest.json");
  subject.manifest = std::move(*manifest);
  subject.plugin = text_of(subject.manifest, "plugin");
  subject.kind = text_of(subject.manifest, "kind");
  subject.owner = text_of(subject.manifest, "owner");
  const std::filesystem::path library = text_of(subject.manifest, "library");
  if (subject.plugin.empty() || library.empty() || library.has_parent_path()) {
    return invalid("package.invalid", "\"plugin\" or \"library\" is missing", "manifest.json");
  }
  QC_ASSIGN(subject.library, read_file(options.package / library, kMaxLibraryBytes));
  subject.settings = workshop.settings();
  if (!options.fixture.empty()) {
    QC_ASSIGN(subject.fixture, read_fixture(options.fixture));
  }
  if (options.settings.empty()) return subject;
  const auto place = std::filesystem::absolute(options.settings);
  std::error_code ignored;
  if (!std::filesystem::exists(place, ignored)) {
    return not_found("file.not_found", "there is no such file").at(place.string());
  }
  QC_ASSIGN(const Json given, plugin::read_settings(place.parent_path(), place.stem().string()));
  subject.settings.update(given);
  return subject;
}

}  // namespace

void Note::set(std::string_view text) const {
  const std::size_t size = std::min(text.size(), kSize - 1);
  std::memcpy(memory_, text.data(), size);
  memory_[size] = '\0';
}

std::span<const Check> all_checks() { return kChecks; }

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPassed:
      return "passed";
    case Outcome::kSkipped:
      return "skipped";
    default:
      return "failed";
  }
}

std::vector<std::string> check_names() {
  std::vector<std::string> out;
  for (const Check& check : all_checks()) out.emplace_back(check.name);
  return out;
}

Result<std::vector<CheckResult>> run_checks(const CheckOptions& options) {
  const std::vector<std::string> names = check_names();
  for (const std::string& name : options.only) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return invalid("usage.invalid", "there is no such check", name);
    }
  }
  QC_ASSIGN(const Workshop workshop, Workshop::make());
  QC_ASSIGN(const Subject subject, read_subject(options, workshop));
  std::vector<CheckResult> out;
  for (const Check& check : all_checks()) {
    const bool wanted = options.only.empty() || std::find(options.only.begin(), options.only.end(),
                                                          check.name) != options.only.end();
    if (wanted) out.push_back(run_check(check, options, subject));
  }
  return out;
}

}  // namespace qc::conformance
