// One department, four sources: the stock libraries, packed as a department packs them, inside the
// host and confined, with the same records behind them.
#include <cstdlib>
#include <fstream>
#include <iconv.h>
#include <thread>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "sdk/base/files.hpp"
#include "sdk/crypto/jose.hpp"
#include "sdk/proof/package_signature.hpp"
#include "tests/host/database/mariadb.hpp"
#include "tests/paths.hpp"
#include "tests/plugins/bench.hpp"
#include "tests/plugins/upstream.hpp"

namespace qc::bench {
namespace {

using plugin::Isolation;
namespace fs = std::filesystem;

/// The records of person 0, 1 (a code that nobody knows), 2 (no number where one is expected).
std::vector<Line> lines(const Json& people) {
  const auto line = [&](std::size_t person, const char* status, const char* base) {
    return Line{people.at(person).at("id_no"),
                "00112233",
                "泉城示范, 公司",
                "20200131",
                base,
                "0.08",
                "0.08",
                "1234.5",
                "2026/09",
                "45678.90",
                status};
  };
  return {line(0, "1", "7715.62"), line(1, "99", "7715.62"), line(3, "1", "a lot")};
}

Json expected() {
  return {{"account_no", "00112233"}, {"employer", "泉城示范, 公司"}, {"open_date", "2020-01-31"},
          {"base", 771562},           {"person_rate", "0.08"},        {"employer_rate", "0.08"},
          {"monthly", 123450},        {"paid_to", "2026-09"},         {"balance", 4567890},
          {"status", "正常"}};
}

/// gjj.account by these columns; `prefix` makes pointers of them.
Json mapping(const Json& source, const Json& place, const std::string& prefix) {
  const auto column = [&](const char* name) { return prefix + name; };
  Json item = place;
  item["source"] = "s";
  item["fields"] = {
      {"account_no", column("acct")},
      {"employer", column("corp")},
      {"open_date", {{"column", column("opened")}, {"format", "YYYYMMDD"}}},
      {"base", {{"column", column("base_yuan")}, {"type", "decimal"}, {"scale", 2}}},
      {"person_rate", column("rate_p")},
      {"employer_rate", column("rate_e")},
      {"monthly", {{"column", column("monthly_yuan")}, {"type", "decimal"}, {"scale", 2}}},
      {"paid_to", {{"column", column("paid_ym")}, {"format", "YYYY/MM"}}},
      {"balance", {{"column", column("balance_yuan")}, {"type", "decimal"}, {"scale", 2}}},
      {"status", {{"column", column("st")}, {"codes", {{"1", "正常"}, {"2", "封存"}}}}}};
  return {{"sources", {{"s", source}}}, {"items", {{"gjj.account", item}}}};
}

class MappedTest : public ::testing::TestWithParam<Isolation> {
 protected:
  static void SetUpTestSuite() { bench_ = std::make_unique<Bench>(12); }
  static void TearDownTestSuite() { bench_.reset(); }

  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "qc-mapped-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    fs::create_directories(folder_ / "config");
    fs::create_directories(folder_ / "plugins");
    records_ = lines(bench_->people());
  }
  void TearDown() override {
    manager_.reset();
    fs::remove_all(folder_);
  }

  /// Packs and loads the stock library `stock` as the plugin "fund".
  Result<plugin::PluginInfo> load(const std::string& stock, const Json& mapped,
                                  const std::string& settings,
                                  const std::vector<std::string>& addresses = {}) {
    Json description = *read_json_file(fs::path(tests::source_dir()) /
                                       "plugins/departments/housing_fund/plugin.json");
    description["plugin"] = "fund";
    description["items"].erase(std::size_t{1});
    if (!addresses.empty()) description["outbound_hosts"] = addresses;
    if (!asked_.empty()) description["capabilities"] = asked_;
    write("plugin.json", description.dump());
    write("mapping.json", mapped.dump());
    write("config/fund.toml", "key = \"" + (bench_->folder() / "gjj.pem").string() +
                                  "\"\npassphrase_file = \"" +
                                  (bench_->folder() / "passphrase").string() + "\"\n" + settings);
    const std::string binary = tests::binary_dir();
    EXPECT_EQ(std::system((binary + "/bin/quancheng-plugin-pack mapped " + binary + "/sdk/stock/" +
                           stock + ".so " + at("plugins/fund") + ' ' + at("plugin.json") + ' ' +
                           at("mapping.json"))
                              .c_str()),
              0);
    return load_packed();
  }

