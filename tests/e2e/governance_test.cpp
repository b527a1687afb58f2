// Governance and keys from the command line: votes, a member's new key, a citizen's lost phone.
#include "tests/e2e/e2e_test.hpp"

namespace qc::tests {
namespace {

namespace fs = std::filesystem;

using Governance = E2e;

TEST_F(Governance, TheStoryApprovesItsProductsWithTwoVotes) {
  const Json policy = done_as("jrj", {"governance", "policy"});
  EXPECT_EQ(policy.at("voters").at("kinds"), Json({"operator", "regulator"}));
  EXPECT_EQ(policy.at("thresholds").at("product"), 2);
  const Json products = facts(first_story(), 2).at("products");
  ASSERT_EQ(products.size(), 2U);
  const Json all = done_as("qc-bank", {"governance", "proposals", "--all"}).at("proposals");
  for (const Json& product : products) {
    const Json& approval = product.at("approval");
    EXPECT_EQ(approval.at("proposed"), "OPEN");
    EXPECT_EQ(approval.at("voted"), "CARRIED");
    const Json shown = done_as("qc-bank", {"governance", "show", approval.at("proposal")});
    EXPECT_EQ(shown.at("op"), "product.approve");
    EXPECT_EQ(shown.at("body").at("product"), product.at("product"));
    EXPECT_TRUE(any(all, [&](const Json& proposal) {
      return proposal.at("proposal") == approval.at("proposal") &&
             proposal.at("approvals") == Json({"operator", "jrj"});
    }));
  }
}

TEST_F(Governance, AProposalWaitsIsRejectedAndIsListed) {
  const Json change = done_as("operator", {"governance", "set-policy", "--kind", "operator"});
  EXPECT_EQ(change.at("decision"), "OPEN");
  const std::string proposal = change.at("tx");
  const auto is_listed = [&] {
    const Json open = done_as("jrj", {"governance", "proposals"}).at("proposals");
    return any(open, [&](const Json& one) { return one.at("proposal") == proposal; });
  };
  EXPECT_TRUE(is_listed());
  EXPECT_EQ(refused_as("operator", {"governance", "vote", proposal, "--approve"}),
            "proposal.already_voted");
  EXPECT_EQ(refused_as("qc-bank", {"governance", "vote", proposal, "--approve"}),
            "proposal.not_a_voter");
  EXPECT_EQ(refused_as("jrj", {"governance", "vote", proposal}), "usage.missing");
  EXPECT_EQ(done_as("jrj", {"governance", "vote", proposal, "--reject", "--reason", "太弱"})
                .at("decision"),
            "REJECTED");
  EXPECT_FALSE(is_listed());
  EXPECT_EQ(refused_as("operator", {"governance", "withdraw", proposal}), "proposal.wrong_state");
}

TEST_F(Governance, AMemberReplacesItsKeyAndLosesIt) {
  const fs::path folder = city().scratch();
  const auto make = [&](const std::string& name) {
    const std::string file = (folder / (name + ".pem")).string();
    done({"key", "make", file, "--passphrase-file", passphrase(), "--jwk",
          (folder / (name + ".jwk.json")).string()});
    return file;
  };
  const std::string first = make("svc1");
  const std::string jwk = (folder / "svc1.jwk.json").string();
  done_as("operator", {"operator", "admit-member", "--account", "svc", "--kind", "service",
                       "--name-zh", "服务", "--name-en", "Service", "--uscc", "91350100M000100Y43",
                       "--contact", "a@b", "--jwk", jwk});
  const std::string second = make("svc2");
  const std::vector<std::string> as_first = {"--url", city().url(),        "--key",
                                             first,   "--passphrase-file", passphrase()};
  std::vector<std::string> words = {"key", "rotate", second, "--new-passphrase-file", passphrase()};
  words.insert(words.end(), as_first.begin(), as_first.end());
  const Json rotated = done(words);
  int exit_code = 0;
  EXPECT_EQ(city().run_json(words, &exit_code).at("code"), "key.retired");

  const std::string third = make("svc3");
  const std::string proof = (folder / "svc3.proof.json").string();
  done({"key", "prove", third, "--passphrase-file", passphrase(), "--account", "svc", "--chain",
        city().chain(), "--replaces", rotated.at("kid"), "--out", proof});
  EXPECT_EQ(done_as("operator", {"operator", "rebind-member", "--file", proof, "--reason", "lost"})
                .at("decision"),
            "CARRIED");
  const Json members = done_as("operator", {"operator", "members"}).at("members");
  EXPECT_TRUE(any(members, [](const Json& member) {
    return member.at("account") == "svc" && member.at("retired_keys").size() == 2;
  }));
}

TEST_F(Governance, ACitizenChangesKeysAndRecoversFromALoss) {
  const Json people = *read_json_file(city().dir() / "population" / "people.json");
  const std::string identity = [&] {
    const Json& person = people.back();
    return Json{{"id_no", person.at("id_no")},
                {"name", person.at("name")},
                {"card_valid_to", person.at("card_valid_to")}}
        .dump();
  }();
  const auto options = [&](const char* folder) {
    return std::vector<std::string>{"--wallet",
                                    (city().scratch() / folder).string(),
                                    "--passphrase-file",
                                    passphrase(),
                                    "--url",
                                    city().url()};
  };
  const auto old_phone = options("old-phone");
  const Json opened = done(with({"wallet", "create", "--identity", "-"}, old_phone), identity);
  done(with({"wallet", "fetch", "ga.hukou"}, old_phone));
  const Json rotated = done(with({"wallet", "rotate", "--identity", "-"}, old_phone), identity);
  EXPECT_EQ(rotated.at("account"), opened.at("account"));
  EXPECT_NE(rotated.at("kid"), opened.at("kid"));
  done(with({"wallet", "fetch", "ga.hukou"}, old_phone));
  const Json shown = done(with({"wallet", "show"}, old_phone));
  ASSERT_EQ(shown.at("assets").size(), 1U);
  EXPECT_EQ(shown.at("assets")[0].at("verified"), true);

  const auto new_phone = options("new-phone");
  const Json recovered =
      done(with({"wallet", "create", "--recover", "--identity", "-"}, new_phone), identity);
  EXPECT_EQ(recovered.at("account"), opened.at("account"));
  int exit_code = 0;
  EXPECT_EQ(city().run_json(with({"wallet", "show"}, old_phone), &exit_code).at("code"),
            "key.retired");
  done(with({"wallet", "fetch", "ga.hukou"}, new_phone));
  EXPECT_EQ(done(with({"wallet", "show"}, new_phone)).at("assets").size(), 1U);
  // Everything that any of the three keys signed is still there and checks.
  const Json history = done(with({"wallet", "history"}, new_phone));
  EXPECT_EQ(history.at("complete"), true);
}

}  // namespace
}  // namespace qc::tests
