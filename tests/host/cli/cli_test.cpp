// Parts of the command line that need no host.
#include <filesystem>
#include <sstream>

#include <gtest/gtest.h>

#include "host/cli/bank_access.hpp"
#include "host/cli/bank_request.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/consent.hpp"
#include "host/cli/notice.hpp"
#include "host/cli/process.hpp"
#include "host/cli/receipts.hpp"
#include "host/cli/show.hpp"
#include "samples/city/city.hpp"
#include "samples/city/settings.hpp"
#include "sdk/base/files.hpp"
#include "sdk/base/identity_numbers.hpp"
#include "sdk/crypto/keystore.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/package_signature.hpp"
#include "sdk/proof/transaction.hpp"

namespace qc::cli {
namespace {

namespace fs = std::filesystem;

class Folder : public ::testing::Test {
 protected:
  Folder() : path_(fs::temp_directory_path() / ("quancheng-cli-" + to_hex(random_bytes(6)))) {
    fs::create_directories(path_);
  }
  ~Folder() override { fs::remove_all(path_); }
  const fs::path path_;
};

TEST(Show, Money) {
  EXPECT_EQ(money(0), "¥ 0.00");
  EXPECT_EQ(money(5), "¥ 0.05");
  EXPECT_EQ(money(12345600), "¥ 123,456.00");
  EXPECT_EQ(money(100000000000), "¥ 1,000,000,000.00");
  EXPECT_EQ(money(-12300), "-¥ 123.00");
  EXPECT_EQ(money(INT64_MIN), "-¥ 92,233,720,368,547,758.08");
}

TEST(Show, Columns) {
  EXPECT_EQ(padded("ab", 4), "ab  ");
  EXPECT_EQ(padded("账户", 6), "账户  ");
  EXPECT_EQ(padded("too long", 3), "too long");
  EXPECT_EQ(percent(345), "3.45 %");
  EXPECT_EQ(shortened("0123456789abcdef"), "0123456789…");
  EXPECT_EQ(operation("grant.revoke"), "授权撤回 grant revoked");
  EXPECT_EQ(operation("no.such"), "no.such");
}

TEST(Show, ADecisionSaysWhatItHasAndNoMore) {
  const Json reasons = Json::array({{{"code", "r"}, {"zh", "稳定"}, {"en", "steady"}}});
  const std::string loan = decision_text({{"outcome", "approved"},
                                          {"amount_fen", 12300000},
                                          {"rate_bp", 345},
                                          {"term_months", 36},
                                          {"reasons", reasons}});
  EXPECT_EQ(loan, line("决定 decision", "批准 approved") + line("额度 amount", "¥ 123,000.00") +
                      line("年利率 rate", "3.45 %") + line("期限 term", "36 个月 months") +
                      line("理由 reason", "稳定 steady"));
  // A look after a loan lends nothing: its zeros are no offer.
  EXPECT_EQ(decision_text({{"outcome", "in_order"},
                           {"amount_fen", 0},
                           {"rate_bp", 0},
                           {"term_months", 0},
                           {"reasons", reasons}}),
            line("决定 decision", "正常 in order") + line("理由 reason", "稳定 steady"));
  EXPECT_EQ(decision_text({{"outcome", "x"}, {"amount_fen", "1"}}), line("决定 decision", "x"));
}

TEST(Errors, ExitCodes) {
  EXPECT_EQ(exit_of(forbidden("grant.revoked", "")), kRefused);
  EXPECT_EQ(exit_of(invalid("usage.missing", "")), kUsage);
  EXPECT_EQ(exit_of(unavailable("client.unreachable", "")), kUnreachable);
  EXPECT_EQ(exit_of(invalid("receipt.not_included", "")), kUnverified);
  EXPECT_EQ(exit_of(invalid("client.wrong_host_key", "")), kUnverified);
  EXPECT_EQ(exit_of(forbidden("keystore.permissions", "")), kLocal);
  EXPECT_EQ(exit_of(invalid("json.missing_field", "")), kRefused);
  EXPECT_EQ(line_of(invalid("a.b", "text", "f")), "a.b: text (f)");
  EXPECT_EQ(line_of(invalid("a.b", "text")), "a.b: text");
}

Json sample_product() {
  return {{"product", "citizen_loan"},
          {"version", 1},
          {"purpose", {{"code", "credit.assessment"}, {"text_zh", "审批"}, {"text_en", "decide"}}},
          {"scope",
           {{{"item", "gjj.account"},
             {"version", 1},
             {"required", {"balance"}},
             {"optional", Json::array()}}}},
          {"release", "answer"},
          {"plugin", "citizen_loan"},
          {"max_valid_days", 30},
          {"max_uses", 1},
          {"data_life_days", 180}};
}

TEST(Request, StaysWithinTheProduct) {
  RequestWishes wishes;
  wishes.subject = "p-0123";
  wishes.valid_days = 400;
  const Json consumer = {{"name_zh", "银行"}, {"uscc", "X"}, {"contact", "c"}};
  const auto body = make_request(sample_product(), consumer, Json::object(), wishes, 1000);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->at("valid").at("from"), 1000);
  EXPECT_EQ(body->at("valid").at("to"), 1000 + 30 * 86400);
  EXPECT_EQ(body->at("mode"), "once");
  EXPECT_EQ(body->at("data_life_days"), 180);
  EXPECT_EQ(body->at("notice").at("sm3"), notice_sm3(*body, consumer));
  Json broken = sample_product();
  broken.erase("scope");
  const auto refused = make_request(broken, consumer, Json::object(), wishes, 1000);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "product.invalid");
}

