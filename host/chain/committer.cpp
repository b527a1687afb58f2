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

/// On the ledger, but the state store failed.
Error state_failed() {
  Error error = unavailable("ledger.state_failed",
                            "the transaction is on the ledger, but its effect cannot be shown "
                            "before the host is restarted");
  error.retryable = false;
  return error;
}

}  // namespace

bool is_access_refusal(std::string_view code) {
  static constexpr std::array<std::string_view, 15> kCodes{
      "grant.not_found",      "grant.revoked",           "grant.paused",
      "grant.expired",        "grant.exhausted",         "grant.not_yet_valid",
      "grant.deleted",        "access.wrong_consumer",   "access.wrong_product",
      "access.wrong_purpose", "access.item_not_granted", "access.field_not_granted",
      "access.duplicate",     "member.suspended",        "grant.not_cosigned"};
  return std::find(kCodes.begin(), kCodes.end(), code) != kCodes.end();
}

Committer::Committer(CommitterOptions options, CommitterStores stores, ChunkStore chunks,
                     const Position& position, Publish publish)
    : options_(std::move(options)),
      store_(stores.state),
      publish_(std::move(publish)),
      pending_(stores.state),
      documents_(pending_),
      foresight_(documents_, position.batches),
      next_index_(position.size),
      time_ms_(position.time_ms),
      chunks_(std::move(chunks)),
      hints_(options_.chunks),
      tiles_(stores.tiles),
      heads_(options_.chunks),
      durable_{position},
      showing_([this](auto batch) { finish(*batch); }),
      sealing_([this](auto batch) { seal(std::move(batch)); }) {
  batches_ = position.batches;
  advance(position, store_.snapshot());
}

std::shared_ptr<const Tip> Committer::tip() const {
  const std::lock_guard lock(mutex_);
  return tip_;
}

std::string Committer::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

bool Committer::read_only() const {
  const std::lock_guard lock(mutex_);
  return read_only_;
}

Committer::Durable Committer::durable() const {
  const std::lock_guard lock(mutex_);
  return durable_;
}

void Committer::set_trouble(const std::string& reason, bool for_good) {
  const std::lock_guard lock(mutex_);
  if (reason != trouble_ && !reason.empty()) log_error(reason);
  if (read_only_) return;  // the first reason is the one to act on
  trouble_ = reason;
  read_only_ = for_good;
}

void Committer::process(OrderedBatch batch) {
  follow_sealing();
  auto under_way = std::make_unique<UnderWay>();
  Work& work = under_way->work;
  under_way->undone = undone_;
  under_way->builder =
      std::make_shared<BatchBuilder>(BatchBase{foresight_, pending_, &foresight_}, next_index_,
                                     options_.chain, std::max(batch.time_ms, time_ms_));
  try {
    order(batch, *under_way->builder, work);
    if (under_way->builder->count() != 0) stand_on(under_way->builder);
  } catch (const std::exception& exception) {
    // Out of memory, or a defect. What was written stays for recovery; nothing more is.
    set_trouble(std::string("the sequencer failed: ") + exception.what(), true);
    under_way->failure = unavailable("ledger.io", "the sequencer failed; the ledger is read-only");
  }
  for (Entry& entry : batch.entries) {  // those that order() did not come to
    if (entry.done) work.refused.push_back({std::move(entry.done), Error{}});
  }
  under_way->place = take_place();
  sealing_.hand_over(std::move(under_way));
}

std::shared_ptr<void> Committer::take_place() {
  options_.occupy(1);
  return {nullptr, [this](void*) { options_.occupy(-1); }};
}

/// Lets go of batches that the store has, or of all where one was not written.
void Committer::follow_sealing() {
  const Durable now = durable();
  if (now.undone == undone_) {
    pending_.stored(now.position.size);
    return;
  }
  undone_ = now.undone;
  pending_.clear();
  documents_.forget();
  foresight_.forget(now.position.batches);
  next_index_ = now.position.size;
  time_ms_ = now.position.time_ms;
}

/// What is ordered next comes after this batch.
void Committer::stand_on(const std::shared_ptr<BatchBuilder>& builder) {
  pending_.add(builder);
  documents_.wrote(builder->writes());
  foresight_.wrote(builder->writes(), builder->subjects());
  next_index_ = builder->next_index();
  time_ms_ = builder->time_ms();
}

