// The stage on which the story plays: a city folder, a running host, and this program run again as
// a separate process for everyone who acts.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "host/cli/process.hpp"
#include "sdk/base/json.hpp"

namespace qc::cli {

/// What one call of the program gave.
struct Act {
  int exit_code = 0;
  Json json;           ///< standard output under --json, a problem document on failure
  std::string errors;  ///< standard error
};

/// One step of the story as it is told.
struct Step {
  int number = 0;
  std::string title_zh, title_en;
  std::int64_t elapsed_ms = 0;
  Json facts = Json::object();     ///< never a personal value
  std::vector<std::string> lines;  ///< for people; may show the owner what is the owner's
};

class Stage {
 public:
  /// Reads city.json of the folder and makes the next story-<n>/ in it. Errors: "city.not_found",
  /// "file.*", "profile.invalid".
  static Result<Stage> open(const std::filesystem::path& city, const std::string& url);

  int number() const { return number_; }
  const std::string& chain() const { return chain_; }
  const std::string& url() const { return url_; }
  const Json& city() const { return city_; }
  std::filesystem::path folder() const { return folder_; }  ///< story-<n>/
  std::filesystem::path receipts() const { return folder_ / "receipts"; }
  std::filesystem::path in_city(const std::string& path) const { return root_ / path; }
  std::filesystem::path package(const std::string& plugin) const;

  /// Runs `quancheng <arguments> --json`. Errors: "process.*" and "story.bad_output".
  Result<Act> run(std::vector<std::string> arguments, const std::string& input = {}) const;
  /// As run, as a member: with its profile, the story's url and receipts folder.
  Result<Act> as_member(const std::string& account, std::vector<std::string> arguments) const;
  /// As run, as a citizen with this wallet folder.
  Result<Act> as_citizen(const std::filesystem::path& wallet,
                         std::vector<std::string> arguments) const;
  /// The act's document; a failure becomes an Error with the code that the program gave.
  static Result<Json> must(const Result<Act>& act);

  std::filesystem::path wallet_passphrase() const { return folder_ / "wallet.passphrase"; }

 private:
  std::filesystem::path root_, folder_;
  std::string chain_, url_;
  Json city_;
  int number_ = 0;
};

}  // namespace qc::cli
