// Internal: the people themselves, before they become rows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "samples/population/population.hpp"

namespace qc::samples {

struct Day {
  int year = 0, month = 0, day = 0;
  std::string text() const;        ///< YYYY-MM-DD
  std::string month_text() const;  ///< YYYY-MM
  /// The first of the month that lies `months` before this one.
  Day months_earlier(int months) const;
};

struct Employer {
  std::string name;
  std::string uscc;
};

/// Amounts in fen.
struct Work {
  Employer employer;
  std::string form;
  Day from;
  std::optional<Day> contract_to;
  std::int64_t base = 0;
  int insured_months = 0;
  bool paid = true;
};

struct Fund {
  std::string account_no;
  Day open_date, paid_to;
  int rate_percent = 8;  ///< the person's and the employer's share, each
  std::int64_t balance = 0;
  std::string status;
};

struct Loan {
  std::string contract_no;
  std::int64_t amount = 0, outstanding = 0;
  int term_months = 0, overdue = 0;
  std::string status;
};

struct Person {
  std::string id_no, name, sex, ethnicity, household_no, relation, address, hukou_status;
  std::string person_no;  ///< social insurance
  Day birth, card_from, card_to;
  int age = 0;
  bool retired = false;
  std::optional<Work> work;
  std::optional<Fund> fund;
  std::optional<Loan> loan;
};

/// Deterministic in its options.
std::vector<Person> make_people(const PopulationOptions& options);

}  // namespace qc::samples
