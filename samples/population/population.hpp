// A synthetic population and its departments' databases.
#pragma once

#include <cstdint>
#include <filesystem>

#include "sdk/base/result.hpp"

namespace qc::samples {

struct PopulationOptions {
  int count = 200;  ///< people, 1..100000
  std::uint64_t seed = 370199;
  /// The month the data are of: contributions run to the month before it.
  int year = 0, month = 0;
};

/// Writes into `dir` (which must exist): public_security.db, human_resources.db, housing_fund.db
/// (SQLite; mode 0600) and people.json, a list of {"id_no","name","card_valid_to"} in the order
/// below. The same options give the same rows. Everybody lives in area 370199, which GB/T 2260
/// assigns to nobody.
///
/// The first people are cases a demonstration can count on: 0 in good standing with a loan that is
/// repaid, 1 in good standing without a loan, 2 without a fund account, 3 with a loan three
/// instalments overdue, 4 newly employed, 5 with a payment in arrears, 6 a minor, 7 with an expired
/// card. The rest is mixed.
///
/// Errors: "population.invalid_option" (with field), "population.exists" (a file is there already),
/// "file.io".
Status write_population(const std::filesystem::path& dir, const PopulationOptions& options);

/// With the present month.
Status write_population(const std::filesystem::path& dir, int count, std::uint64_t seed);

}  // namespace qc::samples