  Result<plugin::PluginInfo> load_packed() {
    plugin::ManagerOptions options;
    options.isolation.otherwise = GetParam();
    options.plugins_dir = folder_ / "plugins";
    options.config_dir = folder_ / "config";
    options.chain = kChain;
    const Json manifest = *read_json_file(folder_ / "plugins/fund/manifest.json");
    const std::string owner = text_of(manifest, "owner");
    const crypto::PrivateKey& key = bench_->private_key("gjj");
    write("plugins/fund/publisher.jws", proof::sign_package(key, {kChain, owner, manifest}));
    options.admission = [this, manifest, owner, jwk = key.public_key().to_jwk()](
                            const std::string&, const std::string&) {
      Json admission = manifest;
      admission["capabilities"] = capabilities_;
      admission["publisher"] = {{"account", owner}, {"kid", jwk.at("kid")}, {"jwk", jwk}};
      return std::optional<Json>(admission);
    };
    manager_ = std::move(plugin::Manager::create(std::move(options))).value();
    EXPECT_TRUE(manager_->discover().ok());
    return manager_->load("fund");
  }

  /// The record of a person as their credential says it, or the refusal's code and field.
  Json record(std::size_t person, int timeout_ms = 5000) {
    const auto wallet = bench_->open_account(person);
    EXPECT_TRUE(wallet.ok());
    std::vector<std::string> fields;
    const Json all = expected();
    for (const auto& [id, value] : all.items()) fields.push_back(id);
    const auto answer = manager_->call(
        "fund", "issue", bench_->issue_message(*wallet, "gjj", "gjj.account", fields), timeout_ms);
    if (!answer.ok()) return answer.error().code + ' ' + answer.error().field;
    const auto text =
        crypto::jwe_decrypt(wallet->key, answer->message.at("jwe").get<std::string>());
    EXPECT_TRUE(text.ok());
    const auto view =
        crypto::sdjwt_verify(Json::parse(*text).at("sd_jwt").get<std::string>(),
                             bench_->private_key("gjj").public_key(), bench_->now_s());
    EXPECT_TRUE(view.ok());
    return view.ok() ? view->fields : Json();
  }
  /// What each source says of the four people.
  void expect_the_same_answers() {
    EXPECT_EQ(record(0), expected());
    EXPECT_EQ(record(1), "record.invalid record.status");
    EXPECT_EQ(record(3), "record.invalid record.base");
    EXPECT_EQ(record(4), "record.none ");
    EXPECT_EQ(manager_->info("fund")->runner.refusals, 0U) << manager_->info("fund")->reason;
    EXPECT_EQ(manager_->info("fund")->runner.restarts, 0U);
  }

  /// The package, with the settings that it is loaded with, at its author's desk. In a process of
  /// its own: the tool forks, and the bench has threads.
  void expect_conforming(int cycles = 1000) const {
    const std::string command = tests::binary_dir() + "/bin/quancheng --json plugin check " +
                                at("plugins/fund") + " --settings " + at("config/fund.toml") +
                                " --max-load-ms 10000 --cycles " + std::to_string(cycles) + " >" +
                                at("report.json");
    EXPECT_EQ(std::system(command.c_str()), 0);
    const auto report = read_json_file(folder_ / "report.json");
    ASSERT_TRUE(report.ok());
    for (const Json& one : report->at("checks")) {
      EXPECT_EQ(one.at("outcome"), "passed") << one.dump();
      // It was configured there: with its source, and where that is elsewhere, reaching it.
      if (one.at("name") == "capabilities") {
        EXPECT_EQ(one.at("detail"), "configured");
      }
    }
  }

  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    EXPECT_TRUE(write_file(folder_ / name, text, FileMode::kPrivate).ok());
  }
  std::string csv() const {
    std::string text;
    for (const char* column : kColumns) text += std::string(text.empty() ? "" : ",") + column;
    for (const Line& line : records_) {
      text += '\n';
      for (std::size_t i = 0; i < line.size(); ++i) text += (i == 0 ? "\"" : ",\"") + line[i] + '"';
    }
    return text + '\n';
  }
  void write_database() const {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(at("fund.db").c_str(), &db), SQLITE_OK);
    std::string columns;
    for (const char* column : kColumns) columns += std::string(columns.empty() ? "" : ",") + column;
    std::string sql = "CREATE TABLE account(" + columns + ");";
    for (const Line& line : records_) {
      sql += "INSERT INTO account VALUES(";
      for (std::size_t i = 0; i < line.size(); ++i) sql += (i == 0 ? "'" : ",'") + line[i] + '\'';
      sql += ");";
    }
    sql += "CREATE TABLE secret(" + columns + "); CREATE VIEW shown AS SELECT * FROM secret;";
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
  }
  /// The library's needs and these addresses.
  void grant(const std::vector<std::string>& addresses) {
    const Json manifest = *read_json_file(folder_ / "plugins/fund/manifest.json");
    capabilities_ = Json::array();
    for (const Json& library : manifest.at("libraries")) {
      capabilities_.push_back("library:" + library.get<std::string>());
    }
    for (const std::string& address : addresses) capabilities_.push_back("outbound:" + address);
  }
  Json http_mapping() const {
    return mapping({{"driver", "http"}}, {{"path", "/accounts/{key}"}, {"rows", "/data"}},
                   "/account/");
  }
  std::string http_settings(const std::string& address) {
    write("token", "the-token\n");
    return "upstream = \"http://" + address + "/fund\"\ntoken_file = \"" + at("token") + "\"\n";
  }

  static std::unique_ptr<Bench> bench_;
  fs::path folder_;
  std::vector<Line> records_;
  Json capabilities_ = Json::array();
  Json asked_ = Json::array();  ///< capabilities, of the next package
  std::unique_ptr<plugin::Manager> manager_;
};
std::unique_ptr<Bench> MappedTest::bench_;

