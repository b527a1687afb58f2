#include "samples/population/databases.hpp"

#include <memory>
#include <variant>

#include <sqlite3.h>

#include "sdk/base/files.hpp"
#include "sdk/base/identity_numbers.hpp"

namespace qc::samples {
namespace {

using Value = std::variant<std::nullptr_t, std::int64_t, std::string>;

Error io_error(int code) {
  return unavailable("file.io", "SQLite answered with code " + std::to_string(code));
}

/// One new database, filled in one transaction.
class Writer {
 public:
  static Result<Writer> create(const std::filesystem::path& file, const char* schema) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(
        file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE,
        nullptr);
    Writer writer(raw);
    if (code != SQLITE_OK) return io_error(code);
    std::error_code error;
    std::filesystem::permissions(
        file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, error);
    if (error) return unavailable("file.io", "cannot set the mode of the database");
    QC_TRY(writer.run("BEGIN"));
    QC_TRY(writer.run(schema));
    return writer;
  }

  Status run(const char* sql) {
    const int code = sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return io_error(code);
    return {};
  }

  /// `sql` has as many `?` as there are values.
  Status insert(const char* sql, const std::vector<Value>& values) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v2(db_.get(), sql, -1, &raw, nullptr);
    const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(raw,
                                                                               &sqlite3_finalize);
    if (code != SQLITE_OK) return io_error(code);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const int at = static_cast<int>(i) + 1;
      if (const auto* number = std::get_if<std::int64_t>(&values[i])) {
        sqlite3_bind_int64(raw, at, *number);
      } else if (const auto* text = std::get_if<std::string>(&values[i])) {
        sqlite3_bind_text(raw, at, text->c_str(), static_cast<int>(text->size()), SQLITE_STATIC);
      } else {
        sqlite3_bind_null(raw, at);
      }
    }
    const int done = sqlite3_step(raw);
    if (done != SQLITE_DONE) return io_error(done);
    return {};
  }

  Status finish() { return run("COMMIT"); }

  /// The table as comma-separated values (RFC 4180) with a header.
  Result<std::string> extract(const std::string& table) {
    std::string text;
    bool header = true;
    const auto visit = [&](int count, char** cells, char** names) {
      if (header) add_line(text, count, names);
      header = false;
      add_line(text, count, cells);
    };
    const auto forward = [](void* context, int count, char** cells, char** names) {
      (*static_cast<decltype(visit)*>(context))(count, cells, names);
      return 0;
    };
    const int code =
        sqlite3_exec(db_.get(), ("SELECT * FROM " + table + " ORDER BY 1, 2").c_str(), forward,
                     const_cast<void*>(static_cast<const void*>(&visit)), nullptr);
    if (code != SQLITE_OK) return io_error(code);
    return text;
  }

 private:
  /// Nothing in the sample city's values needs quotation marks.
  static void add_line(std::string& text, int count, char** cells) {
    for (int i = 0; i < count; ++i) {
      text += (i == 0 ? "" : ",") + std::string(cells[i] == nullptr ? "" : cells[i]);
    }
    text += '\n';
  }

  explicit Writer(sqlite3* db) : db_(db, &sqlite3_close_v2) {}
  std::unique_ptr<sqlite3, decltype(&sqlite3_close_v2)> db_;
};

constexpr const char* kPublicSecuritySchema =
    "CREATE TABLE person(id_no TEXT PRIMARY KEY, name TEXT NOT NULL, sex TEXT, ethnicity TEXT, "
    "birth_date TEXT, household_no TEXT, relation_to_head TEXT, reg_address TEXT, reg_area TEXT, "
    "hukou_status TEXT) WITHOUT ROWID;"
    "CREATE TABLE id_card(id_no TEXT PRIMARY KEY, name TEXT NOT NULL, issuer TEXT, "
    "valid_from TEXT, valid_to TEXT) WITHOUT ROWID;";

constexpr const char* kHumanResourcesSchema =
    "CREATE TABLE insurance(id_no TEXT PRIMARY KEY, person_no TEXT, ins_type TEXT, employer TEXT, "
    "employer_uscc TEXT, status TEXT, first_ym TEXT) WITHOUT ROWID;"
    "CREATE TABLE contribution(id_no TEXT, ins_type TEXT, period_ym TEXT, base INTEGER, "
    "person_amt INTEGER, employer_amt INTEGER, paid INTEGER, total_months INTEGER, "
    "PRIMARY KEY(id_no, period_ym)) WITHOUT ROWID;"
    "CREATE TABLE employment(id_no TEXT, employer TEXT, form TEXT, start_date TEXT, "
    "contract_to TEXT, PRIMARY KEY(id_no, start_date)) WITHOUT ROWID;";

