#include "samples/population/people.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

#include "sdk/base/identity_numbers.hpp"

namespace qc::samples {
namespace {

/// SplitMix64 (Steele, Lea, Flood 2014). The standard distributions differ between libraries, so
/// that a seed would not mean the same people everywhere.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  int between(int low, int high) {
    return low + static_cast<int>(next() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool percent(int chance) { return between(1, 100) <= chance; }
  template <std::size_t N>
  std::string_view pick(const std::array<std::string_view, N>& list) {
    return list[next() % N];
  }

 private:
  std::uint64_t state_;
};

constexpr std::array<std::string_view, 40> kSurnames = {
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱",
    "高", "林", "何", "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于",
    "董", "萧", "程", "曹", "袁", "邓", "许", "傅", "沈", "曾", "彭", "吕"};
constexpr std::array<std::string_view, 24> kMaleNames = {
    "伟", "强", "磊", "军", "洋", "勇", "杰", "涛", "明", "超", "刚", "平",
    "辉", "鹏", "浩", "宇", "博", "志", "泽", "晨", "文", "建", "国", "海"};
constexpr std::array<std::string_view, 24> kFemaleNames = {
    "芳", "娜", "敏", "静", "丽", "艳", "娟", "霞", "秀", "玲", "桂", "燕",
    "雪", "慧", "婷", "欣", "雨", "梦", "琳", "佳", "怡", "颖", "洁", "萍"};
constexpr std::array<std::string_view, 8> kStreets = {
    "趵突泉路", "黑虎泉路", "珍珠泉街", "大明湖路", "五龙潭街", "百花洲巷", "曲水亭街", "泉城大道"};
constexpr std::array<std::string_view, 10> kCompanyHeads = {"泉涌", "历山", "明湖", "鹊华", "齐烟",
                                                            "佛山", "绣江", "玉泉", "稼轩", "舜耕"};
constexpr std::array<std::string_view, 8> kCompanyTails = {
    "软件有限公司",     "精密机械有限公司", "生物科技有限公司", "物流有限公司",
    "建筑工程有限公司", "餐饮管理有限公司", "纺织有限公司",     "信息技术有限公司"};
constexpr std::array<std::string_view, 3> kForms = {"单位就业", "单位就业", "灵活就业"};

constexpr std::int64_t kYuan = 100;

enum Case { kGood, kNoLoan, kNoFund, kOverdue, kNew, kArrears, kMinor, kExpiredCard, kMixed };

std::string padded(long long number, int digits) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%0*lld", digits, number);
  return text.data();
}

/// GB 11714: the check character of an eight-character organisation code.
char organisation_check_digit(std::string_view code8) {
  constexpr std::array<int, 8> kWeights = {3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (std::size_t i = 0; i < kWeights.size(); ++i) {
    const char c = code8[i];
    sum += kWeights[i] * (c >= 'A' ? c - 'A' + 10 : c - '0');
  }
  const int check = 11 - sum % 11;
  return check == 10 ? 'X' : check == 11 ? '0' : static_cast<char>('0' + check);
}

Employer employer_number(std::size_t index) {
  const std::string_view head = kCompanyHeads[index % kCompanyHeads.size()];
  const std::string_view tail = kCompanyTails[index / kCompanyHeads.size() % kCompanyTails.size()];
  const std::string organisation = "QY" + padded(static_cast<long long>(index) + 1, 6);
  std::string uscc = "91" + std::string(kSyntheticArea) + organisation;
  uscc += organisation_check_digit(organisation);
  uscc += uscc_check(uscc);
  return {"泉城示范" + std::string(head) + std::string(tail), uscc};
}

class Maker {
 public:
  explicit Maker(const PopulationOptions& options)
      : dice_(options.seed), today_{options.year, options.month, 1} {}

  Person make(int index) {
    const Case kind = index < kMixed ? static_cast<Case>(index) : kMixed;
    Person person;
    set_birth(person, kind);
    set_name(person, index);
    set_card(person, kind);
    const bool works = person.age >= 18 && !person.retired && (kind != kMixed || dice_.percent(88));
    if (works) set_work(person, kind);
    if (person.work && kind != kNoFund && (kind != kMixed || dice_.percent(80))) {
      set_fund(person, kind);
    }
    const bool loan = kind == kGood || kind == kOverdue ||
                      (kind == kMixed && person.age >= 24 && dice_.percent(35));
    if (person.fund && loan) set_loan(person, kind);
    return person;
  }

 private:
  void set_birth(Person& person, Case kind) {
    int age = dice_.between(kind == kMixed ? 3 : 30, kind == kMixed ? 82 : 42);
    if (kind == kMinor) age = 15;
    if (kind == kNew) age = 23;
    if (kind == kExpiredCard) age = 30;
    // Born in the first half of a past year: the age holds all through the month of the data.
    Day birth{today_.year - age, dice_.between(1, today_.month), dice_.between(1, 28)};
    if (birth.month == today_.month) birth.day = 1;
    person.birth = birth;
    person.age = age;
    const bool male = dice_.percent(50);
    person.sex = male ? "男" : "女";
    person.retired = age >= (male ? 60 : 55);
    std::string prefix = std::string(kSyntheticArea) + padded(birth.year, 4) +
                         padded(birth.month, 2) + padded(birth.day, 2);
    for (int sequence = male ? 1 : 2; sequence < 1000; sequence += 2) {
      std::string first17 = prefix + padded(sequence, 3);
      person.id_no = first17 + id_number_check(first17);
      if (used_.insert(person.id_no).second) break;
    }
  }

  void set_name(Person& person, int index) {
    const bool male = person.sex == "男";
    person.name = dice_.pick(kSurnames);
    const int characters = dice_.percent(75) ? 2 : 1;
    for (int i = 0; i < characters; ++i) {
      person.name += male ? dice_.pick(kMaleNames) : dice_.pick(kFemaleNames);
    }
    person.ethnicity = dice_.percent(97) ? "汉族" : "回族";
    const bool head = person.age >= 18 && (index == 0 || dice_.percent(60));
    if (head || household_.empty()) {
      household_ = std::string(kSyntheticArea) + padded(index + 1, 8);
      address_ =
          "泉城市示范区" + std::string(dice_.pick(kStreets)) +
          std::to_string(dice_.between(1, 299)) + "号" + std::to_string(dice_.between(1, 30)) +
          "号楼" + std::to_string(dice_.between(1, 4)) + "单元" +
          std::to_string(dice_.between(1, 18)) + "0" + std::to_string(dice_.between(1, 4)) + "室";
      person.relation = "户主";
    } else if (person.age < 25) {
      person.relation = male ? "子" : "女";
    } else {
      person.relation = "非亲属";
    }
    person.household_no = household_;
    person.address = address_;
    person.hukou_status = index < kMixed || dice_.percent(98) ? "正常" : "迁出";
    person.person_no = padded(3701990000000LL + index + 1, 13);
  }

  /// Cards last 5, 10 or 20 years by age at issue (居民身份证法 article 5).
  static int card_years(int age_at_issue) {
    return age_at_issue < 16 ? 5 : age_at_issue < 26 ? 10 : 20;
  }

  void set_card(Person& person, Case kind) {
    if (kind == kExpiredCard || (kind == kMixed && dice_.percent(5))) {
      for (const int years : {20, 10, 5}) {
        const int age_at_issue = person.age - years - 1;
        if (age_at_issue < 1 || card_years(age_at_issue) != years) continue;
        person.card_from = {today_.year - years - 1, dice_.between(1, 12), dice_.between(1, 28)};
        person.card_to = person.card_from;
        person.card_to.year += years;
        return;
      }
    }
    const int held = std::min(dice_.between(0, 4), std::max(person.age - 1, 0));
    person.card_from = {today_.year - held, dice_.between(1, today_.month), 1};
    person.card_to = person.card_from;
    person.card_to.year += card_years(person.age - held);
  }

  void set_work(Person& person, Case kind) {
    Work work;
    work.employer = employer_number(dice_.next() % (kCompanyHeads.size() * kCompanyTails.size()));
    const int possible = (person.age - 18) * 12;
    work.insured_months = std::min(possible, dice_.between(6, std::max(7, possible)));
    if (kind == kNew) work.insured_months = 7;
    if (kind == kGood || kind == kNoLoan) work.insured_months = std::max(possible * 2 / 3, 96);
    if (kind == kOverdue || kind == kArrears) work.insured_months = std::max(possible / 2, 48);
    const int here = std::max(1, work.insured_months * dice_.between(30, 100) / 100);
    work.from = today_.months_earlier(kind == kGood ? std::max(here, 40) : here);
    work.form = kind == kMixed ? dice_.pick(kForms) : "单位就业";
    if (dice_.percent(70)) {
      work.contract_to = today_.months_earlier(-dice_.between(6, 36));
    }
    const int low = kind == kGood ? 9'000 : 4'200;
    work.base = dice_.between(low, kind == kMixed ? 24'000 : 14'000) * kYuan;
    work.paid = kind != kArrears && (kind != kMixed || dice_.percent(94));
    person.work = work;
  }

  void set_fund(Person& person, Case kind) {
    Fund fund;
    const Work& work = *person.work;
    fund.account_no = "3701" + padded(dice_.between(100'000'000, 999'999'999), 9);
    const int months = std::max(1, work.insured_months - dice_.between(0, 3));
    fund.open_date = today_.months_earlier(months);
    fund.rate_percent = dice_.between(5, 12);
    const bool closed = kind == kMixed && dice_.percent(6);
    const int late = kind == kMixed && dice_.percent(8) ? dice_.between(4, 18) : 1;
    fund.paid_to = today_.months_earlier(std::min(late, months));
    fund.status = closed ? "封存" : "正常";
    const std::int64_t monthly = work.base * fund.rate_percent * 2 / 100;
    fund.balance = monthly * months * dice_.between(20, 70) / 100;
    person.fund = fund;
  }

  void set_loan(Person& person, Case kind) {
    Loan loan;
    loan.contract_no = "GJJ" + std::to_string(today_.year - dice_.between(1, 6)) +
                       padded(dice_.between(1, 999'999), 6);
    loan.amount = dice_.between(20, 80) * 10'000 * kYuan;
    loan.term_months = dice_.between(10, 30) * 12;
    loan.outstanding = loan.amount * dice_.between(kind == kGood ? 20 : 5, 90) / 100;
    if (kind == kOverdue) loan.overdue = 3;
    if (kind == kMixed && dice_.percent(20)) loan.overdue = dice_.between(1, 5);
    loan.status = loan.overdue > 0 ? "逾期" : "正常";
    person.loan = loan;
  }

  Dice dice_;
  Day today_;
  std::set<std::string> used_;
  std::string household_, address_;
};

}  // namespace

std::string Day::text() const { return month_text() + '-' + padded(day, 2); }

std::string Day::month_text() const { return padded(year, 4) + '-' + padded(month, 2); }

Day Day::months_earlier(int months) const {
  const int total = year * 12 + month - 1 - months;
  return {total / 12, total % 12 + 1, 1};
}

std::vector<Person> make_people(const PopulationOptions& options) {
  Maker maker(options);
  std::vector<Person> people;
  people.reserve(static_cast<std::size_t>(options.count));
  for (int i = 0; i < options.count; ++i) people.push_back(maker.make(i));
  return people;
}

}  // namespace qc::samples