TEST(Request, TellsWatchingFromDeciding) {
  RequestWishes wishes;
  const Json consumer = {{"name_zh", "银行"}, {"uscc", "X"}, {"contact", "c"}};
  const auto told = [&](std::int64_t uses) {
    wishes.uses = uses;
    return make_request(sample_product(), consumer, Json::object(), wishes, 1000)->at("purpose");
  };
  const Json once = told(1);
  const Json standing = told(30);
  for (const char* name : {"necessity", "impact"}) {
    EXPECT_FALSE(text_of(once, name).empty());
    EXPECT_FALSE(text_of(standing, name).empty());
    EXPECT_NE(once.at(name), standing.at(name));
  }
  wishes.impact = "i";
  EXPECT_EQ(told(30).at("impact"), "i");
}

// Whatever the subject is told must move the hash that the ledger keeps.
TEST(Notice, EveryTermMovesTheHash) {
  RequestWishes wishes;
  wishes.necessity = "n";
  wishes.impact = "i";
  const Json consumer = {{"name_zh", "银行"}, {"uscc", "X"}, {"contact", "c"}};
  const Json body = *make_request(sample_product(), consumer, Json::object(), wishes, 1000);
  const std::string before = notice_sm3(body, consumer);
  const std::vector<std::pair<std::string, Json>> changes = {
      {"/product", "other"},       {"/product_version", 2},
      {"/purpose/text", "other"},  {"/purpose/code", "other"},
      {"/purpose/necessity", "o"}, {"/purpose/impact", "o"},
      {"/scope/0/item", "x.y"},    {"/scope/0/required/0", "other"},
      {"/release", "fields"},      {"/valid/from", 1001},
      {"/valid/to", 5000},         {"/max_uses", 2},
      {"/data_life_days", 181}};
  for (const auto& [pointer, value] : changes) {
    Json changed = body;
    changed[Json::json_pointer(pointer)] = value;
    EXPECT_NE(notice_sm3(changed, consumer), before) << pointer;
  }
  for (const char* name : {"name_zh", "uscc", "contact"}) {
    Json other = consumer;
    other[name] = "other";
    EXPECT_NE(notice_sm3(body, other), before) << name;
  }
  Json same = body;
  same["notice"]["sm3"] = "anything";
  EXPECT_EQ(notice_sm3(same, consumer), before);
}