constexpr const char* kHousingFundSchema =
    "CREATE TABLE account(id_no TEXT PRIMARY KEY, account_no TEXT, employer TEXT, open_date TEXT, "
    "base INTEGER, person_rate TEXT, employer_rate TEXT, monthly INTEGER, paid_to TEXT, "
    "balance INTEGER, status TEXT) WITHOUT ROWID;"
    "CREATE TABLE loan(id_no TEXT PRIMARY KEY, contract_no TEXT, amount INTEGER, term INTEGER, "
    "outstanding INTEGER, overdue INTEGER, status TEXT) WITHOUT ROWID;";

/// The person's 8 % and the employer's 16 % of basic pension insurance; months of history kept.
constexpr int kPersonPercent = 8;
constexpr int kEmployerPercent = 16;
constexpr int kHistoryMonths = 6;
constexpr const char* kPension = "企业职工基本养老保险";

Status insert_contributions(Writer& db, const Person& person, const Day& today) {
  const Work& work = *person.work;
  for (int back = std::min(kHistoryMonths, work.insured_months); back >= 1; --back) {
    const bool paid = back > 1 || work.paid;
    QC_TRY(db.insert("INSERT INTO contribution VALUES(?,?,?,?,?,?,?,?)",
                     {person.id_no, kPension, today.months_earlier(back).month_text(), work.base,
                      work.base * kPersonPercent / 100, work.base * kEmployerPercent / 100,
                      std::int64_t{paid}, std::int64_t{work.insured_months - back + 1}}));
  }
  return {};
}

Status insert_work(Writer& db, const Person& person, const Day& today) {
  const Work& work = *person.work;
  QC_TRY(
      db.insert("INSERT INTO insurance VALUES(?,?,?,?,?,?,?)",
                {person.id_no, person.person_no, kPension, work.employer.name, work.employer.uscc,
                 "参保缴费", today.months_earlier(work.insured_months).month_text()}));
  QC_TRY(insert_contributions(db, person, today));
  const Value until = work.contract_to ? Value(work.contract_to->text()) : Value(nullptr);
  return db.insert("INSERT INTO employment VALUES(?,?,?,?,?)",
                   {person.id_no, work.employer.name, work.form, work.from.text(), until});
}

}  // namespace

Status write_public_security(const std::filesystem::path& file, const std::vector<Person>& people) {
  QC_ASSIGN(Writer db, Writer::create(file, kPublicSecuritySchema));
  for (const Person& person : people) {
    QC_TRY(db.insert("INSERT INTO person VALUES(?,?,?,?,?,?,?,?,?,?)",
                     {person.id_no, person.name, person.sex, person.ethnicity, person.birth.text(),
                      person.household_no, person.relation, person.address,
                      std::string(kSyntheticArea), person.hukou_status}));
    QC_TRY(db.insert("INSERT INTO id_card VALUES(?,?,?,?,?)",
                     {person.id_no, person.name, "泉城市公安局示范分局", person.card_from.text(),
                      person.card_to.text()}));
  }
  return db.finish();
}

Status write_human_resources(const std::filesystem::path& file,
                             const std::filesystem::path& extract,
                             const std::vector<Person>& people, const Day& today) {
  QC_ASSIGN(Writer db, Writer::create(file, kHumanResourcesSchema));
  for (const Person& person : people) {
    if (person.work) {
      QC_TRY(insert_work(db, person, today));
    } else if (person.retired) {
      QC_TRY(db.insert(
          "INSERT INTO insurance VALUES(?,?,?,?,?,?,?)",
          {person.id_no, person.person_no, kPension, nullptr, nullptr, "领取待遇", nullptr}));
    }
  }
  QC_TRY(db.finish());
  QC_TRY(make_private_directory(extract));
  for (const char* table : {"insurance", "contribution", "employment"}) {
    QC_ASSIGN(const std::string text, db.extract(table));
    QC_TRY(write_file(extract / (std::string(table) + ".csv"), text, FileMode::kPrivate));
  }
  return {};
}

Status write_housing_fund(const std::filesystem::path& file, const std::vector<Person>& people) {
  QC_ASSIGN(Writer db, Writer::create(file, kHousingFundSchema));
  for (const Person& person : people) {
    if (!person.fund) continue;
    const Fund& fund = *person.fund;
    const std::string rate =
        "0." + std::string(fund.rate_percent < 10 ? "0" : "") + std::to_string(fund.rate_percent);
    const std::int64_t base = person.work->base;
    QC_TRY(db.insert("INSERT INTO account VALUES(?,?,?,?,?,?,?,?,?,?,?)",
                     {person.id_no, fund.account_no, person.work->employer.name,
                      fund.open_date.text(), base, rate, rate, base * fund.rate_percent * 2 / 100,
                      fund.paid_to.month_text(), fund.balance, fund.status}));
    if (!person.loan) continue;
    const Loan& loan = *person.loan;
    QC_TRY(db.insert("INSERT INTO loan VALUES(?,?,?,?,?,?,?)",
                     {person.id_no, loan.contract_no, loan.amount, std::int64_t{loan.term_months},
                      loan.outstanding, std::int64_t{loan.overdue}, loan.status}));
  }
  return db.finish();
}

}  // namespace qc::samples
