// `quancheng witness` against real hosts: honest, restarted, forked, rolled back, and false ones.
#include "sdk/proof/witness.hpp"

#include <filesystem>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "host/chain/audit.hpp"
#include "host/chain/chunk_store.hpp"
#include "host/cli/commands.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/keystore.hpp"
#include "support.hpp"

namespace qc::test {
namespace {

namespace fs = std::filesystem;

constexpr auto kBetweenCosignatures = std::chrono::milliseconds(510);

class WitnessTest : public testing::Test {
 protected:
  WitnessTest() {
    EXPECT_TRUE(write_file(file("pass"), "a passphrase of the bank\n", FileMode::kPrivate).ok());
    add_profile("bank", host.bank_key);
    EXPECT_TRUE(
        write_file(file("host.jwk"), host.host_key.public_key().to_jwk().dump(), FileMode::kPublic)
            .ok());
  }
  std::string file(const std::string& name) const { return (scratch.path() / name).string(); }

  int run(std::vector<std::string> words) {
    words.emplace_back("--json");
    std::ostringstream out;
    std::ostringstream err;
    const int code = cli::run_program(words, out, err);
    const auto parsed = parse_json(out.str());
    document = parsed.ok() ? *parsed : Json::object();
    return code;
  }
  void add_profile(const std::string& account, const crypto::PrivateKey& key) const {
    EXPECT_TRUE(crypto::save_key(file(account + ".pem"), key, "a passphrase of the bank",
                                 crypto::PassphraseKind::kRandom)
                    .ok());
    const Json profile = {
        {"account", account},      {"url", host.url()},
        {"chain", kChain},         {"host_jwk", host.host_key.public_key().to_jwk()},
        {"key", account + ".pem"}, {"passphrase_file", "pass"}};
    EXPECT_TRUE(write_file(file(account + ".json"), profile.dump(), FileMode::kPrivate).ok());
  }
  int witness(const TestHost& at, const std::string& state = "state",
              const std::string& account = "bank") {
    return run({"witness", "--once", "--profile", file(account + ".json"), "--url", at.url(),
                "--state-dir", file(state)});
  }
  int check(const std::string& evidence) {
    return run({"witness", "check-evidence", evidence, "--host-key", file("host.jwk"), "--chain",
                std::string(kChain)});
  }
  static void add_member(TestHost& at, const std::string& account) {
    at.admit(account, "service", crypto::PrivateKey::generate());
  }
  static chain::AuditReport audit(const TestHost& at) {
    chain::AuditOptions options;
    options.directory = at.directory.path() / "ledger";
    const auto report = chain::audit_ledger(options);
    EXPECT_TRUE(report.ok());
    return report.ok() ? *report : chain::AuditReport{};
  }
  static fs::path witnessed(const TestHost& at) {
    return at.directory.path() / "ledger" / "chunks" / chain::witnessed_name(0);
  }
  static Json latest(const TestHost& at) {
    return ask(at.port(), "GET /v1/heads/latest HTTP/1.1\r\nHost: x\r\n\r\n").json();
  }
  /// POSTs a co-signature as a member; the answer's code, or "" when it was taken.
  static std::string hand_in(const TestHost& at, const crypto::PrivateKey& key,
                             const std::string& cosignature) {
    const auto reply =
        ask(at.port(), signed_request(key, at.port(), "POST", "/v1/heads/cosignatures",
                                      Json{{"cosignature", cosignature}}.dump()));
    return reply.status == 201 ? "" : reply.json().value("code", "?");
  }

