#include "host/chain/restored.hpp"

#include <system_error>

#include "host/chain/append_file.hpp"
#include "host/chain/chunk_store.hpp"
#include "host/chain/log.hpp"
#include "sdk/base/files.hpp"
#include "sdk/proof/receipt.hpp"

namespace qc::chain {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxMarkBytes = 1U << 16U;

Result<RestoredMark> parse_mark(const std::string& text) {
  QC_ASSIGN(const Json json, parse_json(text));
  const JsonReader reader(json, kRestoredFile);
  QC_TRY(reader.expect_only({"v", "transactions", "head"}));
  QC_TRY(reader.integer("v", 1, 1));
  RestoredMark mark;
  QC_ASSIGN(const std::int64_t transactions, reader.integer("transactions", 1, INT64_MAX));
  mark.transactions = static_cast<std::uint64_t>(transactions);
  QC_ASSIGN(mark.head, reader.text("head", 4096, 0));
  return mark;
}

/// What to do, in one sentence for each of the two ways.
Error behind(const std::string& why, const Position& position) {
  return conflict("ledger.behind",
                  "this ledger was restored from a snapshot and holds " +
                      std::to_string(position.size) + " transactions; " + why +
                      ". Copy the chunk file " + chunk_name(position.chunk) +
                      " and all after it, with their .heads, from the first host's ledger "
                      "(quancheng ledger export FOLDER COPY --from " +
                      std::to_string(position.chunk) +
                      "); if there is nothing behind it any more, start once with "
                      "--ledger-ends-here");
}

/// Whether the ledger has the tree of this head.
Result<bool> reaches(const proof::TreeHead& head, const Position& position,
                     const RecoveryContext& context) {
  if (head.size > position.size) return false;
  QC_ASSIGN(const bool passed, passed_through(head, position, context.tiles));
  if (passed) return true;
  return internal("ledger.corrupt",
                  std::string(kRestoredFile) + ": the host has signed a head of " +
                      std::to_string(head.size) +
                      " transactions with another root: this is another ledger than the first one");
}

/// Why it is not known to be whole, or "".
Result<std::string> missing(const fs::path& file, const std::string& text, const Position& position,
                            const RecoveryContext& context) {
  const auto mark = parse_mark(text);
  if (!mark) return file.string() + " is unreadable";
  if (mark->head.empty()) return std::string("how far the first host went on is not known");
  const auto head = proof::open_head(mark->head, context.host, context.chain);
  if (!head) return file.string() + " is unreadable: " + head.error().message;
  QC_ASSIGN(const bool whole, reaches(*head, position, context));
  if (whole) return std::string();
  return "its host has signed a head of " + std::to_string(head->size) + " transactions";
}

}  // namespace

Status write_restored(const fs::path& directory, const RestoredMark& mark) {
  const Json json = {{"v", 1}, {"transactions", mark.transactions}, {"head", mark.head}};
  return write_file(directory / kRestoredFile, json.dump() + "\n", FileMode::kPrivate);
}

Status settle_restored(const fs::path& directory, const Position& position,
                       const RecoveryContext& context, bool ends_here) {
  const fs::path file = directory / kRestoredFile;
  const auto text = qc::read_file(file, kMaxMarkBytes);
  if (!text) {
    return text.error().code == "file.not_found" ? Status()
                                                 : unavailable("ledger.io", text.error().message);
  }
  QC_ASSIGN(const std::string why, missing(file, *text, position, context));
  if (!why.empty() && !ends_here) return behind(why, position);
  if (!why.empty()) {
    log_warning("the ledger, restored from a snapshot, goes on after transaction " +
                std::to_string(position.size - 1) +
                " because the operator says that it ends there (" + why + ")");
  }
  std::error_code error;
  fs::remove(file, error);
  if (error) return unavailable("ledger.io", "cannot remove " + file.string());
  return sync_folder(directory);
}

}  // namespace qc::chain
