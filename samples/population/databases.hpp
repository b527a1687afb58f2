// Internal: people as rows of the departments' databases.
#pragma once

#include "samples/population/people.hpp"

namespace qc::samples {

Status write_public_security(const std::filesystem::path& file, const std::vector<Person>& people);
/// Also as the nightly extract that its plugin reads: <extract>/<table>.csv.
Status write_human_resources(const std::filesystem::path& file,
                             const std::filesystem::path& extract,
                             const std::vector<Person>& people, const Day& today);
Status write_housing_fund(const std::filesystem::path& file, const std::vector<Person>& people);

}  // namespace qc::samples
