#include "tests/bench/chain/synthetic_ledger.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "host/chain/batch.hpp"
#include "host/chain/chunk_store.hpp"
#include "host/chain/heads.hpp"
#include "host/chain/hints.hpp"
#include "host/chain/pending_batches.hpp"
#include "host/chain/recent_documents.hpp"
#include "host/chain/tile_store.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/pseudonym.hpp"
#include "sdk/proof/receipt.hpp"
#include "tests/bench/chain/fast_signer.hpp"
#include "tests/host/chain/fixture.hpp"

namespace qc::chain::test {
namespace {

constexpr std::size_t kGroup = 100;  ///< consents that go forward together

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "no synthetic ledger: %s\n", why.c_str());
  std::abort();
}

template <typename T>
T must(Result<T> result, const std::string& what) {
  if (!result) {
    give_up(what + ": " + result.error().code + ": " + result.error().message + " at " +
            result.error().field);
  }
  return std::move(result).value();
}
void must(const Status& status, const std::string& what) {
  if (!status) give_up(what + ": " + status.error().message);
}

struct Person {
  std::unique_ptr<FastSigner> signer;
  std::string account;
  std::string pairwise;  ///< pseudonym, as the bank sees it
  std::string assets[2];
};

/// One consent on its way.
struct Consent {
  Person* person = nullptr;
  std::string request, grant, access;
  Json valid;
};

class Generator {
 public:
  explicit Generator(const SyntheticOptions& options)
      : options_(options),
        chunks_({options.directory / "chunks", options.chunk_bytes, false, open_append_file}),
        heads_(options.directory / "chunks"),
        hints_(options.directory / "chunks") {
    std::filesystem::create_directories(options.directory / "chunks");
    store_ = options.state ? must(open_rocks(options.directory / "state"), "state") : open_memory();
    below_ = std::make_unique<PendingBatches>(*store_);
    documents_ = std::make_unique<RecentDocuments>(*below_);
    foresight_ = std::make_unique<Foresight>(*documents_, position_.batches);
    if (options.state) tiles_ = must(TileStore::open(options.directory / "tiles"), "tiles");
    for (const char* name : {"host", "reg", "ga", "rs", "bank"}) {
      signers_.emplace(name, std::make_unique<FastSigner>(name));
    }
  }

  SyntheticLedger run() {
    found();
    const Granted model = granted();
    request_ = model.request;
    grant_ = model.grant;
    Opened opened_model = opened();
    open_ = opened_model.open;
    release_ = release_body(opened_model.world, open_, "delivered");
    for_one_use();
    people();
    while (made_.transactions + open_count() < options_.transactions && !late()) group();
    seal();
    write_head();
    must(store_->flush(), "state");
    return std::move(made_);
  }

 private:
  std::uint64_t open_count() const { return builder_ ? builder_->count() : 0; }
  std::uint64_t total() const { return position_.size + open_count(); }
  std::int64_t now_ms() const {
    return kStart * 1000 + 7 + static_cast<std::int64_t>(total() * 1000 / options_.per_second);
  }
  std::int64_t now_s() const { return batch_ms_ / 1000; }

  std::string fresh_id() {
    const Hash32 hash = crypto::sm3("id " + std::to_string(++ids_));
    return to_base64url(ByteView(hash).first(16));
  }

  BatchBuilder& builder() {
    if (!builder_) {
      batch_ms_ = std::max(now_ms(), position_.time_ms);
      builder_.emplace(BatchBase{*foresight_, *below_, foresight_.get()}, position_.size, kChain,
                       batch_ms_);
    }
    return *builder_;
  }

  void found() {
    World world = city();
    for (const std::string& bytes : signed_history(world)) {
      Transaction tx = must(proof::parse_transaction(bytes), "founding");
      apply(tx);
    }
    asset_ = asset_body(world, "jia", "ga.hukou");
  }

