#include "host/chain/audit_check.hpp"

#include <exception>
#include <system_error>
#include <utility>

#include "host/chain/heads.hpp"
#include "sdk/proof/witness.hpp"

namespace qc::chain {
namespace {

/// Keys kept for signers; above, all are forgotten and found again as they come.
constexpr std::size_t kMaxSigners = 1U << 18U;

std::uint64_t size_of(const ChunkFile& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file.path, error);
  return error ? 0 : size;
}

bool agrees(const proof::TreeHead& head, const Position& position) {
  return head.log_root == position.log_root && head.subject_root == position.subject_root &&
         head.time_ms == position.time_ms;
}

/// As BatchBuilder::apply: a rule must not throw, and if one does, its transaction is refused.
Result<Effect> apply_guarded(const proof::Transaction& tx, const RuleContext& context,
                             Overlay& overlay) {
  try {
    return apply_transaction(tx, context, overlay);
  } catch (const std::exception&) {
    return internal("rule.failed", "the rule for " + tx.op + " failed");
  }
}

}  // namespace

Status SignerKeys::find(const proof::Transaction& tx, const StateReader& state,
                        std::array<std::uint8_t, 64>& xy) {
  if (const auto it = known_.find(tx.kid); it != known_.end()) {
    xy = it->second.xy;
    return {};
  }
  QC_ASSIGN(const crypto::PublicKey key, signer_key(tx, state));
  if (key.kid() != tx.kid) return unauthenticated("tx.unknown_key", "signed by another key");
  std::copy(key.xy().begin(), key.xy().end(), xy.begin());
  const Document account = state.find("kid/" + tx.kid);
  if (!account || !account->is_string()) return {};  // the founder: not an account yet
  if (known_.size() >= kMaxSigners) {
    known_.clear();
    kid_of_.clear();
  }
  const std::string& name = account->get_ref<const std::string&>();
  const bool member = !name.starts_with("p-") && !name.starts_with("e-");
  if (member) members_.note(tx.kid, xy);
  known_[tx.kid] = {xy, name};
  kid_of_[name] = tx.kid;
  return {};
}

void SignerKeys::written(std::string_view state_key) {
  for (const std::string_view family : {"member/", "subject/"}) {
    if (!state_key.starts_with(family)) continue;
    const auto it = kid_of_.find(std::string(state_key.substr(family.size())));
    if (it == kid_of_.end()) return;
    known_.erase(it->second);
    kid_of_.erase(it);
    return;
  }
  if (state_key.starts_with("kid/")) known_.erase(std::string(state_key.substr(4)));
}

AuditCheck::AuditCheck(const AuditOptions& options, const ChunkListing& listing)
    : options_(options),
      listing_(listing),
      state_(options.state_bytes),
      tiles_(options.directory / "tiles") {
  for (const ChunkFile& file : listing.chunks) total_bytes_ += size_of(file);
  for (const ChunkFile& file : listing.heads) total_bytes_ += size_of(file);
  for (const ChunkFile& file : listing.witnessed) total_bytes_ += size_of(file);
}

void AuditCheck::refuse(AuditDefect defect) {
  if (!defect_) defect_ = std::move(defect);
}

std::string AuditCheck::chunk_file(const AuditWindow& window) const {
  return listing_.chunks[window.chunk].path.filename().string();
}

Status AuditCheck::check(AuditWindow& window) {
  for (AuditedRecord& record : window.records) {
    QC_TRY(check_record(window, record));
    if (defect_) return {};
  }
  if (window.defect) refuse(*window.defect);
  if (defect_ || !window.ends_chunk) return {};
  const std::uint64_t chunk = listing_.chunks[window.chunk].first_index;
  chunks_seen_.insert(chunk);
  QC_TRY(check_heads(chunk));
  if (!defect_) QC_TRY(check_witnessed(chunk));
  borders_.clear();
  return {};
}

Status AuditCheck::check_record(AuditWindow& window, AuditedRecord& record) {
  record.before = position_;
  if (position_.size == 0 && !check_genesis(window, record)) return {};
  std::vector<Hash32> leaves;
  leaves.reserve(record.header.count);
  for (std::size_t i = 0; i < record.header.count; ++i) {
    if (!apply(window, record, i)) return kept_;
    leaves.push_back(window.transactions[record.first_tx + i].leaf);
  }
  if (const std::string failure = state_.failure(); !failure.empty()) {
    return unavailable("audit.io", failure);
  }
  log_.append(leaves);
  position_.batches += 1;
  position_.size += record.header.count;
  position_.time_ms = record.header.time_ms;
  position_.record_hash = record.record.hash;
  position_.log_root = log_.root();
  position_.subject_root = subjects_.root();
  check_roots(window, record);
  if (defect_) return {};
  if (auto wrong = tiles_.take(leaves)) {
    refuse(std::move(*wrong));
    return {};
  }
  QC_TRY(digest_state());
  borders_.emplace(position_.size, position_);
  remember_trusted_border();
  progress(record.header.record_bytes());
  return {};
}

