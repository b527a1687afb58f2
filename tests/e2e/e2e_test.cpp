#include "tests/e2e/e2e_test.hpp"

#include "tests/paths.hpp"

namespace qc::tests {
namespace {

struct Shared {
  std::unique_ptr<LiveCity> city;
  Json story;
};

Shared& shared() {
  static Shared instance = [] {
    Shared made;
    auto city = LiveCity::make({qc::tests::binary_dir(), qc::tests::source_dir()});
    if (!city.ok()) {
      ADD_FAILURE() << city.error().message;
      return made;
    }
    made.city = std::move(city).value();
    if (const Status started = made.city->start(); !started.ok()) {
      ADD_FAILURE() << started.error().message;
      return made;
    }
    made.story = made.city->story();
    return made;
  }();
  return instance;
}

}  // namespace

LiveCity& E2e::city() { return *shared().city; }
const Json& E2e::first_story() { return shared().story; }

void E2e::SetUp() {
  ASSERT_NE(shared().city, nullptr);
  // A test that failed between stop and start must not take the others with it.
  if (!city().running()) {
    ASSERT_TRUE(city().start().ok());
  }
  ASSERT_TRUE(first_story().is_object());
}

Json E2e::done(const std::vector<std::string>& words, std::string_view input) {
  int exit_code = 0;
  Json out = city().run_json(words, &exit_code, input);
  EXPECT_EQ(exit_code, 0) << words[0] << " " << words[1] << ": " << out.dump();
  return out;
}

Json E2e::done_as(const std::string& account, const std::vector<std::string>& words) {
  int exit_code = 0;
  Json out = city().run_as(account, words, &exit_code);
  EXPECT_EQ(exit_code, 0) << words[0] << " " << words[1] << ": " << out.dump();
  return out;
}

std::string E2e::refused(const std::vector<std::string>& words) {
  int exit_code = 0;
  const Json out = city().run_json(words, &exit_code);
  EXPECT_NE(exit_code, 0) << words[0] << " " << words[1];
  return out.is_object() ? out.value("code", "") : "";
}

std::string E2e::refused_as(const std::string& account, const std::vector<std::string>& words) {
  return refused(
      with(words, {"--profile", city().profile(account).string(), "--url", city().url()}));
}

std::string E2e::passphrase() { return (city().dir() / "keys" / "passphrase").string(); }

std::vector<std::string> wallet_options(const LiveCity& city, const Json& story) {
  const std::filesystem::path folder = story.at("folder").get<std::string>();
  std::string wallet;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    // A citizen passed over for lack of a record has a wallet too: the last account is the player.
    const auto file = read_json_file(entry.path() / "wallet.json");
    if (file.ok() && file->at("account") == facts(story, 4).at("account")) {
      wallet = entry.path().string();
    }
  }
  return {"--wallet", wallet,    "--passphrase-file", (folder / "wallet.passphrase").string(),
          "--url",    city.url()};
}

}  // namespace qc::tests