// What the host hands over: by the dictionary's names, all that is asked for, or nothing is signed.
TEST(Consent, FieldsAreTheDictionarysAndInTheBox) {
  ConsentItem item;
  item.item = "gjj.account";
  item.version = 1;
  item.required = {"balance"};
  item.optional = {"status"};
  EXPECT_EQ(check_names(item).error().code, "verify.unknown_item");
  item.labels = {{"balance", "余额"}};
  EXPECT_EQ(check_names(item).error().code, "verify.unknown_field");
  EXPECT_EQ(check_names(item).error().field, "gjj.account.status");
  item.labels["status"] = "状态";
  EXPECT_TRUE(check_names(item).ok());

  std::set<std::string> unused = {"gjj.account.status"};
  EXPECT_EQ(chosen_fields(item, {}, unused).error().code, "consent.asset_missing");
  item.asset.emplace();
  item.asset->fields = {{"status", "正常"}};
  unused = {"gjj.account.status"};
  const auto lacking = chosen_fields(item, {}, unused);
  EXPECT_EQ(lacking.error().code, "verify.missing_field");
  EXPECT_EQ(lacking.error().field, "gjj.account.balance");
  item.asset->fields["balance"] = 1;
  unused = {"gjj.account.status"};
  EXPECT_EQ(*chosen_fields(item, {}, unused), (std::vector<std::string>{"balance", "status"}));
  EXPECT_TRUE(unused.empty());
}

TEST(Commitment, BindsDomainSaltAndText) {
  const Bytes salt(32, 7);
  std::string input = "qc-decision-1";
  input += '\0';
  input.append(salt.begin(), salt.end());
  input += "text";
  EXPECT_EQ(*commitment_of("qc-decision-1", to_base64url(salt), "text"),
            to_hex(crypto::sm3(input)));
  EXPECT_FALSE(commitment_of("qc-decision-1", "not base64url!", "text").ok());
}

TEST(Process, FeedsAndReadsAtOnce) {
  // Larger than every pipe buffer: a deadlock if one side waited for the other.
  const std::string input(3U << 20U, 'x');
  const auto finished = run_process({"/bin/cat"}, input);
  ASSERT_TRUE(finished.ok());
  EXPECT_EQ(finished->exit_code, 0);
  EXPECT_EQ(finished->out, input);
}

TEST(Process, TellsHowItEnded) {
  EXPECT_EQ(run_process({"/bin/sh", "-c", "echo no >&2; exit 7"})->exit_code, 7);
  EXPECT_EQ(run_process({"/bin/sh", "-c", "echo no >&2; exit 7"})->err, "no\n");
  EXPECT_EQ(run_process({"/bin/sh", "-c", "kill -9 $$"})->exit_code, 128 + 9);
  EXPECT_EQ(run_process({"/no/such/program"}).error().code, "process.start_failed");
  EXPECT_EQ(run_process({"/bin/sleep", "30"}, {}, 50).error().code, "process.timeout");
  // A child that does not read its input is no failure.
  EXPECT_EQ(run_process({"/bin/true"}, std::string(1U << 20U, 'x'))->exit_code, 0);
}

TEST(Sample, SocialCreditCodes) {
  EXPECT_EQ(samples::make_uscc("91", "350100", "M000100Y"), "91350100M000100Y43");
  EXPECT_TRUE(is_valid_uscc(samples::make_uscc("12", "370199", "QC000001")));
}