/// Runs the rules over the batch. Moves every entry out of `batch`.
void Committer::order(OrderedBatch& batch, BatchBuilder& builder, Work& work) {
  std::size_t bytes = 0;
  for (const Entry& entry : batch.entries) bytes += entry.tx.bytes.size();
  builder.expect(batch.entries.size(), bytes);
  for (Entry& entry : batch.entries) {
    const std::uint64_t index = builder.next_index();
    foresight_.look_at(&entry.foreseen);
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
  foresight_.look_at(nullptr);
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

void Committer::seal(std::unique_ptr<UnderWay> batch) {
  Status done;
  try {
    done = make_durable(*batch);
  } catch (const std::exception& exception) {
    set_trouble(std::string("the sequencer failed: ") + exception.what(), true);
    done = unavailable("ledger.io", "the sequencer failed; the ledger is read-only");
  }
  batch->place.reset();
  if (done) {
    showing_.hand_over(std::move(batch));
    return;
  }
  undo_above(*batch);  // before anybody is told: who hears of it may come again at once
  fail(batch->work, done.error());
}

Status Committer::make_durable(UnderWay& batch) {
  if (batch.failure) return *batch.failure;
  if (batch.undone != durable().undone) {
    return unavailable("ledger.io", "the batch before it could not be written");
  }
  if (read_only()) return unavailable("ledger.io", trouble());
  return batch.builder->count() == 0 ? Status() : append(batch);
}

/// What was ordered on top of this batch will not be written.
void Committer::undo_above(const UnderWay& batch) {
  const std::lock_guard lock(mutex_);
  // Not a second time for what fails because this did: the next one may stand on firm ground.
  if (batch.undone == durable_.undone) ++durable_.undone;
}

Status Committer::append(UnderWay& batch) {
  BatchBuilder& builder = *batch.builder;
  const Position before = durable().position;
  const std::string unreadable = store_.failure();
  if (!unreadable.empty()) {
    // Rules that ran on a store that could not be read prove nothing.
    const std::string reason = "the state store failed: " + unreadable;
    set_trouble(reason, true);
    return unavailable("ledger.io", reason);
  }
  const auto below = store_.snapshot();
  if (const Status sealed = builder.seal(*below, before); !sealed) {
    set_trouble(sealed.error().message, true);
    return unavailable("ledger.io", sealed.error().message);
  }
  if (before.size != 0 && chunks_.rolls_over(builder.record().size())) close_chunk();
  const auto place = chunks_.append(builder.record(), before.size);
  if (!place) {
    const bool for_good = !chunks_.broken().empty();
    set_trouble(for_good ? chunks_.broken() : place.error().message, for_good);
    return place.error();
  }
  batch.place.reset();  // the next one is ordered while the rows of this one are stored
  hints_.write(place->chunk, before.size - place->chunk, builder.hints());
  set_trouble("", false);
  batch.appended = true;
  batch.after = store(builder, *place);
  const std::lock_guard lock(mutex_);
  durable_.position = builder.after();
  return {};
}

void Committer::close_chunk() {
  showing_.await_idle();  // the head that closes a chunk is that of its last batch
  const auto shown = tip();
  heads_.write(shown->position.chunk, shown->head, true);
  head_stored_size_ = shown->position.size;
  // A start checks the tiles of the last chunk's transactions alone.
  if (const Status synced = tiles_.sync(); !synced) set_trouble(synced.error().message, false);
}

std::shared_ptr<const KvReader> Committer::store(BatchBuilder& builder,
                                                 const ChunkStore::Place& place) {
  KvBatch rows = builder.rows(place.chunk, place.offset);
  if (state_lost_) return nullptr;
  if (const Status written = store_.write(std::move(rows)); !written) {
    lose_state(written.error().message);
    return nullptr;
  }
  return store_.snapshot();
}

void Committer::lose_state(const std::string& reason) {
  state_lost_ = true;
  set_trouble(reason + "; restart the host to bring the state level", true);
}

void Committer::finish(UnderWay& batch) {
  if (batch.appended && !show(batch)) {
    fail(batch.work, state_failed());
  } else {
    answer(*batch.builder, batch.work);
  }
}

bool Committer::show(const UnderWay& batch) {
  if (batch.after == nullptr || state_lost_) return false;
  try {
    // Tiles first: whoever sees the new state finds its proofs.
    if (const Status written = tiles_.append(batch.builder->leaves()); !written) {
      lose_state(written.error().message);
      return false;
    }
    advance(batch.builder->after(), batch.after);
  } catch (const std::exception& exception) {
    lose_state(std::string("the state cannot be shown: ") + exception.what());
    return false;
  }
  ++batches_;
  return true;
}

/// Signs the new head and shows the new state to readers.
void Committer::advance(const Position& position, std::shared_ptr<const KvReader> state) {
  auto tip = std::make_shared<Tip>();
  tip->position = position;
  tip->snapshot = std::move(state);
  if (position.size != 0) {
    tip->head = proof::sign_head(
        {options_.chain, position.size, position.log_root, position.subject_root, position.time_ms},
        options_.host_key);
  }
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
  sealing_.close();
  showing_.close();
  const auto shown = tip();
  if (shown->position.size == 0 || head_stored_size_ == shown->position.size) return;
  heads_.write(shown->position.chunk, shown->head, true);
  head_stored_size_ = shown->position.size;
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
