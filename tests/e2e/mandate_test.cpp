// Acting for another, from the command line: a guardian for a child, the people of an enterprise.
#include <chrono>

#include "host/cli/bank_access.hpp"
#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/sdjwt.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/receipt.hpp"
#include "tests/e2e/e2e_test.hpp"

namespace qc::tests {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kDaySeconds = 86400;
constexpr const char* kItem = "ga.licence";

/// A wallet folder and its account.
struct Box {
  std::vector<std::string> options;
  std::string account;

  const std::string& folder() const { return options[1]; }
};

std::int64_t seconds_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

class Mandates : public E2e {
 protected:
  static std::vector<std::string> options_of(const std::string& folder) {
    return {"--wallet",
            (city().scratch() / folder).string(),
            "--passphrase-file",
            passphrase(),
            "--url",
            city().url()};
  }
  /// The particulars of the person `from_end` from the end of the population.
  static std::string identity_of(std::size_t from_end) {
    static const Json kPeople = *read_json_file(city().dir() / "population" / "people.json");
    const Json& person = kPeople.at(kPeople.size() - from_end);
    return Json{{"id_no", person.at("id_no")},
                {"name", person.at("name")},
                {"card_valid_to", person.at("card_valid_to")}}
        .dump();
  }
  static Box open_box(std::size_t from_end, const std::string& folder) {
    Box box{options_of(folder), ""};
    box.account =
        done(with({"wallet", "create", "--identity", "-"}, box.options), identity_of(from_end))
            .at("account");
    return box;
  }
  /// For the first of those from `from_end` on whose card is valid: some are not, by the sample's
  /// design. Goes on behind him.
  static Box open_valid_box(std::size_t& from_end, const std::string& folder) {
    Box box{options_of(folder), ""};
    for (int exit_code = 1; exit_code != 0; ++from_end) {
      const Json made = city().run_json(with({"wallet", "create", "--identity", "-"}, box.options),
                                        &exit_code, identity_of(from_end));
      if (exit_code == 0) box.account = made.at("account");
    }
    return box;
  }
  static std::string ask(const std::string& product, const std::string& subject) {
    return done_as("qc-bank", {"bank", "request", "--product", product, "--subject", subject})
        .at("request");
  }
  static Json history_of(const Box& box) { return done(with({"wallet", "history"}, box.options)); }
};

TEST_F(Mandates, AGuardianConsentsForAMinor) {
  const Box guardian = open_box(2, "guardian");
  // Somebody about whom every department has something: the product needs it.
  Box ward;
  for (std::size_t n = 3; n < 20; ++n) {
    ward = open_box(n, "ward" + std::to_string(n));
    const Json items = done(with({"wallet", "fetch", "--all"}, ward.options)).at("items");
    if (!any(items, [](const Json& item) { return item.at("outcome") != "issued"; })) break;
  }
  const std::string attested = (city().scratch() / "guardianship.json").string();
  done_as("ga", {"mandate", "attest-guardianship", "--guardian", guardian.account, "--ward",
                 ward.account, "--out", attested});
  const Json appointed = done_as("registrar", {"mandate", "appoint-guardian", "--file", attested});
  const std::string mandate = appointed.at("mandate");
  const std::string request = ask("citizen_loan", ward.account);
  const std::vector<std::string> consents = {
      "wallet",      "approve",           request,     "--yes",    "--accept",
      "third_party", "--accept",          "sensitive", "--accept", "adverse_credit_notice",
      "--accept",    "automated_decision"};
  EXPECT_EQ(refused(with(consents, ward.options)), "grant.guardian_needed");
  const auto acting =
      with(with(consents, ward.options), {"--as", guardian.folder(), "--mandate", mandate});
  EXPECT_EQ(refused(acting), "consent.separate_needed");
  done(with(acting, {"--accept", "minor"}));
  EXPECT_TRUE(done_as("qc-bank", {"bank", "decide", "--request", request}).contains("decision"));
  const Json roles = done(with({"mandate", "list"}, guardian.options)).at("mandates");
  EXPECT_TRUE(any(roles, [&](const Json& one) {
    return one.at("mandate") == mandate && one.at("role") == "guardian" &&
           one.at("subject") == ward.account && one.at("state") == "ACTIVE";
  }));
  done_as("registrar", {"mandate", "end-guardianship", mandate, "--reason", "成年"});
  EXPECT_EQ(refused_as("qc-bank", {"bank", "decide", "--request", request}), "grant.revoked");
  // Who acted is in the child's own, complete history.
  const Json history = history_of(ward);
  EXPECT_EQ(history.at("complete"), true);
  EXPECT_TRUE(any(history.at("events"), [&](const Json& event) {
    return event.at("op") == "grant.create" && event.at("actor") == guardian.account &&
           event.at("summary").at("actor").at("role") == "guardian";
  }));
}

TEST_F(Mandates, TwoParentsConsentTogether) {
  std::size_t n = 24;
  const Box mother = open_valid_box(n, "mother");
  const Box father = open_valid_box(n, "father");
  Box ward;
  while (n < 38) {
    ward = open_valid_box(n, "child" + std::to_string(n));
    const Json items = done(with({"wallet", "fetch", "--all"}, ward.options)).at("items");
    if (!any(items, [](const Json& item) { return item.at("outcome") != "issued"; })) break;
  }
  const auto appoint = [&](const Box& guardian) {
    const std::string file = (city().scratch() / ("parent-" + guardian.account)).string();
    done_as("ga", {"mandate", "attest-guardianship", "--guardian", guardian.account, "--ward",
                   ward.account, "--out", file});
    return done_as("registrar", {"mandate", "appoint-guardian", "--file", file, "--required", "2"})
        .at("mandate")
        .get<std::string>();
  };
  const std::string hers = appoint(mother);
  appoint(father);
  const std::string request = ask("citizen_loan", ward.account);
  const Json given =
      done(with({"wallet", "approve", request, "--yes", "--accept", "third_party", "--accept",
                 "sensitive", "--accept", "adverse_credit_notice", "--accept", "automated_decision",
                 "--accept", "minor", "--as", mother.folder(), "--mandate", hers},
                ward.options));
  const std::string grant = given.at("grant");
  EXPECT_EQ(refused_as("qc-bank", {"bank", "decide", "--request", request}), "grant.not_cosigned");
  const auto cosign = [&](const Box& by) {
    return with(with({"mandate", "cosign", grant}, ward.options), {"--as", by.folder()});
  };
  EXPECT_EQ(refused(cosign(mother)), "grant.second_signer_needed");
  done(cosign(father));
  EXPECT_TRUE(done_as("qc-bank", {"bank", "decide", "--request", request}).contains("decision"));
}

/// An enterprise whose licence lies in its safe box, and a product that asks for it.
class EnterpriseMandates : public Mandates {
 protected:
  static void open_enterprise() {
    const std::string pseudonym = to_hex(crypto::sm3("enterprise of the test"));
    const std::string jwk = (city().scratch() / "acme.jwk.json").string();
    acme().options = options_of("acme");
    acme().account =
        done(with({"wallet", "create-enterprise", "--pseudonym", pseudonym, "--jwk", jwk},
                  acme().options))
            .at("account");
    const std::string file = (city().scratch() / "acme.json").string();
    done_as("ga", {"mandate", "attest-enterprise", "--pseudonym", pseudonym, "--jwk", jwk,
                   "--legal-rep", chief().account, "--out", file});
    done_as("registrar", {"mandate", "open-enterprise", "--file", file});
  }

