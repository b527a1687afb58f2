// Random histories against a model that shares no code with the rules: an access opens if and only
// if the model finds a live grant that covers it, and nothing leaves without one.
#include <random>

#include "tests/host/chain_rules/world.hpp"

namespace qc::chain::test {
namespace {

// What a person would keep on paper about one grant.
struct Paper {
  Json body;
  std::string subject;  ///< the person's word
  bool paused = false, withdrawn = false, deleted = false;
  std::vector<std::int64_t> opens;  ///< times of accepted accesses
};

// One access that was opened and not yet released.
struct Pending {
  std::size_t grant;
  Json open;
};

class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed), world_(city()) {}

  void step() {
    switch (pick(12)) {
      case 0:
        return make_grant();
      case 1:
        return move("grant.pause", &Model::may_pause);
      case 2:
        return move("grant.resume", &Model::may_resume);
      case 3:
        if (pick(4) == 0) move("grant.revoke", &Model::may_revoke);
        return;
      case 4:
        return remove();
      case 5:
        return pass_time();
      case 6:
        return toggle_bank();
      case 7:
      case 8:
        return release();
      default:
        return open();
    }
  }
  void finish() const {
    for (const Paper& paper : papers_) {
      const Json doc = world_.doc("grant/" + paper.body.at("grant").get<std::string>());
      EXPECT_EQ(doc.at("uses"), paper.opens.size());
      EXPECT_LE(paper.opens.size(), paper.body.at("max_uses").get<std::size_t>());
    }
  }
  std::size_t accepted = 0, refused = 0, released = 0, held = 0;

 private:
  std::uint64_t pick(std::uint64_t bound) { return random_() % bound; }
  std::int64_t number(const Paper& paper, const char* pointer) const {
    return paper.body.at(Json::json_pointer(pointer)).get<std::int64_t>();
  }
  bool ended(const Paper& paper) const { return world_.now_s >= number(paper, "/valid/to"); }
  bool used_up(const Paper& paper) const {
    return static_cast<std::int64_t>(paper.opens.size()) >= number(paper, "/max_uses");
  }
  bool may_pause(const Paper& paper) const {
    return !paper.paused && !paper.withdrawn && !paper.deleted && !ended(paper) && !used_up(paper);
  }
  bool may_resume(const Paper& paper) const {
    return paper.paused && !paper.withdrawn && !paper.deleted && !ended(paper);
  }
  bool may_revoke(const Paper& paper) const { return !paper.withdrawn && !paper.deleted; }

  bool live(const Paper& paper) const {
    return !paper.paused && !paper.withdrawn && !paper.deleted && !ended(paper) &&
           world_.now_s >= number(paper, "/valid/from") && !bank_suspended_;
  }
  bool within_frequency(const Paper& paper) const {
    if (paper.body.at("frequency") == "") return true;
    const auto day = [](std::int64_t time) { return (time + 28800) / 86400; };
    std::int64_t today = 0;
    for (const std::int64_t time : paper.opens) today += day(time) == day(world_.now_s) ? 1 : 0;
    return today < 2;  // the only frequency used here
  }
  bool covers(const Paper& paper, const std::string& consumer, const Json& open) const {
    if (consumer != "bank" || open.at("product") != paper.body.at("consumer").at("product") ||
        open.at("purpose") != "credit.loan") {
      return false;
    }
    for (const Json& item : open.at("items")) {
      bool found = false;
      for (const Json& entry : paper.body.at("scope")) {
        if (entry.at("item") != item.at("item")) continue;
        const std::set<std::string> granted = entry.at("fields");
        const std::set<std::string> wanted = item.at("fields");
        found = std::includes(granted.begin(), granted.end(), wanted.begin(), wanted.end());
      }
      if (!found) return false;
    }
    return true;
  }

  void make_grant() {
    if (bank_suspended_ || papers_.size() > 12) return;
    Paper paper;
    paper.subject = pick(2) == 0 ? "jia" : "yi";
    const Json request = request_body(world_, paper.subject, pick(2) == 0 ? "answer" : "fields");
    world_.must("bank", "request.create", request);
    world_.must(paper.subject, "request.open",
                {{"request", request.at("request")}, {"notice_sm3", digest("notice")}});
    paper.body = grant_body(world_, paper.subject, request);
    paper.body["max_uses"] = 1 + pick(3);
    paper.body["frequency"] = pick(2) == 0 ? "" : "2/day";
    if (pick(2) == 0) paper.body["scope"][0]["fields"] = {"name"};
    paper.body["valid"]["from"] = world_.now_s + static_cast<std::int64_t>(pick(2) * 3600);
    paper.body["valid"]["to"] = world_.now_s + 7200 + static_cast<std::int64_t>(pick(3) * 90000);
    world_.must(paper.subject, "grant.create", paper.body);
    papers_.push_back(paper);
  }

