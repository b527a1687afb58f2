// Any bytes as the rows of a snapshot and as co-signatures beside a chunk: damaged, or whole in
// every row.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>

#include "host/chain/snapshot_rows.hpp"
#include "host/chain/witnesses.hpp"

namespace {

/// A file in memory that the reader opens by its name.
std::string file_of(std::string_view bytes) {
  static const std::string kPath = "/dev/shm/qc-fuzz-rows-" + std::to_string(::getpid());
  std::FILE* const file = std::fopen(kPath.c_str(), "wb");
  if (file == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size()) {
    std::abort();
  }
  std::fclose(file);
  return kPath;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // The fuzzer cannot make hashes, so the input's digest is made to fit as well.
  std::string fitting(bytes);
  fitting.append(qc::as_text(qc::ByteView(qc::crypto::sm3(bytes))));
  for (const std::string_view text : {bytes, std::string_view(fitting)}) {
    std::size_t seen = 0;
    const auto read = qc::chain::read_rows(
        file_of(text), [&](std::string_view key, std::string_view value) -> qc::Status {
          seen += key.size() + value.size();
          return key.empty() ? qc::invalid("fuzz.empty", "a row without a key") : qc::Status();
        });
    if (seen > text.size()) std::abort();
    if (!read && read.error().code != "snapshot.damaged") std::abort();
  }
  const auto witnessed = qc::chain::parse_witnessed(bytes);
  if (witnessed.complete_bytes + witnessed.torn.size() != bytes.size()) std::abort();
  return 0;
}
