// Internal: the checks, each a function that runs in a process of its own.
#pragma once

#include <span>

#include "host/conformance/check.hpp"
#include "host/conformance/probe.hpp"
#include "sdk/base/json.hpp"

namespace qc::conformance {

/// Messages of the author's that the plugin, with the settings given, answers with QC_OK.
struct Fixture {
  std::string chain = "qc-conformance";
  std::vector<Message> calls;
};

/// What is checked, read once before the first check.
struct Subject {
  std::string plugin, kind, owner;
  Json manifest;
  std::string library;  ///< its bytes
  Json settings;
  Fixture fixture;
};

/// Where a check leaves word of what it is about to try, for the case that it does not come back.
/// The memory is shared with the parent.
class Note {
 public:
  static constexpr std::size_t kSize = 256;
  explicit Note(char* memory) : memory_(memory) {}
  void set(std::string_view text) const;

 private:
  char* memory_;
};

struct Bench {
  const CheckOptions& options;
  const Subject& subject;
  Note note;
};

struct Verdict {
  Outcome outcome = Outcome::kPassed;
  std::string detail;
};
inline Verdict passed(std::string detail = {}) { return {Outcome::kPassed, std::move(detail)}; }
inline Verdict failed(std::string detail) { return {Outcome::kFailed, std::move(detail)}; }

struct Check {
  std::string_view name;
  Verdict (*run)(const Bench& bench);
};
std::span<const Check> all_checks();

// checks_static.cpp
Verdict check_manifest(const Bench& bench);
Verdict check_exports(const Bench& bench);
Verdict check_load_time(const Bench& bench);
Verdict check_version(const Bench& bench);
// checks_calls.cpp
Verdict check_fixture(const Bench& bench);
Verdict check_extensions(const Bench& bench);
Verdict check_messages(const Bench& bench);
Verdict check_deadlines(const Bench& bench);
Verdict check_repeatable(const Bench& bench);
Verdict check_exceptions(const Bench& bench);
// checks_life.cpp
Verdict check_capabilities(const Bench& bench);
Verdict check_leaks(const Bench& bench);

// fixture.cpp
/// Errors: "file.*", those of the JSON.
Result<Fixture> read_fixture(const std::filesystem::path& file);
/// The message with each member in turn left out or of another kind.
std::vector<Message> spoiled(const Message& message);
/// What stays the same of an answer that is signed, salted or encrypted anew each time: its status,
/// names of members, kinds of values, and the code of an error.
std::string shape_of(const Answer& answer);

/// The messages that carry a subject's data, as the host sends them to a plugin of this kind.
std::vector<std::string> data_methods(const Subject& subject);
/// One of them in full form, with an identity that proves nothing: to be refused, not obeyed.
Message full_message(const Subject& subject, const std::string& method, const Json& description);
Message configure_message(const Subject& subject);
/// The addresses that the manifest asks to reach.
std::vector<std::string> addresses_asked(const Subject& subject);
/// What the plugin says of itself, or null.
Json description_of(const Instance& instance);

}  // namespace qc::conformance
