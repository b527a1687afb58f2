// Any bytes on a lane, from a plugin's process that may be anybody by now: no answer to this call,
// or one within its bounds; and any text as what the plugin says.
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

#include "host/plugin/lane.hpp"
#include "host/plugin/runner/wire.hpp"

namespace {

constexpr std::size_t kMostAnswer = 4096;

void check_answer(const qc::plugin::RawAnswer& raw) {
  const auto answer = qc::plugin::read_answer("liar", raw, kMostAnswer);
  if (answer) {
    if (!answer->is_object() || raw.status != 0) std::abort();
    return;
  }
  // The plugin's own word reaches callers and the ledger: a plain code, and its side.
  const qc::Error& error = answer.error();
  if (error.code.empty() || error.code.size() > 64 || error.side != qc::Side::kProvider) {
    std::abort();
  }
  for (const char c : error.code) {
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_') std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qc::plugin;  // NOLINT: one function
  if (size < 2 || size > 16384) return 0;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
  std::string sent(reinterpret_cast<const char*>(data) + 2, size - 2);
  if ((data[0] & 1U) != 0) {  // else the fuzzer would have to find the header
    wire::AnswerHeader header;
    header.id = 1;
    header.status = static_cast<std::int8_t>(data[1]);
    header.flags = data[0] >> 6U;
    header.answer_bytes = static_cast<std::uint32_t>(sent.size());
    sent.insert(0, reinterpret_cast<const char*>(&header), sizeof header);
  }
  if (::send(ends[1], sent.data(), sent.size(), MSG_NOSIGNAL) < 0) std::abort();
  ::shutdown(ends[1], SHUT_WR);
  const std::string method = "m";
  Lane lane{qc::FileDescriptor(ends[0])};
  RawAnswer answer;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  const LaneFault fault = lane.exchange({method, method, 0, kMostAnswer}, until, answer);
  ::close(ends[1]);
  if (fault == LaneFault::kLate) std::abort();
  if (fault == LaneFault::kNone) {
    if (answer.text.size() > kMostAnswer) std::abort();
    check_answer(answer);
  }
  check_answer({std::string(reinterpret_cast<const char*>(data) + 2, size - 2),
                static_cast<std::int8_t>(data[1]), false, false});
  return 0;
}
