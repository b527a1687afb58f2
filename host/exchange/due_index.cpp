#include "host/exchange/due_index.hpp"

#include <algorithm>

namespace qc::exchange {
namespace {

constexpr std::size_t kMaxDueListed = 200;  // in one answer; the next one has what is still due
/// Of a product that nobody asks about any more: its grants are read again by who does.
constexpr std::size_t kMaxUnfiled = 100'000;

}  // namespace

void DueIndex::Schedule::file(const std::string& grant, std::int64_t when_s) {
  drop(grant);
  at.emplace(grant, when_s);
  order.emplace(when_s, grant);
}

void DueIndex::Schedule::drop(const std::string& grant) {
  const auto found = at.find(grant);
  if (found == at.end()) return;
  order.erase({found->second, grant});
  at.erase(found);
}

void DueIndex::follow(const chain::Published& published, const chain::StateReader& state) {
  const bool given = published.tx.op == "grant.create";
  if (!given && published.tx.op != "grant.cosign") return;
  const std::string id = text_of(published.tx.body, "grant");
  const chain::Document doc = given ? nullptr : state.find("grant/" + id);
  if (!given && !doc) return;
  const Json& grant = given ? published.tx.body : doc->at("body");
  if (text_of(grant, "mode") != "standing") return;
  const Json& consumer = grant.at("consumer");
  const std::lock_guard lock(mutex_);
  const auto found = schedules_.find({text_of(consumer, "account"), text_of(consumer, "product")});
  if (found == schedules_.end()) return;
  found->second->fresh.push_back(id);
  if (found->second->fresh.size() > kMaxUnfiled) schedules_.erase(found);
}

void DueIndex::reached(std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  reached_ = std::max(reached_, size);
  moved_.notify_all();
}

void DueIndex::await(std::uint64_t size, std::chrono::milliseconds most) const {
  std::unique_lock lock(mutex_);
  moved_.wait_for(lock, most, [&] { return reached_ >= size; });
}

DueIndex::Answer DueIndex::ask(const std::string& consumer, const DueTerms& terms,
                               const Read& read) {
  std::shared_ptr<Schedule> schedule;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Schedule>& place = schedules_[{consumer, terms.product}];
    if (!place) place = std::make_shared<Schedule>();
    schedule = place;
  }
  const std::lock_guard turn(schedule->turn);
  std::vector<std::string> fresh;
  {
    // Before the snapshot: one that came later would be looked for in a state that lacks it.
    const std::lock_guard lock(mutex_);
    fresh.swap(schedule->fresh);
  }
  Answer answer;
  read([&](const chain::StateReader& state) {
    if (!schedule->read_once) {
      const std::string prefix = "of/" + consumer + "/grant/";
      state.scan(prefix, "", [&](const std::string& key, const Json&) {
        schedule->file(key.substr(prefix.size()), 0);
        return true;
      });
      schedule->read_once = true;
    }
    for (const std::string& grant : fresh) schedule->file(grant, 0);
    answer = judge(*schedule, state, terms);
  });
  return answer;
}

DueIndex::Answer DueIndex::judge(Schedule& schedule, const chain::StateReader& state,
                                 const DueTerms& terms) {
  Answer answer;
  const auto follows = [&answer](std::int64_t when_s) {
    answer.next_s = answer.next_s == 0 ? when_s : std::min(answer.next_s, when_s);
  };
  std::map<std::string, std::int64_t> moved;
  auto one = schedule.order.begin();
  for (; one != schedule.order.end() && one->first <= terms.now_s; ++one) {
    if (answer.due.size() >= kMaxDueListed) break;
    Due found = due_of_grant(state, one->second, terms);
    const bool waits = !found.due.is_null() || !found.held.is_null();
    if (!found.due.is_null()) answer.due.push_back(std::move(found.due));
    if (!found.held.is_null() && answer.held.size() < kMaxDueListed) {
      answer.held.push_back(std::move(found.held));
    }
    if (found.next_s != 0) follows(found.next_s);
    if (!waits) moved.emplace(one->second, found.next_s);
  }
  const auto later = schedule.order.upper_bound({terms.now_s, std::string(1, '\x7f')});
  if (later != schedule.order.end()) follows(later->first);
  for (const auto& [grant, when_s] : moved) {
    if (when_s == 0) {
      schedule.drop(grant);
    } else {
      schedule.file(grant, when_s);
    }
  }
  return answer;
}

}  // namespace qc::exchange