  /// What a department's plugin does for a person: sealed to the enterprise's key, on the ledger.
  static void issue_licence() {
    auto department = city().client("ga");
    ASSERT_TRUE(department.ok());
    ASSERT_TRUE(
        (*department)
            ->submit("item.define",
                     {{"item", kItem},
                      {"version", 1},
                      {"name_zh", "营业执照"},
                      {"name_en", "Business licence"},
                      {"kind", "record"},
                      {"sensitivity", 2},
                      {"subjects", {"enterprise"}},
                      {"fields", {{{"id", "business_scope"}, {"zh", "经营范围"}, {"type", "s"}}}}})
            .ok());
    const auto jwk = read_json_file(city().scratch() / "acme.jwk.json");
    const auto holder = crypto::PublicKey::from_jwk(*jwk);
    const std::string asset = random_id();
    crypto::SdJwtClaims claims;
    claims.iss = "ga";
    claims.vct = std::string("qc:item:") + kItem + ":1";
    claims.sub = acme().account;
    claims.iat = seconds_now();
    claims.exp = claims.iat + 300 * kDaySeconds;
    claims.extra = {{"chain", city().chain()}, {"asset", asset}};
    const std::string sd_jwt = crypto::sdjwt_issue(*city().key_of("ga"), claims,
                                                   {{"business_scope", "软件开发"}}, *holder);
    const std::string salt = to_base64url(random_bytes(32));
    const Json content = {{"asset", asset}, {"sd_jwt", sd_jwt}, {"salt", salt}};
    const std::string jwe = *crypto::jwe_encrypt(*holder, content.dump());
    const auto issued =
        (*department)
            ->submit("asset.issue",
                     {{"asset", asset},
                      {"subject", acme().account},
                      {"item", kItem},
                      {"version", 1},
                      {"fields", {"business_scope"}},
                      {"commitment", *cli::commitment_of("qc-asset-1", salt, sd_jwt)},
                      {"ciphertext_sm3", to_hex(crypto::sm3(jwe))},
                      {"as_of", claims.iat},
                      {"expires", claims.exp},
                      {"supersedes", ""}});
    ASSERT_TRUE(issued.ok()) << issued.error().code << issued.error().field;
    const fs::path assets = fs::path(acme().folder()) / "assets";
    ASSERT_TRUE(make_private_directory(assets).ok());
    const Json proof = {{"transaction", issued->bytes},
                        {"receipt", proof::to_json(issued->receipt)}};
    ASSERT_TRUE(write_file(assets / (asset + ".json"), proof.dump(), FileMode::kPrivate).ok());
    ASSERT_TRUE(write_file(assets / (asset + ".jwe"), jwe, FileMode::kPrivate).ok());
  }

