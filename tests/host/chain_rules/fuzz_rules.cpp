// The rules on bodies that nobody would sign: one transaction of a city's history, with parts of
// its body replaced by parts of other bodies or of the input, at the moment at which it was
// accepted; and then the rest of the history. Each is refused with a code and no write, or writes
// the same twice.
#include <cstdlib>

#include "tests/host/chain_rules/world.hpp"

namespace {

using qc::Json;
using namespace qc::chain::test;  // NOLINT: one function

/// The input, taken from its front; zeros when it is used up.
class Source {
 public:
  Source(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  std::size_t left() const { return left_; }
  std::size_t below(std::size_t bound) {
    std::size_t number = 0;
    for (int i = 0; i < 2 && left_ > 0; ++i, --left_) number = number * 256 + *data_++;
    return bound == 0 ? 0 : number % bound;
  }
  std::string text() {
    const std::size_t size = std::min(below(40), left_);
    std::string out(reinterpret_cast<const char*>(data_), size);
    data_ += size;
    left_ -= size;
    return out;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

void collect_parts(Json& value, std::vector<Json*>& out) {
  out.push_back(&value);
  if (!value.is_structured()) return;
  for (Json& child : value) collect_parts(child, out);
}

struct City {
  Opened opened = make();
  std::vector<World> before;  ///< each transaction of the history: the world as it stood
  std::vector<std::string> signers;
  std::vector<Json> parts;  ///< of all bodies

  City() {
    const World& whole = opened.world;
    World now;
    for (std::size_t i = 0; i < whole.history.size(); ++i) {
      before.push_back(now);
      before.back().history.clear();
      if (!now.apply(whole.history[i]).ok()) std::abort();
      Json body = whole.history[i].body;
      std::vector<Json*> places;
      collect_parts(body, places);
      for (const Json* place : places) parts.push_back(*place);
    }
  }
  static Opened make() {
    Opened city = qc::chain::test::opened();
    World& world = city.world;
    world.must("host", "access.release", release_body(world, city.open, "partial"));
    world.must("bank", "access.ack",
               {{"access", city.open.at("access")}, {"payload_sm3", digest("payload")}});
    world.must("reg", "subject.open", enterprise_body(world, "acme", "jia"));
    world.must("jia", "mandate.give", mandate_body(world));
    world.must("op", "policy.set",
               {{"voters", {{"kinds", {"operator"}}, {"accounts", {"sup"}}}},
                {"thresholds", {{"member", 2}, {"plugin", 1}, {"policy", 1}, {"product", 1}}},
                {"open_days", 30}});
    world.must("op", "member.suspend", {{"account", "other"}, {"reason", "audit"}});
    world.must("sup", "proposal.vote",
               {{"proposal", world.history.back().id_hex()}, {"vote", "approve"}, {"reason", ""}});
    world.must("bank", "key.rotate",
               {{"jwk", jwk_of("bank2")}, {"proof", key_proof("bank", "bank2", "bank")}});
    const Json grant{{"grant", city.grant.at("grant")}, {"reason", "no"}};
    world.must("jia", "grant.pause", grant);
    world.must("jia", "grant.resume", grant);
    world.must("jia", "grant.revoke", grant);
    world.must("bank2", "grant.delete", {{"grant", city.grant.at("grant")}});
    return city;
  }
};

/// What takes the place of a part: a part of another body, a word of the input, or nothing much.
Json another(const City& city, Source& source) {
  static const std::vector<Json> kOdd = {
      nullptr, true, 0, -1, 1.5, INT64_MAX, UINT64_MAX, "", Json::array(), Json::object()};
  switch (source.below(4)) {
    case 0:
      return kOdd[source.below(kOdd.size())];
    case 1: {
      const std::string text = source.text();
      const auto parsed = qc::parse_json(text);
      return parsed ? *parsed : Json(qc::to_hex(qc::as_bytes(text)));
    }
    default:
      return city.parts[source.below(city.parts.size())];
  }
}

void spoil_body(Json& body, const City& city, Source& source) {
  std::vector<Json*> places;
  collect_parts(body, places);
  Json& place = *places[source.below(places.size())];
  if (place.is_object() && !place.empty() && source.below(3) == 0) {
    place.erase(std::next(place.begin(), static_cast<std::ptrdiff_t>(source.below(place.size()))));
  } else if (place.is_array() && source.below(3) == 0) {
    place.push_back(another(city, source));
  } else {
    place = another(city, source);
  }
}

/// By the rules alone: the code, or what was written.
Json outcome_of(const World& world, const qc::chain::Transaction& tx) {
  qc::chain::Overlay overlay(world.state);
  const qc::chain::RuleContext context{kChain, world.index, world.now_s * 1000 + 7};
  const auto effect = qc::chain::apply_transaction(tx, context, overlay);
  if (!effect.ok()) {
    if (effect.error().code.empty() || !overlay.writes().empty()) std::abort();
    if (effect.error().kind == qc::ErrorKind::kInternal) std::abort();
    return effect.error().code;
  }
  MemoryState written;
  written.absorb(overlay.writes());
  return written.entries;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const City city;
  GTEST_FLAG_SET(break_on_failure, true);
  const auto& history = city.opened.world.history;
  Source source(data, size);
  const std::size_t at = source.below(history.size());
  World world = city.before[at];
  qc::chain::Transaction tx = history[at];
  if (source.below(8) == 0) tx.kid = history[source.below(history.size())].kid;
  for (int changes = 0; source.left() > 0 && changes < 4; ++changes) {
    spoil_body(tx.body, city, source);
  }
  if (!tx.body.is_object()) return 0;  // no transaction has such a body
  if (outcome_of(world, tx) != outcome_of(world, tx)) std::abort();
  if (!world.apply(tx).ok()) return 0;
  // What was taken must not break what comes after it: for as long as little time allows.
  for (std::size_t i = at + 1; i < history.size() && i < at + 8; ++i) (void)world.apply(history[i]);
  return 0;
}