  void apply(Transaction& tx) {
    BatchBuilder& batch = builder();
    if (options_.tamper) options_.tamper(total(), tx);
    const auto effect = batch.apply(tx);
    if (!effect) must(Result<Effect>(effect.error()), tx.op);
    auto& of = made_.operations[tx.op];
    ++of.count;
    of.bytes += tx.bytes.size();
    made_.bytes += tx.bytes.size();
    if (batch.count() >= options_.batch_transactions) seal();
  }

  void submit(FastSigner& signer, const char* op, const Json& body) {
    builder();
    Transaction tx;
    tx.kid = signer.kid();
    tx.chain = kChain;
    tx.op = op;
    tx.iat = now_s();
    tx.nonce = fresh_id();
    tx.body = body;
    const Json payload = {{"v", 1},        {"chain", kChain},   {"op", op},
                          {"iat", tx.iat}, {"nonce", tx.nonce}, {"body", body}};
    auto made = signer.sign(payload.dump(), std::string(proof::kTxTyp));
    tx.bytes = std::move(made.compact);
    tx.hint = made.hint;
    tx.id = crypto::sm3(tx.bytes);
    apply(tx);
  }

  void seal() {
    if (open_count() == 0) return;
    must(builder_->seal(*store_, position_), "seal");
    if (position_.size != 0 && chunks_.rolls_over(builder_->record().size())) write_head();
    const auto place = must(chunks_.append(builder_->record(), position_.size), "append");
    hints_.write(place.chunk, position_.size - place.chunk, builder_->hints());
    if (tiles_) must(tiles_->append(builder_->leaves()), "tiles");
    must(store_->write(builder_->rows(place.chunk, place.offset)), "state");
    documents_->wrote(builder_->writes());
    foresight_->wrote(builder_->writes(), builder_->subjects());
    position_ = builder_->after();
    made_.transactions = position_.size;
    made_.batches = position_.batches;
    builder_.reset();
  }

  bool late() const {
    return options_.seconds != 0 &&
           std::chrono::steady_clock::now() - start_ > std::chrono::seconds(options_.seconds);
  }

  void write_head() {
    made_.head = proof::sign_head(
        {kChain, position_.size, position_.log_root, position_.subject_root, position_.time_ms},
        key_of("host"));
    heads_.write(position_.chunk, made_.head, false);
  }

  FastSigner& signer(const char* name) { return *signers_.at(name); }

  void people() {
    people_.resize(options_.subjects);
    for (std::size_t i = 0; i < people_.size(); ++i) {
      Person& person = people_[i];
      const std::string name = "s" + std::to_string(i);
      person.signer = std::make_unique<FastSigner>(name);
      person.account = account_of(name);
      person.pairwise = proof::pairwise_pseudonym(pseudonym_of(name), "bank");
      builder();
      const Json evidence = {{"v", 1},
                             {"chain", kChain},
                             {"account", person.account},
                             {"pseudonym", pseudonym_of(name)},
                             {"kid", person.signer->kid()},
                             {"method", "id_card"},
                             {"iat", now_s()}};
      submit(
          signer("reg"), "subject.open",
          {{"account", person.account},
           {"kind", "person"},
           {"pseudonym", pseudonym_of(name)},
           {"jwk", person.signer->public_key().to_jwk()},
           {"evidence", signer("ga").sign(evidence.dump(), "qc-identity-evidence+jws").compact}});
      issue(person, 0, "ga.hukou", "ga");
      issue(person, 1, "rs.social", "rs");
    }
  }

  void issue(Person& person, std::size_t number, const char* item, const char* department) {
    person.assets[number] = fresh_id();
    builder();
    asset_["asset"] = person.assets[number];
    asset_["subject"] = person.account;
    asset_["item"] = item;
    asset_["as_of"] = now_s() - kDay;
    asset_["expires"] = now_s() + 365 * kDay;
    submit(signer(department), "asset.issue", asset_);
  }

