#include "host/cli/story_people.hpp"

#include <charconv>

#include "host/cli/session.hpp"
#include "sdk/base/files.hpp"

namespace qc::cli {
namespace {

// samples/population documents what the first eight people are.
constexpr std::size_t kFirstSpecial = 2;
constexpr std::size_t kFirstMixed = 8;

constexpr const char* kPlayed = "citizens-played";

std::vector<std::size_t> playing_order(std::size_t count) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < std::min(count, kFirstSpecial); ++i) order.push_back(i);
  for (std::size_t i = kFirstMixed; i < count; ++i) order.push_back(i);
  for (std::size_t i = kFirstSpecial; i < std::min(count, kFirstMixed); ++i) order.push_back(i);
  return order;
}

Result<std::size_t> already_played(const Stage& stage) {
  const auto text = read_file(stage.in_city(kPlayed), 64);
  if (!text.ok()) {
    if (text.error().code == "file.not_found") return std::size_t{0};
    return text.error();
  }
  std::size_t played = 0;
  const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), played);
  if (failure != std::errc{}) return invalid("file.invalid", "expected a number", kPlayed);
  return played;
}

}  // namespace

Result<std::vector<Candidate>> story_people(const Stage& stage) {
  QC_ASSIGN(const Json people, read_document(stage.in_city("population/people.json")));
  if (!people.is_array()) return invalid("file.invalid", "expected a list", "people.json");
  QC_ASSIGN(const std::size_t played, already_played(stage));
  const std::vector<std::size_t> order = playing_order(people.size());
  std::vector<Candidate> candidates;
  for (std::size_t at = played; at < order.size(); ++at) {
    candidates.push_back({at, people[order[at]]});
  }
  if (candidates.empty()) {
    return not_found("story.no_citizen_left", "every sample citizen has had a turn");
  }
  return candidates;
}

Status mark_played(const Stage& stage, std::size_t position) {
  return write_file(stage.in_city(kPlayed), std::to_string(position + 1) + "\n",
                    FileMode::kPrivate);
}

}  // namespace qc::cli
