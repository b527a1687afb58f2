#include "host/chain/witnesses.hpp"

#include <algorithm>

#include "host/chain/append_file.hpp"
#include "host/chain/chunk_store.hpp"
#include "host/chain/line_file.hpp"
#include "host/chain/log.hpp"
#include "sdk/crypto/jose.hpp"
#include "sdk/proof/witness.hpp"

namespace qc::chain {
namespace {

constexpr std::size_t kMaxCosignatureBytes = 4096;
constexpr std::size_t kShownHeads = 1024;
constexpr std::size_t kNewestShown = 16;
/// As seldom as heads are stored, so that nobody can fill the disk.
constexpr auto kLeastInterval = std::chrono::milliseconds(500);

Json witnessed_document(const std::string& cosignature, const std::string& head) {
  return {{"cosignature", cosignature}, {"head", head}};
}

Result<WitnessedLine> read_line(std::string_view line) {
  QC_ASSIGN(const Json json, parse_json(line));
  const JsonReader reader(json, "");
  QC_TRY(reader.expect_only({"cosignature", "head"}));
  WitnessedLine read;
  QC_ASSIGN(read.cosignature, reader.text("cosignature", kMaxCosignatureBytes));
  QC_ASSIGN(read.head, reader.text("head", kMaxCosignatureBytes));
  QC_TRY(expect_spelling(line, witnessed_document(read.cosignature, read.head)));
  return read;
}

/// First index of the chunk whose records reach `size`.
Result<std::uint64_t> chunk_of_size(const std::filesystem::path& folder, std::uint64_t size) {
  QC_ASSIGN(const ChunkListing listing, list_chunks(folder));
  std::uint64_t first = 0;
  for (const ChunkFile& chunk : listing.chunks) {
    if (chunk.first_index < size) first = chunk.first_index;
  }
  return first;
}

}  // namespace

WitnessedFile parse_witnessed(std::string_view bytes) {
  WitnessedFile file;
  read_lines(bytes, file, [&](std::string_view line, std::uint64_t offset) -> Status {
    QC_ASSIGN(WitnessedLine read, read_line(line));
    read.offset = offset;
    file.lines.push_back(std::move(read));
    return {};
  });
  return file;
}

Result<OpenedCosignature> open_cosignature(const std::string& jws, const StateReader& state,
                                           std::string_view chain) {
  const auto parsed = crypto::jws_parse(jws, kMaxCosignatureBytes);
  if (!parsed) return invalid("head.invalid", parsed.error().message);
  const auto entry = state.get("key/" + parsed->kid());
  if (!entry) return unauthenticated("tx.unknown_key", "no account has or had this key");
  QC_ASSIGN(const crypto::PublicKey key, crypto::PublicKey::from_jwk(entry->at("jwk")));
  OpenedCosignature opened;
  QC_ASSIGN(opened.head, proof::open_cosignature(jws, key, chain));
  opened.account = entry->at("account").get<std::string>();
  opened.key_index = entry->at("from").get<std::uint64_t>();
  // A key vouches for nothing that was before it.
  if (opened.key_index >= opened.head.size) {
    return unauthenticated("tx.unknown_key", "the head is older than the witness's key");
  }
  return opened;
}

Result<std::unique_ptr<Witnesses>> Witnesses::open(const Ledger& ledger,
                                                   std::filesystem::path chunks) {
  std::unique_ptr<Witnesses> witnesses(new Witnesses(ledger, std::move(chunks)));
  QC_TRY(witnesses->load());
  return witnesses;
}

Status Witnesses::load() {
  QC_ASSIGN(const ChunkListing listing, list_chunks(chunks_));
  if (listing.witnessed.empty()) return {};
  const auto& path = listing.witnessed.back().path;
  QC_ASSIGN(const std::string bytes, read_file(path));
  const WitnessedFile file = parse_witnessed(bytes);
  if (!file.torn.empty()) {
    QC_ASSIGN(const auto open, open_append_file(path));
    QC_TRY(open->truncate(file.complete_bytes));
    QC_TRY(open->sync());
  }
  if (!file.defect.empty()) {
    log_warning(path.filename().string() + " at byte " + std::to_string(file.defect_offset) + ": " +
                file.defect);
  }
  ledger_.read([&](const StateReader& state) {
    for (const WitnessedLine& line : file.lines) {
      const auto opened = chain::open_cosignature(line.cosignature, state, ledger_.chain());
      if (!opened) continue;  // the audit names it
      last_[opened->account] = {{opened->account, opened->head.size, line.cosignature, line.head},
                                std::nullopt};
    }
  });
  return {};
}

Result<std::string> Witnesses::show() {
  QC_ASSIGN(std::string head, ledger_.head());
  const auto parsed = crypto::jws_parse(head);
  if (!parsed) return parsed.error();
  const std::lock_guard lock(mutex_);
  if (shown_.empty() || shown_.back().payload != parsed->payload) {
    QC_ASSIGN(const proof::TreeHead opened,
              proof::open_head(head, ledger_.host_key(), ledger_.chain()));
    shown_.push_back({opened.size, head, parsed->payload});
    if (shown_.size() > kShownHeads) shown_.pop_front();
  }
  return head;
}

Result<std::string> Witnesses::shown_head(std::uint64_t size, const std::string& payload) const {
  const auto shown = std::find_if(shown_.begin(), shown_.end(),
                                  [&](const Shown& one) { return one.size == size; });
  if (shown == shown_.end()) {
    return not_found("witness.unknown_head", "this head was not shown lately: take a newer one");
  }
  if (shown->payload != payload) {
    return conflict("witness.wrong_head", "this ledger has another head of that size");
  }
  return shown->head;
}

Result<std::uint64_t> Witnesses::take(const std::string& account, const std::string& jws) {
  const auto parsed = crypto::jws_parse(jws, kMaxCosignatureBytes);
  if (!parsed) return invalid("witness.invalid", parsed.error().message, "cosignature");
  Result<OpenedCosignature> opened = invalid("witness.invalid", "not read");
  bool present = false;
  ledger_.read([&](const StateReader& state) {
    opened = chain::open_cosignature(jws, state, ledger_.chain());
    const auto member = state.get("member/" + account);
    present = member && member->at("jwk").value("kid", "") == parsed->kid();
  });
  if (!opened) return invalid("witness.invalid", opened.error().message, "cosignature");
  if (!present) {
    return forbidden("witness.not_the_signer", "not made with the caller's present key")
        .at("cosignature");
  }
  const std::uint64_t size = opened->head.size;
  const std::lock_guard lock(mutex_);
  QC_ASSIGN(std::string head, shown_head(size, parsed->payload));
  Last& last = last_[account];
  if (last.cosignature.size >= size) return size;  // has it, or a newer one
  const auto now = std::chrono::steady_clock::now();
  if (last.taken_at && now - *last.taken_at < kLeastInterval) {
    return Error{ErrorKind::kRateLimited,
                 "witness.too_often",
                 "two heads a second are enough",
                 {},
                 Side::kClient,
                 true};
  }
  const Cosignature taken{account, size, jws, std::move(head)};
  QC_TRY(append(taken));
  last = {taken, now};
  return size;
}

Status Witnesses::append(const Cosignature& cosignature) {
  QC_ASSIGN(const std::uint64_t chunk, chunk_of_size(chunks_, cosignature.size));
  QC_ASSIGN(const auto file, open_append_file(chunks_ / witnessed_name(chunk)));
  const std::uint64_t start = file->size();
  Status written =
      file->append(written_line(witnessed_document(cosignature.jws, cosignature.head)));
  if (written) written = file->sync();
  if (written) return {};
  if (const Status undone = file->truncate(start); !undone) log_warning(undone.error().message);
  return written;
}

std::vector<Cosignature> Witnesses::newest() const {
  std::vector<Cosignature> out;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [account, last] : last_) {
      if (last.cosignature.size != 0) out.push_back(last.cosignature);
    }
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Cosignature& a, const Cosignature& b) { return a.size > b.size; });
  if (out.size() > kNewestShown) out.resize(kNewestShown);
  return out;
}

}  // namespace qc::chain