  /// A group of consents, from request to acknowledgement.
  void group() {
    std::vector<Consent> consents(std::min<std::size_t>(kGroup, people_.size()));
    for (Consent& consent : consents) {
      consent.person = &people_[next_person_++ % people_.size()];
      consent.request = fresh_id();
      consent.grant = fresh_id();
      consent.access = fresh_id();
    }
    for (std::size_t i = 0; i < options_.assets_a_consent; ++i) {
      for (Consent& consent : consents) {
        issue(*consent.person, i % 2, i % 2 == 0 ? "ga.hukou" : "rs.social",
              i % 2 == 0 ? "ga" : "rs");
      }
    }
    for (Consent& consent : consents) request(consent);
    for (Consent& consent : consents) {
      submit(*consent.person->signer, "request.open",
             {{"request", consent.request}, {"notice_sm3", digest("notice")}});
    }
    for (Consent& consent : consents) grant(consent);
    for (Consent& consent : consents) access(consent);
  }

  /// The everyday consent: one decision, on what was presented with the grant.
  void for_one_use() {
    for (Json* const body : {&request_, &grant_}) {
      (*body)["mode"] = "once";
      (*body)["max_uses"] = 1;
    }
    for (Json& entry : grant_["scope"]) entry["presentation_sm3"] = digest("presentation");
    release_.erase("issued");
  }

  void request(Consent& consent) {
    builder();
    consent.valid = {{"from", now_s()}, {"to", now_s() + 30 * kDay}};
    request_["request"] = consent.request;
    request_["subject"] = consent.person->account;
    request_["valid"] = consent.valid;
    request_["expires"] = now_s() + 7 * kDay;
    submit(signer("bank"), "request.create", request_);
  }

  void grant(const Consent& consent) {
    builder();
    grant_["grant"] = consent.grant;
    grant_["request"] = consent.request;
    grant_["subject"]["account"] = consent.person->account;
    grant_["subject"]["pseudonym"] = consent.person->pairwise;
    grant_["actor"]["account"] = consent.person->account;
    grant_["scope"][0]["asset"] = consent.person->assets[0];
    grant_["scope"][1]["asset"] = consent.person->assets[1];
    grant_["valid"] = consent.valid;
    grant_["notice"]["shown_at"] = now_s();
    submit(*consent.person->signer, "grant.create", grant_);
  }

  void access(const Consent& consent) {
    open_["access"] = consent.access;
    open_["grant"] = consent.grant;
    submit(signer("bank"), "access.open", open_);
    release_["access"] = consent.access;
    release_["decision"]["assets"] = Json::array({consent.person->assets[0]});
    submit(signer("host"), "access.release", release_);
    submit(signer("bank"), "access.ack",
           {{"access", consent.access}, {"payload_sm3", release_.at("payload_sm3")}});
  }

  const SyntheticOptions& options_;
  std::unique_ptr<KvStore> store_;
  std::unique_ptr<PendingBatches> below_;  // none is on its way: each is stored at once
  std::unique_ptr<RecentDocuments> documents_;
  std::unique_ptr<Foresight> foresight_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::unique_ptr<TileStore> tiles_;
  ChunkStore chunks_;
  HeadsWriter heads_;
  HintsWriter hints_;
  Position position_ = initial_position();
  std::optional<BatchBuilder> builder_;
  std::int64_t batch_ms_ = kStart * 1000 + 7;
  SyntheticLedger made_;
  std::map<std::string, std::unique_ptr<FastSigner>> signers_;
  std::vector<Person> people_;
  std::size_t next_person_ = 0;
  std::uint64_t ids_ = 0;
  Json request_, grant_, open_, release_, asset_;  ///< models, changed for each
};

}  // namespace

SyntheticLedger make_synthetic_ledger(const SyntheticOptions& options) {
  return Generator(options).run();
}

}  // namespace qc::chain::test