TEST_P(MappedTest, ASqliteDatabase) {
  write_database();
  const auto loaded =
      load("mapped", mapping({{"driver", "sqlite"}}, {{"table", "account"}, {"key", "id_no"}}, ""),
           "database = \"" + at("fund.db") + "\"\n");
  ASSERT_TRUE(loaded.ok()) << loaded.error().message << loaded.error().field;
  expect_the_same_answers();
  if (GetParam() == Isolation::kProcess) expect_conforming();
}

TEST_P(MappedTest, OnlyGrantedTablesAreRead) {
  write_database();
  const std::string settings = "database = \"" + at("fund.db") + "\"\n";
  asked_ = {"table:account"};
  const Json by_table =
      mapping({{"driver", "sqlite"}}, {{"table", "account"}, {"key", "id_no"}}, "");
  const auto refused = [&](const Json& mapped, const std::string& table) {
    const auto loaded = load("mapped", mapped, settings);
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().code, "plugin.configure_failed");
    EXPECT_EQ(loaded.error().field, "items.gjj.account");
    EXPECT_NE(loaded.error().message.find("source.not_granted: the table " + table),
              std::string::npos)
        << loaded.error().message;
  };
  refused(by_table, "account");  // asked for, and not granted
  capabilities_ = {"table:account"};
  const auto loaded = load("mapped", by_table, settings);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message << loaded.error().field;
  expect_the_same_answers();
  // A query is held to it by what it reads, wherever it says so.
  const auto query = [&](const std::string& text) {
    return mapping({{"driver", "sqlite"}}, {{"query", text}}, "");
  };
  refused(query("SELECT account.* FROM account, sqlite_schema WHERE id_no = :key"), "sqlite_");
  // A name that is granted is not lent to what is not.
  refused(query("WITH account AS (SELECT * FROM secret) SELECT * FROM account WHERE id_no = :key"),
          "secret");
  capabilities_.push_back("table:shown");
  refused(query("SELECT * FROM shown WHERE id_no = :key"), "secret");
  const auto again = load("mapped", query("SELECT * FROM account WHERE id_no = :key"), settings);
  ASSERT_TRUE(again.ok()) << again.error().message << again.error().field;
  EXPECT_EQ(record(0), expected());
}

TEST_P(MappedTest, CsvFilesInBothEncodings) {
  const std::string settings = "extract_dir = \"" + folder_.string() + "\"\n";
  for (const char* encoding : {"utf-8", "gb18030"}) {
    std::string text = csv();
    if (std::string(encoding) == "gb18030") {
      const iconv_t converter = iconv_open("GB18030", "UTF-8");
      std::string out(text.size() * 2, '\0');
      char* in = text.data();
      char* to = out.data();
      std::size_t in_left = text.size(), left = out.size();
      ASSERT_EQ(iconv(converter, &in, &in_left, &to, &left), 0U);
      iconv_close(converter);
      text = out.substr(0, out.size() - left);
    }
    write("a.csv", text);
    const auto loaded = load("mapped",
                             mapping({{"driver", "csv"}, {"encoding", encoding}},
                                     {{"file", "a.csv"}, {"key", "id_no"}}, ""),
                             settings);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message << loaded.error().field;
    expect_the_same_answers();
    write("a.csv", "id_no,acct\n1\n");  // another extract, and a bad one
    EXPECT_EQ(record(0), "source.unavailable ");
    write("a.csv", text);
    EXPECT_EQ(record(0), expected());
    if (GetParam() == Isolation::kProcess) expect_conforming();
  }
}

