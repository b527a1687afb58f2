// Regular work under a standing grant: the bank asks what is due and does it, once, in its own
// name; the citizen sees each time and stops it.
#include "tests/e2e/e2e_test.hpp"
#include "tests/paths.hpp"

namespace qc::tests {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWatch = "loan_watch";

class Monitoring : public E2e {
 protected:
  void SetUp() override {
    E2e::SetUp();
    const Json plugins = city().run_as("operator", {"operator", "plugin", "list"}).at("plugins");
    if (!any(plugins, [](const Json& one) { return one.at("plugin") == kWatch; })) bring_up();
  }
  /// The bank's second product: its package signed, admitted, loaded, and the product approved.
  void bring_up() {
    const auto city_file = read_json_file(city().dir() / "city.json");
    ASSERT_TRUE(city_file.ok());
    const fs::path package = fs::path(text_of(*city_file, "plugins_dir")) / kWatch;
    fs::copy(fs::path(binary_dir()) / "plugins" / kWatch, package, fs::copy_options::recursive);
    done({"plugin", "sign", package.string(), "--profile", city().profile("qc-bank").string(),
          "--chain", city().chain()});
    const std::string key = (city().dir() / "keys" / "loan_watch.pem").string();
    const std::string jwk = (city().dir() / "keys" / "loan_watch.jwk.json").string();
    done({"key", "make", key, "--passphrase-file", passphrase(), "--jwk", jwk});
    ASSERT_TRUE(write_file(city().dir() / "config" / "plugins" / "loan_watch.toml",
                           "key = \"" + key + "\"\npassphrase_file = \"" + passphrase() + "\"\n",
                           FileMode::kPrivate)
                    .ok());
    done_as("operator", {"operator", "admit-plugin", package.string(), "--jwk", jwk});
    ASSERT_EQ(city().stop(), 0);
    ASSERT_TRUE(city().start().ok());
    done_as("qc-bank", {"bank", "define-product", package.string()});
    const Json proposed = done_as("operator", {"operator", "approve-product", kWatch});
    if (proposed.value("decision", "") == "OPEN") {
      done_as("jrj", {"governance", "vote", "--approve", text_of(proposed, "tx")});
    }
  }
  static Json as_citizen(std::vector<std::string> words) {
    return done(with(std::move(words), wallet_options(city(), first_story())));
  }
  static std::string citizen() { return facts(first_story(), 4).at("account"); }
  /// The citizen lets the bank look thirty times.
  static std::string grant() {
    const Json asked = done_as("qc-bank", {"bank", "request", "--product", kWatch, "--subject",
                                           citizen(), "--uses", "30"});
    const Json granted = as_citizen({"wallet", "approve", text_of(asked, "request"), "--yes",
                                     "--accept", "third_party", "--accept", "sensitive", "--accept",
                                     "adverse_credit_notice", "--accept", "automated_decision"});
    return text_of(granted, "grant");
  }
  static Json monitor() { return done_as("qc-bank", {"bank", "monitor", "--product", kWatch}); }
  static std::size_t opened(const std::string& access) {
    const Json trace = city().run_as("jrj", {"regulator", "trace", citizen()}).at("events");
    return static_cast<std::size_t>(
        std::count_if(trace.begin(), trace.end(), [&](const Json& event) {
          return event.at("op") == "access.open" && event.dump().find(access) != std::string::npos;
        }));
  }
};

TEST_F(Monitoring, IsDoneOncePerDueTimeAndStopsWithTheCitizensWord) {
  const std::string given = grant();
  const Json first = monitor();
  ASSERT_EQ(first.at("ran").size(), 1U) << first.dump(1);
  const Json& run = first.at("ran")[0];
  EXPECT_EQ(run.at("grant"), given);
  EXPECT_EQ(run.at("verified"), true);
  const std::string outcome = run.at("decision").at("outcome");
  EXPECT_TRUE(outcome == "in_order" || outcome == "review") << outcome;
  EXPECT_GT(first.at("next").get<std::int64_t>(), 0);
  const std::string access = run.at("access");

  // Neither a second try nor a host that died does the same due time again.
  EXPECT_EQ(monitor().at("ran").size(), 0U);
  city().kill_hard();
  ASSERT_TRUE(city().start().ok());
  EXPECT_EQ(monitor().at("ran").size(), 0U);
  EXPECT_EQ(opened(access), 1U);
  const Json mine = as_citizen({"wallet", "history"}).at("events");
  EXPECT_TRUE(any(mine, [](const Json& event) { return event.at("op") == "access.release"; }));

  as_citizen({"wallet", "revoke", given, "--reason", "the loan is repaid"});
  EXPECT_EQ(monitor().at("ran").size(), 0U);
}

TEST_F(Monitoring, WhatCannotRunIsHeldAndSaysWhy) {
  const std::string given = grant();
  done_as("operator", {"operator", "plugin", "stop", kWatch});
  const Json stopped = monitor();
  EXPECT_EQ(stopped.at("ran").size(), 0U);
  ASSERT_EQ(stopped.at("held").size(), 1U) << stopped.dump(1);
  EXPECT_EQ(stopped.at("held")[0].at("grant"), given);
  EXPECT_EQ(stopped.at("held")[0].at("code"), "plugin.not_active");
  done_as("operator", {"operator", "plugin", "load", kWatch});

  as_citizen({"wallet", "pause", given, "--reason", "wait"});
  const Json paused = monitor();
  EXPECT_EQ(paused.at("ran").size(), 0U);
  EXPECT_EQ(paused.at("held")[0].at("code"), "grant.paused");
  as_citizen({"wallet", "resume", given, "--reason", "go on"});
  EXPECT_EQ(monitor().at("ran").size(), 1U);
  as_citizen({"wallet", "revoke", given, "--reason", "enough"});
}

TEST_F(Monitoring, IsShownToTheOwnerOfTheProductAlone) {
  auto other = city().client("jrj");
  ASSERT_TRUE(other.ok());
  const auto answer = (*other)->get("/v1/products/loan_watch:due");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, "auth.forbidden");
  EXPECT_EQ(refused_as("qc-bank", {"bank", "monitor", "--product", "no_such"}),
            "product.not_found");
}

}  // namespace
}  // namespace qc::tests