TEST(Sample, TomlTexts) { EXPECT_EQ(samples::toml_text("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000A\""); }

class City : public Folder {};

TEST_F(City, IsWholeOrNotThere) {
  samples::CityOptions options;
  options.directory = path_ / "city";
  options.plugins_dir = path_ / "plugins";
  options.sql_dir = path_ / "sql";
  options.people = 12;
  const fs::path built = options.plugins_dir / "housing_fund";
  fs::create_directories(built);
  const Json manifest = {{"plugin", "housing_fund"}, {"owner", "gjj"}};
  ASSERT_TRUE(write_file(built / "manifest.json", manifest.dump(), FileMode::kPublic).ok());
  const auto made = samples::init_city(options);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_TRUE(made->chain.starts_with("quancheng-sample-"));
  for (const char* name :
       {"host.toml", "city.json", "genesis.jws", "host.jwk.json", "keys/passphrase",
        "keys/pseudonym.key", "profiles/qc-bank.json", "members/ga.json", "population/people.json",
        "config/plugins/citizen_loan.toml"}) {
    EXPECT_TRUE(fs::exists(options.directory / name)) << name;
  }
  for (const auto& entry : fs::recursive_directory_iterator(options.directory / "keys")) {
    if (entry.path().string().ends_with(".jwk.json")) continue;
    EXPECT_EQ(
        fs::status(entry.path()).permissions() & (fs::perms::group_all | fs::perms::others_all),
        fs::perms::none)
        << entry.path();
  }
  const auto passphrase = crypto::read_passphrase_file(options.directory / "keys" / "passphrase");
  ASSERT_TRUE(passphrase.ok());
  const auto key = crypto::load_key(options.directory / "keys" / "operator.pem", *passphrase);
  ASSERT_TRUE(key.ok());
  const auto signature = read_file(options.directory / "plugins/housing_fund/publisher.jws");
  const auto department = read_json_file(options.directory / "keys" / "gjj.jwk.json");
  ASSERT_TRUE(signature.ok() && department.ok());
  const auto claim = proof::open_package(signature->substr(0, signature->find('\n')),
                                         *crypto::PublicKey::from_jwk(*department));
  ASSERT_TRUE(claim.ok()) << claim.error().message;
  EXPECT_EQ(claim->chain, made->chain);
  EXPECT_EQ(claim->publisher, "gjj");
  EXPECT_EQ(claim->manifest, manifest);
  std::string genesis = *read_file(options.directory / "genesis.jws");
  genesis.pop_back();
  const auto tx = proof::parse_transaction(genesis);
  ASSERT_TRUE(tx.ok());
  EXPECT_EQ(tx->op, "network.found");
  EXPECT_EQ(tx->chain, made->chain);
  EXPECT_TRUE(proof::verify_transaction(*tx, key->public_key()).ok());

  const auto again = samples::init_city(options);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, "city.exists");
  options.directory = path_ / "bad";
  options.people = 0;
  const auto refused = samples::init_city(options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().field, "people");
  // Nothing half-made lies about beside the city and the built packages.
  std::size_t entries = 0;
  for (const auto& entry : fs::directory_iterator(path_)) entries += entry.exists() ? 1 : 0;
  EXPECT_EQ(entries, 2U);
}

class ReceiptFile : public Folder {};

TEST_F(ReceiptFile, BadFilesNameWhatIsWrong) {
  const auto key = crypto::PrivateKey::generate().public_key();
  struct Case {
    const char* text;
    const char* code;
  };
  for (const Case& bad : {Case{"", "receipt.invalid"}, Case{"{}", "receipt.invalid"},
                          Case{R"({"transaction":"x","receipt":{},"more":1})", "receipt.invalid"},
                          Case{R"({"transaction":"x","receipt":{}})", "receipt.invalid"},
                          Case{R"({"transaction":"x","transaction":"y"})", "receipt.invalid"}}) {
    ASSERT_TRUE(write_file(path_ / "r.json", bad.text, FileMode::kPrivate).ok());
    const auto checked = check_receipt_file(path_ / "r.json", key, "chain");
    ASSERT_FALSE(checked.ok()) << bad.text;
    EXPECT_EQ(checked.error().code, bad.code) << bad.text;
    EXPECT_TRUE(checked.error().field.starts_with("r.json")) << checked.error().field;
  }
  EXPECT_EQ(check_receipt_file(path_ / "none.json", key, "chain").error().code, "file.not_found");
}

int run(const std::vector<std::string>& words, std::string& out, std::string& err) {
  std::ostringstream out_stream;
  std::ostringstream err_stream;
  const int exit_code = run_program(words, out_stream, err_stream);
  out = out_stream.str();
  err = err_stream.str();
  return exit_code;
}

TEST(Program, HelpAndUsage) {
  std::string out;
  std::string err;
  EXPECT_EQ(run({"--help"}, out, err), 0);
  for (const char* group : {"city", "operator", "department", "bank", "wallet", "receipt", "ledger",
                            "regulator", "story"}) {
    EXPECT_NE(out.find(group), std::string::npos) << group;
  }
  EXPECT_NE(out.find("5 本地文件或密钥"), std::string::npos);
  EXPECT_EQ(run({}, out, err), 2);
  EXPECT_TRUE(err.starts_with("usage.invalid: "));
  EXPECT_EQ(run({"wallet", "show"}, out, err), 2);
  EXPECT_NE(err.find("--wallet"), std::string::npos);
}

TEST(Program, UnreachableHost) {
  std::string out;
  std::string err;
  EXPECT_EQ(run({"operator", "members", "--url", "http://127.0.0.1:1", "--json"}, out, err), 3);
  EXPECT_TRUE(err.starts_with("client.unreachable: ")) << err;
  const auto document = parse_json(out);
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->at("code"), "client.unreachable");
}

}  // namespace
}  // namespace qc::cli
