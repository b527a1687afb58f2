// Runs what the documents tell the reader to run: the blocks marked ```sh of a document, in order,
// in one bash, in a folder that looks like the repository after a build.
#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "host/cli/process.hpp"
#include "sdk/base/bytes.hpp"
#include "sdk/base/files.hpp"
#include "tests/docs/sources.hpp"
#include "tests/paths.hpp"

namespace qc::tests {
namespace {

namespace fs = std::filesystem;

constexpr int kTimeoutS = 100;

/// The script of a document; each block says on standard error where it stands. What it started in
/// the background ends with it, by process id.
std::string script_of(const std::string& name, const std::string& text) {
  std::string script =
      "set -euo pipefail\n"
      "trap 'for pid in $(jobs -p); do kill \"$pid\" 2>/dev/null || true; done; wait' EXIT\n";
  std::size_t number = 0;
  bool inside = false;
  for (const std::string& line : lines_of(text)) {
    ++number;
    if (inside && line.starts_with("```")) {
      inside = false;
    } else if (line == "```sh") {
      inside = true;
      script += "echo '== " + name + ":" + std::to_string(number) + "' >&2\n";
    } else if (inside) {
      script += line + "\n";
    }
  }
  EXPECT_FALSE(inside) << name << " ends inside a block";
  return script;
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  sockaddr generic{};
  std::memcpy(&generic, &address, sizeof(address));
  const bool bound = ::bind(fd, &generic, size) == 0 && ::getsockname(fd, &generic, &size) == 0;
  EXPECT_TRUE(bound);
  std::memcpy(&address, &generic, sizeof(address));
  ::close(fd);
  return ntohs(address.sin_port);
}

/// A folder with links to all that the repository has, and to the build folder as build/release.
class Workplace {
 public:
  Workplace() : folder_(fs::temp_directory_path() / ("quancheng-docs-" + to_hex(random_bytes(6)))) {
    fs::create_directories(folder_ / "build");
    fs::permissions(folder_, fs::perms::owner_all);
    for (const auto& entry : fs::directory_iterator(qc::tests::source_dir())) {
      const std::string name = entry.path().filename().string();
      if (name == "build" || name == "data" || name.starts_with(".")) continue;
      fs::create_symlink(entry.path(), folder_ / name);
    }
    fs::create_directory_symlink(qc::tests::binary_dir(), folder_ / "build" / "release");
  }
  ~Workplace() {
    std::error_code ignored;
    if (!::testing::Test::HasFailure()) fs::remove_all(folder_, ignored);
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  Result<cli::Finished> run(const std::string& script) const {
    QC_TRY(write_file(folder_ / "script.sh", script, FileMode::kPrivate));
    // timeout(1) gives the script a process group of its own and ends all of it when time is up.
    return cli::run_process(
        {"/usr/bin/timeout", "--kill-after=5", std::to_string(kTimeoutS), "/usr/bin/env",
         "--chdir=" + folder_.string(), "--unset=QUANCHENG_PROFILE", "--unset=QUANCHENG_WALLET",
         "PORT=" + std::to_string(free_port()), "/bin/bash", "script.sh"},
        {}, (kTimeoutS + 15) * 1000);
  }
  const fs::path& folder() const { return folder_; }

 private:
  const fs::path folder_;
};

std::string tail(const std::string& text) {
  constexpr std::size_t kShown = 3000;
  return text.size() > kShown ? "…" + text.substr(text.size() - kShown) : text;
}

class Document : public ::testing::TestWithParam<std::string> {};

TEST_P(Document, DoesWhatItSays) {
  const Workplace place;
  const std::string script = script_of(GetParam(), text_of_file(GetParam()));
  ASSERT_NE(script.find("\necho '== "), std::string::npos) << "nothing to run";
  const auto finished = place.run(script);
  ASSERT_TRUE(finished.ok()) << finished.error().message;
  EXPECT_EQ(finished->exit_code, 0) << "kept: " << place.folder() << "\n--- output\n"
                                    << tail(finished->out) << "\n--- errors\n"
                                    << tail(finished->err);
}

std::string name_of(const ::testing::TestParamInfo<std::string>& document) {
  std::string name = fs::path(document.param).stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, Document,
                         ::testing::Values("docs/operations.md", "docs/plugin-guide.md",
                                           "docs/bank-guide.md"),
                         name_of);

// A document nobody runs would rot: whoever adds one with such a block adds it above.
TEST(Documents, AllThatCanBeRunAreRun) {
  const std::set<std::string> run = {"operations.md", "plugin-guide.md", "bank-guide.md"};
  for (const auto& entry : fs::directory_iterator(fs::path(qc::tests::source_dir()) / "docs")) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".md") continue;
    const bool runnable = text_of_file("docs/" + name).find("\n```sh\n") != std::string::npos;
    EXPECT_EQ(runnable, run.contains(name)) << name;
  }
}

TEST(Runner, StopsAtTheFirstFailureAndNamesIt) {
  const Workplace place;
  const auto finished = place.run(script_of("doc",
                                            "x\n```sh\ntrue\n```\n```text\nno\n```\n```sh\n"
                                            "false | cat\n```\n```sh\ntouch reached\n```\n"));
  ASSERT_TRUE(finished.ok());
  EXPECT_NE(finished->exit_code, 0);
  EXPECT_EQ(finished->err, "== doc:2\n== doc:8\n");
  EXPECT_FALSE(fs::exists(place.folder() / "reached"));
}

TEST(Runner, EndsWhatTheScriptLeftRunning) {
  const Workplace place;
  const auto finished = place.run(script_of("doc", "```sh\nsleep 90 &\necho $!\n```\n"));
  ASSERT_TRUE(finished.ok());
  EXPECT_EQ(finished->exit_code, 0) << finished->err;
  const std::string pid = finished->out.substr(0, finished->out.find('\n'));
  ASSERT_FALSE(pid.empty());
  EXPECT_FALSE(fs::exists("/proc/" + pid));
}

}  // namespace
}  // namespace qc::tests