bool AuditCheck::check_genesis(const AuditWindow& window, const AuditedRecord& record) {
  const AuditedTx& first = window.transactions[record.first_tx];
  const auto fail = [&](const char* code, std::string message, std::string tx = {}) {
    refuse({code, std::move(message), chunk_file(window), record.offset + record.record.offsets[0],
            0, std::move(tx)});
    return false;
  };
  if (!first.tx) return fail("audit.transaction", first.tx.error().message);
  const auto jwk = first.tx->body.find("host_jwk");
  if (first.tx->op != "network.found" || jwk == first.tx->body.end()) {
    return fail("audit.rule", "transaction 0 does not found a network");
  }
  auto host = crypto::PublicKey::from_jwk(*jwk);
  if (!host) return fail("audit.rule", "transaction 0 names no valid host key");
  chain_ = first.tx->chain;
  host_ = std::move(host).value();
  if (options_.trusted_host && !(*options_.trusted_host == *host_)) {
    return fail("audit.wrong_host", "transaction 0 names another host key than the trusted one",
                first.tx->id_hex());
  }
  return true;
}

/// Applies the record's transaction of that number. False on a defect, or when state is lost.
bool AuditCheck::apply(AuditWindow& window, AuditedRecord& record, std::size_t number) {
  AuditedTx& audited = window.transactions[record.first_tx + number];
  const std::uint64_t index = record.header.first_index + number;
  const auto fail = [&](const char* code, std::string message) {
    refuse({code, std::move(message), chunk_file(window),
            record.offset + record.record.offsets[number], static_cast<std::int64_t>(index),
            audited.tx ? audited.tx->id_hex() : std::string()});
    return false;
  };
  if (!audited.tx) return fail("audit.transaction", audited.tx.error().message);
  proof::Transaction& tx = *audited.tx;
  if (const Status known = signers_.find(tx, state_, audited.xy); !known) {
    return fail("audit.signature", known.error().message);
  }
  Overlay overlay(state_);
  RuleContext context{chain_, index, record.header.time_ms, &tx.body, true};
  ProvenSignature proven;
  if (audited.evidence) {
    proven = {evidence_in(tx), audited.evidence->x, audited.evidence->y};
    context.proven = &proven;
  }
  state_.lend(rewrites_what_it_gets(tx.op));
  auto effect = apply_guarded(tx, context, overlay);
  state_.lend(false);
  if (!effect) {
    // Of a state that cannot be read nothing is said about the ledger.
    if (const std::string failure = state_.failure(); !failure.empty()) {
      kept_ = unavailable("audit.io", failure);
      return false;
    }
    // Whether the signature holds is asked first: it may be why the rule says no.
    const auto key = crypto::PublicKey::from_xy(audited.xy);
    if (!key) return fail("audit.signature", key.error().message);
    if (const Status valid = proof::verify_transaction(tx, *key); !valid) {
      return fail("audit.signature", valid.error().message);
    }
    return fail("audit.rule", effect.error().code + ": " + effect.error().message);
  }
  if (std::string wrong = check_snapshot(tx); !wrong.empty()) {
    return fail("audit.snapshot", std::move(wrong));
  }
  for (const auto& [key, value] : overlay.writes()) signers_.written(key);
  kept_ = state_.absorb(std::move(overlay).take_writes());
  ++window.applied;
  while (!effect->subjects.empty()) {
    auto subject = effect->subjects.extract(effect->subjects.begin());
    subjects_.add_event(std::move(subject.value()), tx.id, index);
  }
  return kept_.ok();
}

std::string AuditCheck::check_snapshot(const proof::Transaction& tx) {
  if (tx.op == "snapshot.begin") begun_ = text_of(tx.body, "snapshot");
  if (tx.op != "snapshot.state") return {};
  if (!snapshot_ || snapshot_->id != text_of(tx.body, "snapshot") ||
      tx.body.at("size") != snapshot_->size) {
    return "a snapshot of another border than the end of the batch that began it";
  }
  if (text_of(tx.body, "format") != kStateFormat) {
    ++snapshots_unknown_;
    return {};
  }
  ++snapshots_;
  if (text_of(tx.body, "digest") == snapshot_->digest) return {};
  return "the state of " + std::to_string(snapshot_->size) +
         " transactions has another digest: " + snapshot_->digest;
}

Status AuditCheck::digest_state() {
  if (begun_.empty()) return {};
  QC_ASSIGN(const Hash32 digest, state_.digest(chain_, position_));
  snapshot_ = Snapshot{std::exchange(begun_, {}), position_.size, to_hex(digest)};
  return {};
}

void AuditCheck::check_roots(const AuditWindow& window, const AuditedRecord& record) {
  const auto fail = [&](const char* code, const char* message) {
    position_ = record.before;
    refuse({code, message, chunk_file(window), record.offset});
  };
  if (position_.log_root != record.record.log_root) {
    return fail("audit.root", "the log root does not follow from the transactions");
  }
  if (position_.subject_root != record.record.subject_root) {
    return fail("audit.root", "the subject root does not follow from the transactions");
  }
}

