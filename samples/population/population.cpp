#include "samples/population/population.hpp"

#include <chrono>

#include "samples/population/databases.hpp"
#include "sdk/base/files.hpp"

namespace qc::samples {
namespace {

constexpr int kMaxPeople = 100'000;

Status check(const std::filesystem::path& dir, const PopulationOptions& options) {
  if (options.count < 1 || options.count > kMaxPeople) {
    return invalid("population.invalid_option", "expected 1 to 100000 people", "count");
  }
  if (options.year < 2000 || options.year > 2900 || options.month < 1 || options.month > 12) {
    return invalid("population.invalid_option", "expected a month from 2000-01 to 2900-12",
                   "month");
  }
  for (const char* name : {"public_security.db", "human_resources.db", "human_resources",
                           "housing_fund.db", "people.json"}) {
    std::error_code error;
    if (std::filesystem::exists(dir / name, error)) {
      return conflict("population.exists", std::string(name) + " is there already");
    }
  }
  return {};
}

}  // namespace

Status write_population(const std::filesystem::path& dir, const PopulationOptions& options) {
  QC_TRY(check(dir, options));
  const std::vector<Person> people = make_people(options);
  QC_TRY(write_public_security(dir / "public_security.db", people));
  QC_TRY(write_human_resources(dir / "human_resources.db", dir / "human_resources", people,
                               Day{options.year, options.month, 1}));
  QC_TRY(write_housing_fund(dir / "housing_fund.db", people));
  Json list = Json::array();
  for (const Person& person : people) {
    list.push_back(
        {{"id_no", person.id_no}, {"name", person.name}, {"card_valid_to", person.card_to.text()}});
  }
  return write_file(dir / "people.json", list.dump(1) + '\n', FileMode::kPrivate);
}

Status write_population(const std::filesystem::path& dir, int count, std::uint64_t seed) {
  const std::chrono::year_month_day today{
      std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now())};
  PopulationOptions options;
  options.count = count;
  options.seed = seed;
  options.year = static_cast<int>(today.year());
  options.month = static_cast<int>(static_cast<unsigned>(today.month()));
  return write_population(dir, options);
}

}  // namespace qc::samples