  void move(const std::string& op, bool (Model::*may)(const Paper&) const) {
    if (papers_.empty()) return;
    Paper& paper = papers_[pick(papers_.size())];
    const std::string signer =
        pick(5) == 0 ? (paper.subject == "jia" ? "yi" : "jia") : paper.subject;
    const bool expected = signer == paper.subject && (this->*may)(paper);
    const auto result =
        world_.apply(signer, op, {{"grant", paper.body.at("grant")}, {"reason", ""}});
    ASSERT_EQ(result.ok(), expected) << op << (result.ok() ? "" : result.error().code);
    if (!expected) return;
    paper.paused = op == "grant.pause" || (op != "grant.resume" && paper.paused);
    paper.withdrawn = op == "grant.revoke";
  }

  void remove() {
    if (papers_.empty() || pick(3) != 0) return;
    Paper& paper = papers_[pick(papers_.size())];
    const bool expected =
        !bank_suspended_ && !paper.deleted && (paper.withdrawn || ended(paper) || used_up(paper));
    const auto result = world_.apply("bank", "grant.delete", {{"grant", paper.body.at("grant")}});
    ASSERT_EQ(result.ok(), expected);
    paper.deleted = paper.deleted || expected;
  }

  void pass_time() {
    static constexpr std::array<std::int64_t, 5> kSteps{1, 60, 1800, 7200, 40000};
    world_.now_s += kSteps[pick(kSteps.size())];
  }

  void toggle_bank() {
    if (pick(4) != 0 && !bank_suspended_) return;
    world_.must("op", bank_suspended_ ? "member.resume" : "member.suspend",
                {{"account", "bank"}, {"reason", "model"}});
    bank_suspended_ = !bank_suspended_;
  }

  // Mostly right, sometimes wrong in one respect.
  void open() {
    if (papers_.empty()) return;
    const std::size_t which = pick(papers_.size());
    Paper& paper = papers_[which];
    Json body = open_body(world_, paper.body);
    std::string signer = "bank";
    switch (pick(12)) {
      case 0:
        signer = "other";
        break;
      case 1:
        body["product"] = "card";
        break;
      case 2:
        body["purpose"] = "marketing";
        break;
      case 3:
        body["items"][0]["fields"].push_back("since");
        break;
      case 4:
        body["items"].erase(0);
        break;
      case 5:
        body["items"][0]["fields"] = {"name", "level"};
        break;
      default:
        break;
    }
    const bool expected =
        live(paper) && !used_up(paper) && within_frequency(paper) && covers(paper, signer, body);
    const auto result = world_.apply(signer, "access.open", body);
    ASSERT_EQ(result.ok(), expected) << (result.ok() ? "opened" : result.error().code);
    ++(expected ? accepted : refused);
    if (!expected) return;
    paper.opens.push_back(world_.now_s);
    pending_.push_back({which, body});
  }

  void release() {
    if (pending_.empty()) return;
    const std::size_t which = pick(pending_.size());
    const Pending access = pending_[which];
    const bool expected = live(papers_[access.grant]);
    const auto result =
        world_.apply("host", "access.release", release_body(world_, access.open, "delivered"));
    ASSERT_EQ(result.ok(), expected) << (result.ok() ? "released" : result.error().code);
    ++(expected ? released : held);
    if (expected || pick(2) == 0) {
      if (!expected) {
        world_.must("host", "access.release", release_body(world_, access.open, "denied"));
      }
      pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(which));
    }
  }

  std::mt19937_64 random_;
  World world_;
  std::vector<Paper> papers_;
  std::vector<Pending> pending_;
  bool bank_suspended_ = false;
};

TEST(Model, AnAccessOpensIfAndOnlyIfALiveGrantCoversIt) {
  std::size_t accepted = 0, refused = 0, released = 0, held = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Model model(seed);
    for (int i = 0; i < 150 && !::testing::Test::HasFailure(); ++i) model.step();
    model.finish();
    if (::testing::Test::HasFailure()) return;
    accepted += model.accepted;
    refused += model.refused;
    released += model.released;
    held += model.held;
  }
  // The histories reach both sides of every judgement.
  EXPECT_GT(accepted, 500U);
  EXPECT_GT(refused, 1000U);
  EXPECT_GT(released, 200U);
  EXPECT_GT(held, 100U);
}

}  // namespace
}  // namespace qc::chain::test
