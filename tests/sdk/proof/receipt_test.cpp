#include "sdk/proof/receipt.hpp"

#include <gtest/gtest.h>

#include "sdk/crypto/jose.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::proof {
namespace {

/// A tree of two transactions, and the receipt of the second.
struct Scene {
  crypto::PrivateKey host = crypto::PrivateKey::generate();
  std::string first = "first transaction";
  std::string second = "second transaction";
  TreeHead head;
  Receipt receipt;

  Scene() {
    const Hash32 left = leaf_hash(as_bytes(first));
    head = {"net", 2, node_hash(left, leaf_hash(as_bytes(second))), crypto::sm3("map"),
            1767225600123};
    receipt = {to_hex(crypto::sm3(second)), 1, 2, {left}, sign_head(head, host)};
  }
  Result<TreeHead> verify() const {
    return verify_receipt(second, receipt, host.public_key(), "net");
  }
};

TEST(Receipt, VerifiesAndGivesTheHead) {
  const Scene scene;
  const auto head = scene.verify();
  ASSERT_TRUE(head.ok()) << head.error().message;
  EXPECT_EQ(head->chain, "net");
  EXPECT_EQ(head->size, 2U);
  EXPECT_EQ(head->log_root, scene.head.log_root);
  EXPECT_EQ(head->subject_root, scene.head.subject_root);
  EXPECT_EQ(head->time_ms, 1767225600123);
}

TEST(Receipt, SurvivesJson) {
  const Scene scene;
  const auto text = to_json(scene.receipt).dump();
  const auto back = receipt_from_json(parse_json(text).value());
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(to_json(*back).dump(), text);
  EXPECT_TRUE(verify_receipt(scene.second, *back, scene.host.public_key(), "net").ok());
}

TEST(Receipt, IsTheSameTextWithoutADocument) {
  Scene scene;
  for (const std::size_t length : {0U, 1U, 17U}) {
    scene.receipt.path.assign(length, crypto::sm3("node " + std::to_string(length)));
    scene.receipt.index = length * 1'000'000'007;
    std::string text = "before ";
    append_text(scene.receipt, text);
    EXPECT_EQ(text, "before " + to_json(scene.receipt).dump());
  }
}

TEST(Receipt, RefusesWhatDoesNotFit) {
  const Scene good;
  EXPECT_EQ(verify_receipt("another", good.receipt, good.host.public_key(), "net").error().code,
            "receipt.wrong_transaction");
  EXPECT_EQ(good.verify().ok(), true);
  Scene scene = good;
  scene.receipt.index = 0;
  EXPECT_EQ(scene.verify().error().code, "receipt.not_included");
  scene = good;
  scene.receipt.size = 3;
  EXPECT_EQ(scene.verify().error().code, "receipt.not_included");
  scene = good;
  scene.receipt.path[0][5] ^= 1;
  EXPECT_EQ(scene.verify().error().code, "receipt.not_included");
  scene = good;
  scene.receipt.path.clear();
  EXPECT_EQ(scene.verify().error().code, "receipt.not_included");
  EXPECT_EQ(verify_receipt(good.second, good.receipt, good.host.public_key(), "other").error().code,
            "head.wrong_chain");
  const auto stranger = crypto::PrivateKey::generate();
  EXPECT_EQ(verify_receipt(good.second, good.receipt, stranger.public_key(), "net").error().code,
            "head.bad_signature");
}

TEST(Receipt, NamesTheBadField) {
  const Scene scene;
  const Json good = to_json(scene.receipt);
  const auto expect_field = [](const Json& json, const std::string& field) {
    const auto result = receipt_from_json(json);
    ASSERT_FALSE(result.ok()) << field;
    EXPECT_EQ(result.error().code, "receipt.invalid");
    EXPECT_EQ(result.error().field, field);
  };
  for (const char* name : {"v", "tx", "index", "size", "path", "head"}) {
    Json json = good;
    json.erase(name);
    expect_field(json, std::string("receipt.") + name);
    json = good;
    json[name] = Json::object();
    expect_field(json, std::string("receipt.") + name);
  }
  Json json = good;
  json["more"] = 1;
  expect_field(json, "receipt.more");
  json = good;
  json["path"][0] = "00";
  expect_field(json, "receipt.path[0]");
  json = good;
  json["size"] = 0;
  expect_field(json, "receipt.size");
  json = good;
  json["index"] = -1;
  expect_field(json, "receipt.index");
  json = good;
  json["tx"] = std::string(64, 'G');
  expect_field(json, "receipt.tx");
}

TEST(Head, RefusesOtherTypesAndShapes) {
  const Scene scene;
  const auto open = [&scene](const std::string& payload, std::string_view typ) {
    return open_head(crypto::jws_sign(scene.host, payload, typ), scene.host.public_key(), "net");
  };
  const Json good = {{"v", 1},
                     {"chain", "net"},
                     {"size", 2},
                     {"log_root", std::string(64, 'a')},
                     {"subject_root", std::string(64, 'b')},
                     {"time_ms", 5}};
  EXPECT_TRUE(open(good.dump(), kHeadTyp).ok());
  EXPECT_EQ(open(good.dump(), "qc-tx+jws").error().code, "head.invalid");
  EXPECT_EQ(open("[]", kHeadTyp).error().code, "head.invalid");
  EXPECT_EQ(open("{", kHeadTyp).error().code, "head.invalid");
  EXPECT_EQ(open_head("a.b.c", scene.host.public_key(), "net").error().code, "head.invalid");
  for (const auto& [name, value] : good.items()) {
    Json bad = good;
    bad.erase(name);
    EXPECT_EQ(open(bad.dump(), kHeadTyp).error().code, "head.invalid") << name;
    bad = good;
    bad[name] = nullptr;
    EXPECT_EQ(open(bad.dump(), kHeadTyp).error().code, "head.invalid") << name;
  }
  Json bad = good;
  bad["extra"] = 1;
  EXPECT_EQ(open(bad.dump(), kHeadTyp).error().code, "head.invalid");
  bad = good;
  bad["log_root"] = std::string(64, 'A');
  EXPECT_EQ(open(bad.dump(), kHeadTyp).error().code, "head.invalid");
}

}  // namespace
}  // namespace qc::proof