Status AuditCheck::check_heads(std::uint64_t chunk) {
  for (const ChunkFile& file : listing_.heads) {
    if (file.first_index != chunk) continue;
    const std::string name = file.path.filename().string();
    if (!host_) {
      refuse({"audit.head", "signed heads beside an empty ledger", name});
      return {};
    }
    QC_ASSIGN(const HeadsFile heads, read_heads(file.path, *host_, chain_));
    if (!heads.defect.empty()) {
      refuse({"audit.head", heads.defect, name, heads.defect_offset});
    } else if (!heads.torn.empty()) {
      refuse({"audit.torn_tail", "the last line is incomplete", name, heads.complete_bytes});
    }
    if (defect_) return {};
    for (const StoredHead& stored : heads.heads) {
      if (!check_head(stored.head, {"audit.head", "", name, stored.offset})) return {};
    }
    progress(size_of(file));
  }
  return {};
}

bool AuditCheck::check_head(const proof::TreeHead& head, AuditDefect at) {
  const auto border = borders_.find(head.size);
  if (head.size > position_.size) {
    at.message = "the ledger is shorter than a signed head: " + std::to_string(position_.size) +
                 " of " + std::to_string(head.size) + " transactions";
  } else if (border == borders_.end()) {
    at.message = "a signed head of a size at which no batch of this chunk ends";
  } else if (!agrees(head, border->second)) {
    at.message = "a signed head differs from the ledger at that size";
  } else {
    return true;
  }
  refuse(std::move(at));
  return false;
}

Status AuditCheck::check_witnessed(std::uint64_t chunk) {
  for (const ChunkFile& file : listing_.witnessed) {
    if (file.first_index != chunk) continue;
    const std::string name = file.path.filename().string();
    QC_ASSIGN(const std::string bytes, read_file(file.path));
    const WitnessedFile read = parse_witnessed(bytes);
    if (!read.defect.empty()) {
      refuse({"audit.cosignature", read.defect, name, read.defect_offset});
    } else if (!read.torn.empty()) {
      refuse({"audit.torn_tail", "the last line is incomplete", name, read.complete_bytes});
    }
    for (const WitnessedLine& line : read.lines) {
      if (defect_ || !check_cosignature(line, {"audit.cosignature", "", name, line.offset})) {
        return {};
      }
    }
    progress(size_of(file));
  }
  return {};
}

/// By the key of a member that the ledger knew by then, over a head that is the ledger's; and the
/// host's own signature over the same.
bool AuditCheck::check_cosignature(const WitnessedLine& line, AuditDefect at) {
  const auto opened = open_cosignature(line.cosignature, state_, chain_);
  const auto head = proof::open_head(line.head, *host_, chain_);
  if (!opened) {
    at.message = opened.error().message;
  } else if (!head) {
    at.message = head.error().message;
  } else if (!proof::same_statement(opened->head, *head)) {
    at.message = "the witness " + opened->account + " signed another head than the host";
  } else {
    return check_head(*head, std::move(at));
  }
  refuse(std::move(at));
  return false;
}

void AuditCheck::remember_trusted_border() {
  if (options_.trusted_head.empty() || trusted_border_) return;
  if (!trusted_) {
    if (!trusted_error_.empty()) return;
    auto head =
        proof::open_head(options_.trusted_head, options_.trusted_host.value_or(*host_), chain_);
    if (!head) {
      trusted_error_ = head.error().message;
      return;
    }
    trusted_ = std::move(head).value();
  }
  if (position_.size == trusted_->size) trusted_border_ = position_;
}

void AuditCheck::finish() {
  for (const auto* files : {&listing_.heads, &listing_.witnessed}) {
    for (const ChunkFile& heads : *files) {
      if (defect_ || chunks_seen_.contains(heads.first_index)) continue;
      refuse({"audit.head", "signed heads without the chunk that they stand beside",
              heads.path.filename().string()});
    }
  }
  if (!defect_) check_trusted_head();
}

void AuditCheck::check_trusted_head() {
  if (options_.trusted_head.empty()) return;
  const std::string name =
      listing_.chunks.empty() ? chunk_name(0) : listing_.chunks.back().path.filename().string();
  if (!trusted_error_.empty()) {
    refuse({"audit.head", "the trusted head is not this ledger's: " + trusted_error_, name});
  } else if (!trusted_ || trusted_->size > position_.size) {
    refuse({"audit.head", "the ledger is shorter than the trusted head", name});
  } else if (!trusted_border_ || !agrees(*trusted_, *trusted_border_)) {
    refuse({"audit.head", "the ledger does not extend the trusted head", name});
  }
}

void AuditCheck::progress(std::uint64_t bytes) {
  done_bytes_ += bytes;
  if (options_.progress) options_.progress({done_bytes_, total_bytes_, position_.size});
}

}  // namespace qc::chain
