// A department's own HTTP interface, and the records that every source of the tests holds.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <httplib.h>

#include "sdk/base/json.hpp"

namespace qc::bench {

inline constexpr const char* kColumns[] = {"id_no",     "acct",         "corp",   "opened",
                                           "base_yuan", "rate_p",       "rate_e", "monthly_yuan",
                                           "paid_ym",   "balance_yuan", "st"};
using Line = std::vector<std::string>;

/// Serves records over HTTP or TLS, slowly or too much of it where a test says so.
class Upstream {
 public:
  /// With a folder, its cert.pem and key.pem are those of a TLS server.
  Upstream(std::vector<Line> records, int port, const std::string& tls = {})
      : records_(std::move(records)),
        server_(tls.empty() ? std::make_unique<httplib::Server>()
                            : std::make_unique<httplib::SSLServer>((tls + "/cert.pem").c_str(),
                                                                   (tls + "/key.pem").c_str())) {
    server_->Get("/fund/accounts/(.+)",
                 [this](const httplib::Request& request, httplib::Response& response) {
                   if (request.get_header_value("Authorization") != "Bearer the-token") {
                     response.status = 401;
                     return;
                   }
                   if (slow_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(slow_ms));
                   if (huge)
                     return response.set_content(std::string(2U << 20U, ' '), "application/json");
                   Json found = Json::array();
                   for (const Line& line : records_) {
                     if (line[0] != request.matches[1].str()) continue;
                     Json record;
                     for (std::size_t i = 0; i < line.size(); ++i) record[kColumns[i]] = line[i];
                     record["monthly_yuan"] = 1234.5;  // as a number, for once
                     found.push_back({{"account", record}});
                   }
                   response.set_content(Json{{"data", found}}.dump(), "application/json");
                 });
    port_ = port;
    if (port == 0) {
      port_ = server_->bind_to_any_port("127.0.0.1");
    } else {
      EXPECT_TRUE(server_->bind_to_port("127.0.0.1", port));
    }
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    server_->set_keep_alive_timeout(1);
  }
  ~Upstream() {
    server_->stop();
    thread_.join();
  }
  int port() const { return port_; }

  std::atomic<int> slow_ms{0};
  std::atomic<bool> huge{false};

 private:
  const std::vector<Line> records_;
  const std::unique_ptr<httplib::Server> server_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace qc::bench
