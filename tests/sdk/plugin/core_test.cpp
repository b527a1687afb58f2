// The C border: states, hostile bytes, exceptions, the sink.
#include "sdk/plugin/core.hpp"

#include <chrono>
#include <random>
#include <sys/stat.h>
#include <thread>

#include <gtest/gtest.h>

#include "sdk/base/files.hpp"
#include "tests/sdk/plugin/support.hpp"

namespace qc::plugin {
namespace {

class CoreTest : public ::testing::Test {
 protected:
  CoreTest()
      : script_(std::make_shared<ScriptedDepartment::Script>()),
        rig_(department_description(),
             make_service(std::unique_ptr<Department>(new ScriptedDepartment(script_))), "t") {
    script_->fetch = [](const Subject&, const Item&) -> Result<Record> {
      return Record{good_record()};
    };
  }

  std::shared_ptr<ScriptedDepartment::Script> script_;
  Rig rig_;
};

TEST_F(CoreTest, NothingIsServedBeforeConfigureAndConfigureWorksOnce) {
  EXPECT_EQ(rig_.call("describe", Json::object()).status, QC_OK);
  EXPECT_EQ(rig_.call("health", Json::object()).json.at("status"), "degraded");
  EXPECT_EQ(rig_.call("issue", Json::object()).code(), "plugin.wrong_state");
  rig_.configure();
  EXPECT_EQ(rig_.call("health", Json::object()).json.at("status"), "ok");
  const Reply again = rig_.configure(rig_.settings());
  EXPECT_EQ(again.status, QC_REFUSED);
  EXPECT_EQ(again.code(), "plugin.wrong_state");
  script_->health = {false, "source away"};
  EXPECT_EQ(rig_.call("health", Json::object()).json.at("detail"), "source away");
}

TEST_F(CoreTest, SettingsThatDoNotWorkAreNamedAndChangeNothing) {
  const auto spoiled = [&](const char* name, const Json& value) {
    Json settings = rig_.settings();
    settings[name] = value;
    return rig_.configure(settings);
  };
  EXPECT_EQ(spoiled("key", "/nowhere.pem").field(), "settings.key");
  EXPECT_EQ(spoiled("key", 5).field(), "settings.key");
  EXPECT_EQ(spoiled("passphrase_file", "/nowhere").field(), "settings.passphrase_file");
  ASSERT_TRUE(write_file(rig_.folder() / "wrong", "wrong\n", FileMode::kPrivate).ok());
  const Reply wrong = spoiled("passphrase_file", (rig_.folder() / "wrong").string());
  EXPECT_EQ(wrong.code(), "key.wrong_passphrase");
  chmod((rig_.folder() / "passphrase").c_str(), 0644);
  EXPECT_EQ(rig_.configure(rig_.settings()).code(), "keystore.permissions");
  chmod((rig_.folder() / "passphrase").c_str(), 0600);
  script_->configured = unavailable("source.unavailable", "away");
  EXPECT_EQ(rig_.configure(rig_.settings()).status, QC_UNAVAILABLE);
  script_->configured = Status();
  rig_.configure();
}

TEST_F(CoreTest, UnknownMethodsAreSaidToBeSo) {
  rig_.configure();
  for (const char* method : {"", "decide", "prove_identity", "Issue", "issue "}) {
    const Reply reply = rig_.call(method, {{"now", kNow}});
    EXPECT_EQ(reply.status, QC_UNKNOWN_METHOD) << method;
    EXPECT_EQ(reply.code(), "plugin.unknown_method") << method;
  }
}

TEST_F(CoreTest, EveryTruncationOfAGoodMessageIsRefused) {
  rig_.configure();
  const std::string message = IssueParts().message(rig_.key().public_key()).dump();
  ASSERT_EQ(rig_.call_raw("issue", message).status, QC_OK);
  for (std::size_t size = 0; size < message.size(); ++size) {
    const Reply reply = rig_.call_raw("issue", std::string_view(message).substr(0, size));
    ASSERT_EQ(reply.status, QC_INVALID) << size;
    ASSERT_TRUE(reply.json.is_object());
  }
}

TEST_F(CoreTest, AnyFlippedByteIsRefusedOrMeansTheSame) {
  rig_.configure();
  script_->fetches = 0;
  const IssueParts parts;
  const std::string message = parts.message(rig_.key().public_key()).dump();
  std::mt19937 dice(1);
  for (int i = 0; i < 600; ++i) {
    std::string bent = message;
    bent[dice() % bent.size()] ^= static_cast<char>(1U << (dice() % 8));
    const Reply reply = rig_.call_raw("issue", bent);
    ASSERT_TRUE(reply.json.is_object()) << i;
    if (reply.status == QC_OK) {
      // Only what is not authenticated may differ: field list, supersedes, time within its window.
      ASSERT_TRUE(reply.json.contains("tx"));
    } else {
      ASSERT_FALSE(reply.code().empty());
    }
  }
}

TEST_F(CoreTest, RandomBytesAreRefused) {
  rig_.configure();
  std::mt19937 dice(2);
  for (int i = 0; i < 500; ++i) {
    std::string noise(dice() % 300, '\0');
    for (char& c : noise) c = static_cast<char>(dice());
    for (const char* method : {"issue", "configure", "describe", "health"}) {
      const Reply reply = rig_.call_raw(method, noise);
      ASSERT_NE(reply.status, QC_OK);
      ASSERT_TRUE(reply.json.is_object());
    }
  }
}

TEST_F(CoreTest, OversizeAndDeepMessagesAreRefused) {
  rig_.configure();
  const std::string large =
      "{\"now\":1,\"x\":\"" + std::string(Core::kMaxMessageBytes, 'x') + "\"}";
  EXPECT_EQ(rig_.call_raw("issue", large).code(), "json.too_large");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  EXPECT_EQ(rig_.call_raw("issue", deep).status, QC_INVALID);
}

TEST_F(CoreTest, WhatAnAuthorThrowsStaysInside) {
  rig_.configure();
  const IssueParts parts;
  const Json message = parts.message(rig_.key().public_key());
  script_->fetch = [](const Subject& subject, const Item&) -> Result<Record> {
    throw std::runtime_error("about " + subject.id_no);
  };
  Reply reply = rig_.call("issue", message);
  EXPECT_EQ(reply.status, QC_INTERNAL);
  EXPECT_EQ(reply.code(), "plugin.internal");
  EXPECT_EQ(reply.text.find(kIdNo), std::string::npos);
  script_->fetch = [](const Subject&, const Item&) -> Result<Record> { throw 5; };
  EXPECT_EQ(rig_.call("issue", message).status, QC_INTERNAL);
  ASSERT_EQ(rig_.log().size(), 2U);
  for (const std::string& line : rig_.log()) EXPECT_EQ(line, "an exception was contained");
  script_->fetch = [](const Subject&, const Item&) -> Result<Record> {
    return Record{good_record()};
  };
  EXPECT_EQ(rig_.call("issue", message).status, QC_OK);
}

TEST_F(CoreTest, AnAuthorsErrorTextNeedNotBeUtf8) {
  rig_.configure();
  script_->fetch = [](const Subject&, const Item&) -> Result<Record> {
    return not_found("record.none", "\xff\xfe broken \xe6");
  };
  const Reply reply = rig_.call("issue", IssueParts().message(rig_.key().public_key()));
  EXPECT_EQ(reply.status, QC_NOT_FOUND);
  EXPECT_EQ(reply.code(), "record.none");
}

TEST_F(CoreTest, ACallAfterItsDeadlineDoesNoWork) {
  rig_.configure();
  script_->fetches = 0;
  const Json message = IssueParts().message(rig_.key().public_key());
  Reply reply = rig_.call("issue", message, 1);
  EXPECT_EQ(reply.status, QC_UNAVAILABLE);
  EXPECT_EQ(reply.code(), "plugin.deadline");
  EXPECT_EQ(script_->fetches, 0);
  script_->fetch = [](const Subject& subject, const Item&) -> Result<Record> {
    std::this_thread::sleep_for(std::chrono::milliseconds(subject.moment.left_ms() + 5));
    return Record{good_record()};
  };
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  // Too late is not issued: nobody waits for it, and the host records a failure.
  reply = rig_.call("issue", message, now.count() + 1000);
  EXPECT_EQ(reply.code(), "plugin.deadline");
  EXPECT_EQ(script_->fetches, 1);
}

TEST_F(CoreTest, ASinkThatTakesNoMoreIsAnInternalFailure) {
  const qc_sink sink{sizeof(qc_sink), nullptr,
                     [](void*, const std::uint8_t*, std::size_t) { return 1; }};
  const qc_call call{sizeof(qc_call), "describe", reinterpret_cast<const std::uint8_t*>("{}"), 2,
                     0};
  EXPECT_EQ(rig_.core().call(call, sink), QC_INTERNAL);
  const qc_sink none{sizeof(qc_sink), nullptr, nullptr};
  EXPECT_EQ(rig_.core().call(call, none), QC_INTERNAL);
  const qc_call no_method{sizeof(qc_call), nullptr, nullptr, 0, 0};
  EXPECT_EQ(rig_.core().call(no_method, sink), QC_INVALID);
  const qc_call no_message{sizeof(qc_call), "describe", nullptr, 5, 0};
  EXPECT_EQ(rig_.core().call(no_message, sink), QC_INVALID);
}

TEST_F(CoreTest, CallsRunConcurrently) {
  rig_.configure();
  const IssueParts parts;
  const std::string message = parts.message(rig_.key().public_key()).dump();
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 10; ++k) {
        if (rig_.call_raw("issue", message).status == QC_OK) ++good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 40);
}

}  // namespace
}  // namespace qc::plugin