  static void approve_product() {
    const fs::path file = city().scratch() / "licence_check.json";
    const Json product = {
        {"product", "licence_check"},
        {"version", 1},
        {"name_zh", "企业核验"},
        {"name_en", "Enterprise check"},
        {"purpose", {{"code", "kyc.enterprise"}, {"text_zh", "企业核验"}, {"text_en", "KYC"}}},
        {"scope",
         {{{"item", kItem},
           {"version", 1},
           {"required", {"business_scope"}},
           {"optional", Json::array()}}}},
        {"release", "fields"},
        {"plugin", ""},
        {"max_valid_days", 365},
        {"max_uses", 100},
        {"data_life_days", 365}};
    ASSERT_TRUE(write_file(file, product.dump(), FileMode::kPublic).ok());
    done_as("qc-bank", {"bank", "define-product", "--file", file.string()});
    const std::string proposal =
        done_as("operator", {"operator", "approve-product", "licence_check"}).at("tx");
    done_as("jrj", {"governance", "vote", proposal, "--approve"});
  }

  static std::string give(const Box& giver, const std::vector<std::string>& more) {
    return done(
               with(with({"mandate", "give", "--enterprise", acme().account}, giver.options), more))
        .at("mandate");
  }
  static std::vector<std::string> approval(const std::string& request, const Box& actor,
                                           const std::string& role, const std::string& mandate) {
    auto words =
        with({"wallet", "approve", request, "--yes", "--accept", "third_party"}, acme().options);
    return with(words, {"--as", actor.folder(), "--role", role, "--mandate", mandate});
  }

  static Box& acme() {
    static Box box;
    return box;
  }
  static Box& chief() {
    static Box box;
    return box;
  }
};

TEST_F(EnterpriseMandates, AHandlerConsentsAndAnotherLegalRepresentativeVoidsIt) {
  chief() = open_box(20, "chief");
  const Box next = open_box(21, "next-chief");
  const Box admin = open_box(22, "administrator");
  const Box handler = open_box(23, "handler");
  open_enterprise();
  issue_licence();
  approve_product();
  ASSERT_FALSE(HasFailure());
  const std::string above = give(chief(), {"--role", "administrator", "--holder", admin.account});
  const std::string below =
      give(admin, {"--role", "handler", "--holder", handler.account, "--parent", above, "--item",
                   kItem, "--cosign", "--days", "200"});
  const std::string request = ask("licence_check", acme().account);
  EXPECT_EQ(refused(approval(request, next, "handler", below)), "request.not_found");
  const std::string grant = done(approval(request, handler, "handler", below)).at("grant");
  EXPECT_EQ(refused_as("qc-bank", {"bank", "fetch", "--request", request}), "grant.not_cosigned");
  done(with({"mandate", "cosign", grant, "--as", admin.folder()}, acme().options));
  EXPECT_EQ(done_as("qc-bank", {"bank", "fetch", "--request", request}).at("outcome"), "delivered");
  const std::string file = (city().scratch() / "next.json").string();
  done_as("ga", {"mandate", "attest-representative", "--pseudonym",
                 to_hex(crypto::sm3("enterprise of the test")), "--jwk",
                 (city().scratch() / "acme.jwk.json").string(), "--legal-rep", next.account,
                 "--out", file});
  done_as("registrar", {"mandate", "change-representative", "--file", file, "--reason", "换届"});
  EXPECT_EQ(refused_as("qc-bank", {"bank", "fetch", "--request", request}), "grant.revoked");
  EXPECT_EQ(refused(approval(ask("licence_check", acme().account), handler, "handler", below)),
            "request.not_found");
  const Json roles = done(with({"mandate", "list"}, handler.options)).at("mandates");
  EXPECT_EQ(roles.at(0).at("state"), "ENDED");
  EXPECT_EQ(done(with({"mandate", "list"}, next.options)).at("represents"), Json({acme().account}));
  const Json history = history_of(acme());
  EXPECT_EQ(history.at("complete"), true);
  EXPECT_TRUE(any(history.at("events"), [&](const Json& event) {
    return event.at("op") == "grant.create" && event.at("actor") == handler.account &&
           event.at("summary").at("actor").at("mandate") == below;
  }));
}

}  // namespace
}  // namespace qc::tests