  TempDir scratch;
  TestHost host;
  Json document;
};

TEST_F(WitnessTest, CosignsWhatItHasChecked) {
  ASSERT_EQ(witness(host), 0) << document.dump();
  EXPECT_EQ(document.at("outcome"), "cosigned");
  EXPECT_EQ(document.at("size"), host.ledger->size());
  EXPECT_EQ(witness(host), 0);
  EXPECT_EQ(document.at("outcome"), "unchanged");
  add_member(host, "svc1");
  std::this_thread::sleep_for(kBetweenCosignatures);
  ASSERT_EQ(witness(host), 0);
  EXPECT_EQ(document.at("outcome"), "cosigned");
  EXPECT_FALSE(document.contains("refused")) << document.dump();

  const Json shown = latest(host).at("witnesses");
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown.at(0).at("account"), "bank");
  EXPECT_EQ(shown.at(0).at("size"), host.ledger->size());
  const auto opened = proof::open_cosignature(shown.at(0).at("cosignature").get<std::string>(),
                                              host.bank_key.public_key(), kChain);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(to_hex(opened->log_root), to_hex(*host.ledger->log_root(host.ledger->size())));
}

TEST_F(WitnessTest, ReceiptsComeWithWhatWitnessesSigned) {
  const std::string tx =
      host.submit(host.operator_key, "member.suspend", {{"account", "regulator"}, {"reason", "x"}})
          .receipt.tx;
  ASSERT_EQ(witness(host), 0);
  add_member(host, "svc1");  // the receipt of the host goes on, the witness's stays behind
  const std::string target = "/v1/transactions/" + tx;
  const Json answer =
      ask(host.port(), signed_request(host.operator_key, host.port(), "GET", target)).json();
  const Json& one = answer.at("witnessed").at(0);
  const auto receipt = proof::receipt_from_json(one.at("receipt"));
  ASSERT_TRUE(receipt.ok());
  const auto head = proof::verify_receipt(answer.at("transaction").get<std::string>(), *receipt,
                                          host.host_key.public_key(), kChain);
  ASSERT_TRUE(head.ok()) << head.error().code;
  const auto cosigned = proof::open_cosignature(one.at("cosignature").get<std::string>(),
                                                host.bank_key.public_key(), kChain);
  ASSERT_TRUE(cosigned.ok());
  EXPECT_TRUE(proof::same_statement(*head, *cosigned));
  EXPECT_LT(head->size, host.ledger->size());
}

TEST_F(WitnessTest, ARestartedHostAndWitnessGoOn) {
  ASSERT_EQ(witness(host), 0);
  const Json before = latest(host).at("witnesses");
  const auto again = TestHost::copy_of(host);  // opens the same files anew
  EXPECT_EQ(latest(*again).at("witnesses"), before);
  add_member(*again, "svc1");
  ASSERT_EQ(witness(*again), 0) << document.dump();
  EXPECT_EQ(document.at("outcome"), "cosigned");
}

TEST_F(WitnessTest, AForkIsSeenKeptAndProvenToAnyone) {
  const auto fork = TestHost::copy_of(host);
  add_member(host, "svc1");
  ASSERT_EQ(witness(host), 0);
  add_member(*fork, "svc2");
  ASSERT_EQ(witness(*fork), 6);  // one size, two heads
  EXPECT_EQ(document.at("code"), "witness.fork");
  EXPECT_EQ(check(document.at("field")), 6);
  EXPECT_EQ(document.at("contradiction"), "same_size");
  add_member(*fork, "svc3");
  ASSERT_EQ(witness(*fork), 6);  // longer than what was co-signed
  EXPECT_EQ(document.at("code"), "witness.fork");
  const std::string evidence = document.at("field");
  EXPECT_EQ(check(evidence), 6);
  EXPECT_EQ(document.at("contradiction"), "prefix");
  EXPECT_EQ(document.at("proven"), true);
  // Nothing of the fork was co-signed, and the true host is still followed.
  EXPECT_TRUE(latest(*fork).at("witnesses").empty());
  EXPECT_EQ(witness(host), 0);
  // Evidence that was touched proves nothing.
  Json forged = *read_json_file(evidence);
  forged["root"] = std::string(64, '0');
  ASSERT_TRUE(write_file(file("forged"), forged.dump(), FileMode::kPublic).ok());
  EXPECT_EQ(check(file("forged")), 4);
  EXPECT_EQ(document.at("proven"), false);
  forged["second"] = forged.at("first").get<std::string>() + "A";
  ASSERT_TRUE(write_file(file("forged"), forged.dump(), FileMode::kPublic).ok());
  EXPECT_EQ(check(file("forged")), 4);
}

TEST_F(WitnessTest, ARolledBackHostIsSeen) {
  const auto old = TestHost::copy_of(host);
  add_member(host, "svc1");
  add_member(host, "svc2");
  ASSERT_EQ(witness(host), 0);
  EXPECT_EQ(witness(*old), 6);
  EXPECT_EQ(document.at("code"), "witness.rolled_back");
  const std::string evidence = document.at("field");
  EXPECT_EQ(check(evidence), 4);  // an old head is no lie by itself
  add_member(*old, "svc3");       // but a later and shorter one is
  EXPECT_EQ(witness(*old), 6);
  EXPECT_EQ(document.at("code"), "witness.fork");
  EXPECT_EQ(check(document.at("field")), 6);
  EXPECT_EQ(document.at("contradiction"), "time");
}

TEST_F(WitnessTest, TheMemoryIsNotReplacedByAnotherKeyNetworkOrNothing) {
  ASSERT_EQ(witness(host), 0);
  add_profile("regulator", host.regulator_key);
  EXPECT_EQ(witness(host, "state", "regulator"), 5);
  EXPECT_EQ(document.at("code"), "witness.state_invalid");
  ASSERT_TRUE(write_file(file("state") + "/witness.json", "{", FileMode::kPrivate).ok());
  EXPECT_EQ(witness(host), 5);
  EXPECT_EQ(document.at("code"), "witness.state_invalid");
  // A host with another key is not followed at all.
  const TestHost stranger;
  EXPECT_EQ(witness(stranger, "new-state"), 4);
  EXPECT_EQ(document.at("code"), "client.wrong_host_key");
  EXPECT_EQ(run({"witness", "--once", "--url", host.url()}), 2);
}

TEST_F(WitnessTest, OnlyGoodCosignaturesAreTaken) {
  const std::string head = latest(host).at("head");
  const std::string good = *proof::cosign_head(head, host.bank_key);
  EXPECT_EQ(hand_in(host, host.bank_key, "garbage"), "witness.invalid");
  EXPECT_EQ(hand_in(host, host.bank_key, head), "witness.invalid");
  EXPECT_EQ(hand_in(host, host.regulator_key, good), "witness.not_the_signer");
  const auto stranger = crypto::PrivateKey::generate();
  EXPECT_EQ(hand_in(host, host.bank_key, *proof::cosign_head(head, stranger)), "witness.invalid");
  std::string broken = good;
  broken[broken.size() - 3] = broken[broken.size() - 3] == 'A' ? 'B' : 'A';
  EXPECT_EQ(hand_in(host, host.bank_key, broken), "witness.invalid");
  auto opened = proof::open_head(head, host.host_key.public_key(), kChain).value();
  const auto sign = [&] {
    return *proof::cosign_head(proof::sign_head(opened, host.host_key), host.bank_key);
  };
  opened.log_root[0] ^= 1U;
  EXPECT_EQ(hand_in(host, host.bank_key, sign()), "witness.wrong_head");
  opened.size += 1;
  EXPECT_EQ(hand_in(host, host.bank_key, sign()), "witness.unknown_head");
  EXPECT_FALSE(fs::exists(witnessed(host)));
  EXPECT_EQ(hand_in(host, host.bank_key, good), "");
  EXPECT_EQ(hand_in(host, host.bank_key, good), "");  // once more is nothing new
  add_member(host, "svc1");
  const std::string next = latest(host).at("head");
  EXPECT_EQ(hand_in(host, host.bank_key, *proof::cosign_head(next, host.bank_key)),
            "witness.too_often");
  EXPECT_EQ(read_file(witnessed(host))->find('\n') + 1, read_file(witnessed(host))->size());
}

/// A receipt and what witnesses signed, checked with no host and no secret.
class WitnessedReceiptTest : public WitnessTest {
 protected:
  /// Keeps the receipt of one more transaction; returns the file.
  std::string keep(const TestHost& at, const std::string& name) {
    const Json body = {{"account", "regulator"}, {"reason", name}};
    const std::string tx =
        proof::make_transaction(at.operator_key, kChain, "member.suspend", body, now_s());
    const auto applied = at.ledger->submit(tx);
    EXPECT_TRUE(applied.ok());
    const Json kept = {{"transaction", tx}, {"receipt", proof::to_json(applied->receipt)}};
    EXPECT_TRUE(write_file(file(name), kept.dump(), FileMode::kPrivate).ok());
    return file(name);
  }
  int fetch(const TestHost& at, const std::string& receipt) {
    return run({"receipt", "witnessed", receipt, "--out", file("witnessed"), "--url", at.url(),
                "--host-key", file("host.jwk"), "--chain", std::string(kChain)});
  }
  int verify(const std::string& receipt, const std::string& witnessed, const std::string& members,
             int least = 1) {
    return run({"receipt", "verify", receipt, "--host-key", file("host.jwk"), "--chain",
                std::string(kChain), "--witnessed", witnessed, "--members", members,
                "--min-witnesses", std::to_string(least), "--evidence", file("evidence")});
  }
  std::string member(const std::string& account, const crypto::PrivateKey& key) const {
    const Json described = {{"account", account}, {"jwk", key.public_key().to_jwk()}};
    EXPECT_TRUE(write_file(file(account + ".member"), described.dump(), FileMode::kPublic).ok());
    return file(account + ".member");
  }
  const Json& row() const { return document.at("receipts").at(0); }
};

TEST_F(WitnessedReceiptTest, IsCountedOfflineWithALaterHead) {
  const std::string receipt = keep(host, "receipt");
  add_member(host, "svc1");
  ASSERT_EQ(witness(host), 0);  // of a later head
  ASSERT_EQ(fetch(host, receipt), 0) << document.dump();
  EXPECT_EQ(document.at("cosignatures"), 1);
  EXPECT_EQ(document.at("proofs"), 1);
  host.server.reset();
  const std::string bank = member("bank", host.bank_key);
  ASSERT_EQ(verify(receipt, file("witnessed"), bank), 0) << document.dump();
  EXPECT_EQ(row().at("witnesses"), Json::array({"bank"}));
  EXPECT_EQ(verify(receipt, file("witnessed"), bank, 2), 4);
  EXPECT_EQ(row().at("problem").at("code"), "verify.too_few_witnesses");
  // By a key that the checker does not trust.
  EXPECT_EQ(verify(receipt, file("witnessed"), member("regulator", host.regulator_key)), 4);
  EXPECT_EQ(row().at("cosignatures").at(0).at("code"), "verify.unknown_key");
  // The host's own lines, without a proof that they are of this ledger.
  const fs::path chunks = host.directory.path() / "ledger" / "chunks";
  EXPECT_EQ(verify(receipt, chunks.string(), bank), 4);
  EXPECT_EQ(row().at("cosignatures").at(0).at("code"), "verify.unproven");
  // A forged co-signature beside them.
  Json shown = *read_json_file(file("witnessed") + "/heads.json");
  std::string& forged = shown.at("witnesses").at(0).at("cosignature").get_ref<std::string&>();
  forged[forged.size() - 3] = forged[forged.size() - 3] == 'A' ? 'B' : 'A';
  ASSERT_TRUE(write_file(file("witnessed") + "/heads.json", shown.dump(), FileMode::kPublic).ok());
  EXPECT_EQ(verify(receipt, file("witnessed"), bank), 4);
  EXPECT_EQ(row().at("cosignatures").at(0).at("code"), "head.bad_signature");
  EXPECT_EQ(run({"receipt", "verify", receipt, "--host-key", file("host.jwk"), "--chain",
                 std::string(kChain), "--min-witnesses", "1"}),
            2);
}

TEST_F(WitnessedReceiptTest, LinesBesideTheChunksCountForTheirOwnHead) {
  const std::string receipt = keep(host, "receipt");
  ASSERT_EQ(witness(host), 0);
  const std::string bank = member("bank", host.bank_key);
  EXPECT_EQ(verify(receipt, witnessed(host).string(), bank), 0) << document.dump();
  EXPECT_EQ(row().at("witnesses"), Json::array({"bank"}));
  ASSERT_TRUE(write_file(file("x.witnessed"), "{\"no\":1}\n", FileMode::kPublic).ok());
  EXPECT_EQ(verify(receipt, file("x.witnessed"), bank), 5);
}

TEST_F(WitnessedReceiptTest, AForkIsToldWithItsEvidence) {
  const auto fork = TestHost::copy_of(host);
  const std::string receipt = keep(host, "receipt");
  add_member(*fork, "svc1");
  ASSERT_EQ(witness(*fork), 0);  // the witness was shown the other ledger
  ASSERT_EQ(fetch(*fork, receipt), 0) << document.dump();
  EXPECT_EQ(verify(receipt, file("witnessed"), member("bank", host.bank_key), 0), 6);
  EXPECT_EQ(row().at("problem").at("code"), "witness.fork");
  EXPECT_TRUE(row().at("witnesses").empty());
  EXPECT_EQ(check(file("evidence")), 6);
  add_member(*fork, "svc2");
  std::this_thread::sleep_for(kBetweenCosignatures);
  ASSERT_EQ(witness(*fork), 0);
  ASSERT_EQ(fetch(*fork, receipt), 0);
  EXPECT_EQ(verify(receipt, file("witnessed"), member("bank", host.bank_key), 0), 6);
  EXPECT_EQ(check(file("evidence")), 6);
  EXPECT_EQ(document.at("contradiction"), "prefix");
}

TEST_F(WitnessTest, TheAuditChecksThemAndNamesABadOne) {
  ASSERT_EQ(witness(host), 0);
  const auto whole = audit(host);
  EXPECT_TRUE(whole.ok) << whole.code << ": " << whole.message;
  const std::string line = *read_file(witnessed(host));
  const auto spoilt = [&](const std::string& text) {
    EXPECT_TRUE(write_file(witnessed(host), text, FileMode::kPublic).ok());
    const auto report = audit(host);
    EXPECT_FALSE(report.ok);
    EXPECT_EQ(report.file, "chunks/" + witnessed(host).filename().string());
    EXPECT_EQ(report.offset, text.starts_with(line) ? line.size() : 0U);
    return report.code;
  };
  // Every byte counts.
  for (std::size_t at = 0; at + 1 < line.size(); at += 37) {
    std::string text = line;
    text[at] = text[at] == 'x' ? 'y' : 'x';
    EXPECT_EQ(spoilt(text), "audit.cosignature") << at;
  }
  EXPECT_EQ(spoilt(line + line.substr(0, 40)), "audit.torn_tail");
  const Json json = *parse_json(line);
  const auto with = [&](const std::string& cosignature, const std::string& head) {
    return line + Json{{"cosignature", cosignature}, {"head", head}}.dump() + "\n";
  };
  const auto stranger = crypto::PrivateKey::generate();
  EXPECT_EQ(spoilt(with(*proof::cosign_head(json.at("head").get<std::string>(), stranger),
                        json.at("head"))),
            "audit.cosignature");
  // A head that both signed and the ledger never had.
  auto head =
      proof::open_head(json.at("head").get<std::string>(), host.host_key.public_key(), kChain)
          .value();
  head.log_root[5] ^= 4U;
  const std::string other = proof::sign_head(head, host.host_key);
  EXPECT_EQ(spoilt(with(*proof::cosign_head(other, host.bank_key), other)), "audit.cosignature");
}

}  // namespace
}  // namespace qc::test