TEST_P(MappedTest, AMappingThatDoesNotFitItsSourceIsNamed) {
  write_database();
  Json mapped = mapping({{"driver", "sqlite"}}, {{"table", "account"}, {"key", "id_no"}}, "");
  mapped["items"]["gjj.account"]["fields"]["status"]["column"] = "state";
  const auto loaded = load("mapped", mapped, "database = \"" + at("fund.db") + "\"\n");
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, "plugin.configure_failed");
  EXPECT_EQ(loaded.error().field, "items.gjj.account");
  EXPECT_NE(loaded.error().message.find("expected the table account with the columns"),
            std::string::npos);
}

TEST_P(MappedTest, AnHttpInterface) {
  auto upstream = std::make_unique<Upstream>(records_, 0);
  const int port = upstream->port();
  const std::string address = "127.0.0.1:" + std::to_string(port);
  // Neither the library nor the address is granted yet.
  auto loaded = load("mapped_http", http_mapping(), http_settings(address), {address});
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, "plugin.not_admitted");
  EXPECT_NE(loaded.error().message.find("library:libcpp-httplib"), std::string::npos);
  grant({});
  loaded = load_packed();
  ASSERT_FALSE(loaded.ok());
  EXPECT_NE(loaded.error().message.find("source.not_granted"), std::string::npos)
      << loaded.error().message;
  grant({address});
  loaded = load_packed();
  ASSERT_TRUE(loaded.ok()) << loaded.error().message << loaded.error().field;
  expect_the_same_answers();
  if (GetParam() == Isolation::kProcess) expect_conforming();

  upstream->slow_ms = 1500;
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(record(0, 500), "source.unavailable ");
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(1400));
  upstream->slow_ms = 0;
  upstream->huge = true;
  EXPECT_EQ(record(0), "source.too_large ");
  upstream->huge = false;
  EXPECT_EQ(record(0), expected());
  upstream.reset();  // gone, and back
  EXPECT_EQ(record(0), "source.unavailable ");
  upstream = std::make_unique<Upstream>(records_, port);
  EXPECT_EQ(record(0), expected());
  EXPECT_EQ(manager_->info("fund")->runner.restarts, 0U) << manager_->info("fund")->reason;
}

TEST_P(MappedTest, AnHttpsInterfaceIsTheOneThatTheCertificateNames) {
  ASSERT_EQ(std::system(("cd " + folder_.string() +
                         " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
                         "-nodes -days 2 -subj /CN=q -addext subjectAltName=IP:127.0.0.1 "
                         "-keyout key.pem -out cert.pem 2>/dev/null")
                            .c_str()),
            0);
  const Upstream upstream(records_, 0, folder_.string());
  const std::string port = std::to_string(upstream.port());
  for (const std::string& host : {std::string("127.0.0.1"), std::string("localhost")}) {
    const std::string address = host + ':' + port;
    write("token", "the-token\n");
    const std::string settings = "upstream = \"https://" + address + "/fund\"\ntoken_file = \"" +
                                 at("token") + "\"\nca_file = \"" + at("cert.pem") + "\"\n";
    static_cast<void>(load("mapped_http", http_mapping(), settings, {address}));
    grant({address});
    const auto loaded = load_packed();
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    EXPECT_EQ(record(0), host == "localhost" ? Json("source.unavailable ") : expected()) << host;
    EXPECT_EQ(manager_->info("fund")->reason, "");
  }
}

