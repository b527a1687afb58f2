#include "host/chain/committer.hpp"

#include <algorithm>
#include <array>
#include <exception>

#include "host/chain/log.hpp"

namespace qc::chain {
namespace {

constexpr auto kHeadInterval = std::chrono::seconds(1);

/// A callback belongs to a caller: what it throws must not stop the sequencer.
void call(const SubmitDone& done, Result<Applied> outcome) {
  if (!done) return;
  try {
    done(std::move(outcome));
  } catch (const std::exception& failure) {
    log_error(std::string("a submitter's callback failed: ") + failure.what());
  }
}

}  // namespace

bool is_access_refusal(std::string_view code) {
  static constexpr std::array<std::string_view, 14> kCodes{
      "grant.not_found",      "grant.revoked",           "grant.paused",
      "grant.expired",        "grant.exhausted",         "grant.not_yet_valid",
      "grant.deleted",        "access.wrong_consumer",   "access.wrong_product",
      "access.wrong_purpose", "access.item_not_granted", "access.field_not_granted",
      "access.duplicate",     "member.suspended"};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

Committer::Committer(CommitterOptions options, KvStore& store, ChunkStore chunks,
                     const Position& position, Publish publish)
    : options_(std::move(options)),
      store_(store),
      chunks_(std::move(chunks)),
      heads_(options_.chunks),
      publish_(std::move(publish)) {
  batches_ = position.batches;
  advance(position);
}

std::shared_ptr<const Tip> Committer::tip() const {
  const std::lock_guard lock(mutex_);
  return tip_;
}

std::string Committer::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void Committer::set_trouble(const std::string& reason, bool for_good) {
  const std::lock_guard lock(mutex_);
  if (reason != trouble_ && !reason.empty()) log_error(reason);
  if (read_only_) return;  // the first reason is the one to act on
  trouble_ = reason;
  read_only_ = for_good;
}

void Committer::process(OrderedBatch batch) {
  Work work;
  const std::int64_t time_ms = std::max(batch.time_ms, position_.time_ms);
  BatchBuilder builder(store_, position_, options_.chain, time_ms);
  std::optional<Error> failure;
  try {
    order(batch, builder, work);
    if (read_only_) {
      failure = unavailable("ledger.io", trouble());
    } else if (builder.count() != 0) {
      failure = commit(builder);
    }
  } catch (const std::exception& exception) {
    // Out of memory, or a defect. What was written stays for recovery; nothing more is.
    set_trouble(std::string("the sequencer failed: ") + exception.what(), true);
    failure = unavailable("ledger.io", "the sequencer failed; the ledger is read-only");
  }
  for (Entry& entry : batch.entries) {  // those that order() did not come to
    if (entry.done) work.refused.push_back({std::move(entry.done), Error{}});
  }
  if (failure) {
    fail(work, *failure);
    return;
  }
  answer(builder, work);
}

/// Runs the rules over the batch. Moves every entry out of `batch`.
void Committer::order(OrderedBatch& batch, BatchBuilder& builder, Work& work) {
  for (Entry& entry : batch.entries) {
    const std::uint64_t index = builder.next_index();
    auto effect = builder.apply(entry.tx);
    if (effect) {
      work.accepted.push_back({std::move(entry.tx), std::move(effect).value(),
                               std::exchange(entry.done, nullptr), index});
      continue;
    }
    Error error = effect.error();
    if (entry.tx.op == "access.open" && is_access_refusal(error.code)) {
      error = record_refusal(entry.tx, std::move(error), builder, work);
    }
    work.refused.push_back({std::exchange(entry.done, nullptr), std::move(error)});
  }
}

/// Puts a host-signed access.refuse into the batch, so that a refused attempt on an existing grant
/// is traced. Returns what to tell the caller.
Error Committer::record_refusal(const Transaction& attempt, Error refusal, BatchBuilder& builder,
                                Work& work) {
  const auto grant = attempt.body.find("grant");
  const auto access = attempt.body.find("access");
  if (grant == attempt.body.end() || !grant->is_string() || access == attempt.body.end() ||
      !builder.state().get("grant/" + grant->get<std::string>())) {
    return refusal;
  }
  const Json body = {
      {"access", *access}, {"grant", *grant}, {"code", refusal.code}, {"attempt", attempt.bytes}};
  auto tx = proof::parse_transaction(proof::make_transaction(
      options_.host_key, options_.chain, "access.refuse", body, builder.time_ms() / 1000));
  if (!tx) {
    log_warning("a refused access was not recorded: " + tx.error().message);
    return refusal;
  }
  const std::uint64_t index = builder.next_index();
  auto effect = builder.apply(*tx);
  if (!effect) {
    if (effect.error().code == "tx.duplicate") return effect.error();
    log_warning("a refused access was not recorded: " + effect.error().code);
    return refusal;
  }
  refusal.txn_id = tx->id_hex();
  work.accepted.push_back({std::move(tx).value(), std::move(effect).value(), nullptr, index});
  return refusal;
}

std::optional<Error> Committer::commit(BatchBuilder& builder) {
  const std::string unreadable = store_.failure();
  if (!unreadable.empty()) {
    // Rules that ran on a store that could not be read prove nothing.
    const std::string reason = "the state store failed: " + unreadable;
    set_trouble(reason, true);
    return unavailable("ledger.io", reason);
  }
  if (const Status sealed = builder.seal(); !sealed) {
    set_trouble(sealed.error().message, true);
    return unavailable("ledger.io", sealed.error().message);
  }
  if (position_.size != 0 && chunks_.rolls_over(builder.record().size())) {
    heads_.write(position_.chunk, tip()->head, true);
    head_stored_size_ = position_.size;
  }
  const auto place = chunks_.append(builder.record(), position_.size);
  if (!place) {
    const bool for_good = !chunks_.broken().empty();
    set_trouble(for_good ? chunks_.broken() : place.error().message, for_good);
    return place.error();
  }
  const KvBatch rows = builder.rows(place->chunk, place->offset);
  if (const Status written = store_.write(rows); !written) {
    set_trouble(written.error().message + "; restart the host to bring the state level", true);
    Error error = unavailable("ledger.state_failed",
                              "the transaction is on the ledger, but its effect cannot be shown "
                              "before the host is restarted");
    error.retryable = false;
    return error;
  }
  set_trouble("", false);
  advance(builder.after());
  ++batches_;
  return std::nullopt;
}

/// Signs the new head and shows the new state to readers.
void Committer::advance(const Position& position) {
  auto tip = std::make_shared<Tip>();
  tip->position = position;
  tip->snapshot = store_.snapshot();
  if (position.size != 0) {
    tip->head = proof::sign_head(
        {options_.chain, position.size, position.log_root, position.subject_root, position.time_ms},
        options_.host_key);
  }
  position_ = position;
  {
    const std::lock_guard lock(mutex_);
    tip_ = tip;
  }
  const auto now = std::chrono::steady_clock::now();
  if (position.size != 0 && now - head_stored_at_ >= kHeadInterval) {
    heads_.write(position.chunk, tip->head, false);
    head_stored_at_ = now;
    head_stored_size_ = position.size;
  }
}

void Committer::close() {
  if (position_.size == 0 || head_stored_size_ == position_.size) return;
  heads_.write(position_.chunk, tip()->head, true);
  head_stored_size_ = position_.size;
}

void Committer::answer(const BatchBuilder& builder, Work& work) {
  rejected_ += work.refused.size();
  for (Refused& refused : work.refused) call(refused.done, std::move(refused.error));
  if (work.accepted.empty()) return;
  std::vector<Published> published;
  published.reserve(work.accepted.size());
  std::vector<std::pair<SubmitDone, Result<Applied>>> answers;
  const auto shown = tip();
  for (Accepted& one : work.accepted) {
    if (one.done) {
      Applied applied;
      applied.index = one.index;
      applied.time_ms = builder.time_ms();
      applied.decision = one.effect.decision;
      applied.receipt = {one.tx.id_hex(), one.index, builder.after().size, {}, shown->head};
      auto path = builder.inclusion(one.index);
      Result<Applied> outcome = path.ok() ? Result<Applied>(std::move(applied)) : path.error();
      if (path.ok()) outcome.value().receipt.path = std::move(path).value();
      answers.emplace_back(std::move(one.done), std::move(outcome));
    }
    StoredTx stored{one.index, builder.time_ms(), one.tx.bytes};
    published.push_back({std::move(stored), std::move(one.tx), std::move(one.effect)});
  }
  // Listeners first: who subscribes after an answer is not shown what was answered.
  publish_(std::move(published));
  for (auto& [done, outcome] : answers) call(done, std::move(outcome));
}

void Committer::fail(Work& work, const Error& error) {
  rejected_ += work.refused.size() + work.accepted.size();
  for (Accepted& one : work.accepted) {
    Error mine = error;
    if (error.code == "ledger.state_failed") mine.txn_id = one.tx.id_hex();
    call(one.done, std::move(mine));
  }
  for (Refused& refused : work.refused) call(refused.done, error);
}

}  // namespace qc::chain