TEST_P(MappedTest, AnotherAddressInTheSettingsIsRefusedByName) {
  const Upstream granted(records_, 0);
  const Upstream other(records_, 0);
  const std::string address = "127.0.0.1:" + std::to_string(granted.port());
  const std::string wrong = "127.0.0.1:" + std::to_string(other.port());
  static_cast<void>(load("mapped_http", http_mapping(), http_settings(wrong), {address}));
  grant({address, wrong});  // the operator may grant what it likes: the package asks for one alone
  ASSERT_TRUE(load_packed().ok());
  EXPECT_EQ(record(0), "source.not_granted ");
  if (GetParam() == Isolation::kProcess) {
    EXPECT_NE(manager_->info("fund")->reason.find("connect to " + wrong), std::string::npos)
        << manager_->info("fund")->reason;
  }
}

TEST_P(MappedTest, AMariaDbServer) {
  database::test::MariaDb& server = database::test::MariaDb::shared();
  const database::MysqlOptions options = server.fresh_database();
  {
    auto writer = std::move(database::open_mysql(options)).value();
    ASSERT_TRUE(writer
                    ->run_script("CREATE TABLE account (id_no CHAR(18), acct VARCHAR(32), corp "
                                 "VARCHAR(64), opened CHAR(8), base_yuan VARCHAR(16), rate_p "
                                 "DECIMAL(4,2), rate_e DOUBLE, monthly_yuan DECIMAL(12,2), paid_ym "
                                 "CHAR(7), balance_yuan DECIMAL(14,2), st TINYINT);")
                    .ok());
    for (const Line& line : records_) {
      const database::Values values(line.begin(), line.end());
      ASSERT_TRUE(
          writer->execute("INSERT INTO account VALUES(?,?,?,?,?,?,?,?,?,?,?)", values).ok());
    }
  }
  const std::string address = options.host + ':' + std::to_string(options.port);
  const auto settings_for = [&](const std::string& place) {
    return "server = \"mysql://" + options.user + '@' + place + options.database +
           "\"\npassword_file = \"" + server.password_file().string() + "\"\n";
  };
  const std::string settings = settings_for(address + '/');
  const Json mapped = mapping({{"driver", "mysql"}}, {{"table", "account"}, {"key", "id_no"}}, "");
  static_cast<void>(load("mapped_mysql", mapped, settings, {address}));
  grant({address});
  const auto loaded = load_packed();
  ASSERT_TRUE(loaded.ok()) << loaded.error().message << loaded.error().field;
  expect_the_same_answers();
  if (GetParam() == Isolation::kProcess) expect_conforming();

  // The same through the server's UNIX socket.
  const std::string socket = (server.password_file().parent_path() / "s").string();
  static_cast<void>(load("mapped_mysql", mapped, settings_for(socket + '?'), {socket}));
  grant({socket});
  ASSERT_TRUE(load_packed().ok());
  EXPECT_EQ(record(0), expected());
  static_cast<void>(load("mapped_mysql", mapped, settings, {address}));
  grant({address});
  ASSERT_TRUE(load_packed().ok());
  EXPECT_EQ(record(0), expected());

  server.freeze();
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(record(0, 500), "source.unavailable ");
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::milliseconds(1500));
  server.thaw();
  EXPECT_EQ(record(0), expected());
  server.kill();
  EXPECT_EQ(record(0), "source.unavailable ");
  server.start();
  EXPECT_EQ(record(0), expected());
  EXPECT_EQ(manager_->info("fund")->runner.restarts, 0U) << manager_->info("fund")->reason;

  Json wrong = mapped;
  wrong["items"]["gjj.account"]["fields"]["status"]["column"] = "state";
  const auto refused = load("mapped_mysql", wrong, settings, {address});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("expected the table account with the columns"),
            std::string::npos)
      << refused.error().message;

  asked_ = {"table:account"};
  const Json by_query =
      mapping({{"driver", "mysql"}}, {{"query", "SELECT * FROM account WHERE id_no = :key"}}, "");
  for (const auto& [package, table] :
       {std::pair(mapped, "the table account"), std::pair(by_query, "what a query reads")}) {
    const auto bounded = load("mapped_mysql", package, settings, {address});
    ASSERT_FALSE(bounded.ok());
    EXPECT_NE(bounded.error().message.find(std::string("source.not_granted: ") + table),
              std::string::npos)
        << bounded.error().message;
  }
  capabilities_.push_back("table:account");
  EXPECT_TRUE(load("mapped_mysql", mapped, settings, {address}).ok());
}

INSTANTIATE_TEST_SUITE_P(Modes, MappedTest,
                         ::testing::Values(Isolation::kHost, Isolation::kProcess),
                         [](const auto& one) { return std::string(isolation_name(one.param)); });

}  // namespace
}  // namespace qc::bench
