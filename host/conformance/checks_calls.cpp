// What a plugin does with messages, well-formed and not.
#include <algorithm>
#include <cstdlib>
#include <malloc.h>
#include <new>
#include <optional>
#include <random>
#include <sys/resource.h>
#include <unistd.h>

#include "host/conformance/checks.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/sm2.hpp"
#include "sdk/proof/capability.hpp"

namespace qc::conformance {
namespace {

/// What the host itself grants after a deadline, and room for a busy machine.
constexpr std::int64_t kGraceMs = 500;
constexpr int kRandomMessages = 40;  ///< of each method
constexpr int kCutMessages = 20;

constexpr std::size_t kShownOfAnswer = 160;  ///< of an answer, in words

std::string words_of(const Answer& answer) {
  return "status " + std::to_string(answer.status) + " " + answer.text.substr(0, kShownOfAnswer);
}

/// What no answer may be; empty when it is as the ABI allows.
std::string fault_in(const Answer& answer) {
  if (answer.threw) return "an exception left call()";
  if (answer.status < QC_OK || answer.status > QC_UNKNOWN_METHOD) {
    return "a status that abi.h does not know: " + std::to_string(answer.status);
  }
  if (answer.text.empty()) return answer.status == QC_OK ? "QC_OK without an answer" : "";
  const auto json = parse_json(answer.text);
  if (!json.ok() || !json->is_object()) return "an answer that is no JSON object";
  if (answer.status != QC_OK && text_of(*json, "code").empty()) return "an error without a code";
  return {};
}

struct Case {
  std::string what;
  Message message;
  bool must_refuse = false;
};

/// A loaded library with one instance; `verdict` says why not.
struct Loaded {
  std::optional<Probe> probe;
  TestHost host;
  std::optional<Instance> instance;
  Verdict verdict;

  explicit Loaded(const Subject& subject) {
    auto loaded = Probe::load(subject.library);
    if (!loaded.ok()) {
      verdict = failed(loaded.error().message);
      return;
    }
    probe.emplace(*loaded);
    host.let_reach(addresses_asked(subject));
    instance.emplace(*probe, host);
    if (!instance->made()) {
      verdict = failed("create() makes no instance: " + host.log());
      instance.reset();
    }
  }
};

std::string random_text(std::mt19937_64& random, std::size_t size) {
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random() & 0xFFU);
  return out;
}

std::vector<Case> hostile_cases(const Bench& bench, const std::string& method,
                                const Json& description) {
  std::mt19937_64 random(bench.options.seed ^ std::hash<std::string>()(method));
  const bool refuse = method != "describe" && method != "health";
  std::vector<Case> out;
  const auto add = [&](std::string what, std::string text) {
    out.push_back({method + ", " + std::move(what), {method, std::move(text)}, refuse});
  };
  add("an empty message", "");
  for (int i = 0; i < kRandomMessages; ++i) {
    add("random bytes " + std::to_string(i), random_text(random, 1 + random() % 512));
  }
  const std::string whole = method == "configure"
                                ? configure_message(bench.subject).text
                                : full_message(bench.subject, method, description).text;
  for (int i = 0; i < kCutMessages; ++i) {
    const std::size_t end = 1 + random() % (whole.size() - 1);
    add("cut off after " + std::to_string(end) + " bytes", whole.substr(0, end));
  }
  add("5 MiB of one letter", std::string(5U << 20U, 'a'));
  add("100,000 brackets", std::string(100'000, '['));
  return out;
}

void add_fixture(const Subject& subject, std::vector<Message>& messages) {
  const std::vector<Message>& calls = subject.fixture.calls;
  messages.insert(messages.end(), calls.begin(), calls.end());
}

/// A message that is answered, cut off and spoiled.
std::vector<Case> fixture_cases(const Bench& bench, const Message& whole) {
  std::mt19937_64 random(bench.options.seed ^ std::hash<std::string>()(whole.text));
  std::vector<Case> out;
  for (int i = 0; i < kCutMessages; ++i) {
    const std::size_t end = 1 + random() % (whole.text.size() - 1);
    out.push_back(
        {whole.method + " of the fixture, cut off after " + std::to_string(end) + " bytes",
         {whole.method, whole.text.substr(0, end)},
         true});
  }
  for (Message& message : spoiled(whole)) {
    out.push_back(
        {whole.method + " of the fixture, spoiled: " + message.text.substr(0, kShownOfAnswer),
         std::move(message)});
  }
  return out;
}

/// Runs the cases on one instance. Empty = all as it should be.
std::string run_cases(const Bench& bench, const Instance& instance,
                      const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    bench.note.set(one.what + ", seed " + std::to_string(bench.options.seed));
    const Answer answer = instance.call(one.message);
    std::string fault = fault_in(answer);
    if (fault.empty() && one.must_refuse && answer.status == QC_OK) {
      fault = "it takes what is no message for one";
    }
    if (!fault.empty()) {
      return one.what + ", seed " + std::to_string(bench.options.seed) + ": " + fault;
    }
  }
  return {};
}

/// Under a limit on address space a little above what is in use, while it lives.
class ScarceMemory {
 public:
  explicit ScarceMemory(std::uint64_t slack) {
    ::malloc_trim(0);
    getrlimit(RLIMIT_AS, &before_);
    const auto statm = read_file("/proc/self/statm");
    const std::uint64_t pages = statm.ok() ? std::strtoull(statm->c_str(), nullptr, 10) : 0;
    rlimit tight = before_;
    tight.rlim_cur = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) + slack;
    if (pages != 0) setrlimit(RLIMIT_AS, &tight);
  }
  ~ScarceMemory() { setrlimit(RLIMIT_AS, &before_); }
  ScarceMemory(const ScarceMemory&) = delete;
  ScarceMemory& operator=(const ScarceMemory&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

std::vector<std::string> data_methods(const Subject& subject) {
  if (subject.kind == "product") return {"decide"};
  return {"issue", "issue_fresh", "prove_identity"};
}

Json description_of(const Instance& instance) {
  const Answer answer = instance.call({"describe", "{}"});
  auto json = parse_json(answer.text);
  return answer.status == QC_OK && json.ok() ? std::move(*json) : Json();
}

Message configure_message(const Subject& subject) {
  Json message = {
      {"settings", subject.settings}, {"chain", subject.fixture.chain}, {"account", subject.owner}};
  // As if it were granted all that it asks for.
  const auto tables = proof::named_in(proof::capabilities_in(subject.manifest), proof::kTable);
  if (!tables.empty()) message["tables"] = tables;
  return {"configure", message.dump()};
}

std::vector<std::string> addresses_asked(const Subject& subject) {
  std::vector<std::string> addresses;
  const Json asked = subject.manifest.value("outbound_hosts", Json::array());
  for (const Json& one : asked) {
    if (one.is_string()) addresses.push_back(one.get<std::string>());
  }
  return addresses;
}

Message full_message(const Subject& subject, const std::string& method, const Json& description) {
  static const Json jwk = crypto::PrivateKey::generate().public_key().to_jwk();
  Json message = {{"chain", subject.fixture.chain}, {"now", epoch_ms() / 1000}};
  if (method == "issue") {
    const Json items = description.value("items", Json::array());
    const Json item = items.empty() ? Json::object() : items[0];
    message.update({{"subject", {{"account", "p-00"}, {"jwk", jwk}}},
                    {"item", item.value("item", Json(""))},
                    {"version", item.value("version", Json(1))},
                    {"fields", {"name"}},
                    {"identity", "none"},
                    {"issuers", Json::object()},
                    {"supersedes", ""}});
  } else if (method == "issue_fresh") {
    const Json items = description.value("items", Json::array());
    const Json recorded = {{"tx", "none"}, {"receipt", Json::object()}, {"jwk", jwk}};
    message.update({{"item", items.empty() ? Json("") : items[0].value("item", Json(""))},
                    {"handle", "none"},
                    {"grant", recorded},
                    {"access", recorded}});
  } else if (method == "prove_identity") {
    message["claim"] = "none";
  } else if (method == "decide") {
    message.update({{"access", "none"},
                    {"grant", Json::object()},
                    {"holder_jwk", jwk},
                    {"issuers", Json::object()},
                    {"presentations", Json::array()},
                    {"consumer", {{"account", subject.owner}, {"jwk", jwk}}}});
  }
  return {method, message.dump()};
}

// Without this the checks below see refusals only, where a plugin needs a source of data or a
// proof.
Verdict check_fixture(const Bench& bench) {
  const std::vector<Message>& calls = bench.subject.fixture.calls;
  if (calls.empty()) return passed("none given: the calls below are refusals");
  const Loaded loaded(bench.subject);
  if (!loaded.instance) return loaded.verdict;
  const Answer configured = loaded.instance->call(configure_message(bench.subject));
  if (configured.status != QC_OK) return failed("it is not configured: " + words_of(configured));
  for (const Message& message : calls) {
    bench.note.set(message.method + " of the fixture");
    const Answer answer = loaded.instance->call(message);
    const std::string fault = fault_in(answer);
    if (!fault.empty()) return failed(message.method + " of the fixture: " + fault);
    if (answer.status == QC_OK) continue;
    return failed(message.method + " of the fixture is not answered: " + words_of(answer));
  }
  return passed(std::to_string(calls.size()) + " calls answered");
}

namespace {

/// A host that lets it serve routes: each answers, and nothing else is done there.
std::string fault_in_routes(const Bench& bench, const Json& routes) {
  if (routes.empty()) return {};
  const auto probe = Probe::load(bench.subject.library);
  if (!probe.ok()) return probe.error().message;
  TestHost host;
  host.grant_routes();
  const Instance instance(*probe, host);
  if (!instance.made()) return "create() makes no instance that serves routes: " + host.log();
  const Json nobody = {{"kind", "bank"}, {"account", "nobody"}};
  for (const Json& route : routes) {
    const std::string name = text_of(route, "method") + ' ' + text_of(route, "path");
    bench.note.set(name);
    const Json message = {{"now", epoch_ms() / 1000},
                          {"caller", nobody},
                          {"method", text_of(route, "method")},
                          {"path", text_of(route, "path")},
                          {"query", Json::object()},
                          {"body", Json::object()}};
    const std::string fault = fault_in(instance.call({"route", message.dump()}));
    if (!fault.empty()) return name + ": " + fault;
  }
  if (instance.call(configure_message(bench.subject)).status == QC_OK) {
    return "the instance that serves routes can be configured: it must hold no key";
  }
  return {};
}

}  // namespace

// The host of every check grants nothing; here it is also given what a plugin would ask it for.
Verdict check_extensions(const Bench& bench) {
  const Loaded loaded(bench.subject);
  if (!loaded.instance) return loaded.verdict;
  const Json description = description_of(*loaded.instance);
  std::vector<Message> messages = {{"health", "{}"}, configure_message(bench.subject)};
  for (const std::string& method : data_methods(bench.subject)) {
    messages.push_back(full_message(bench.subject, method, description));
  }
  add_fixture(bench.subject, messages);
  for (const Message& message : messages) {
    bench.note.set(message.method + " while no extension is granted");
    const std::string fault = fault_in(loaded.instance->call(message));
    if (!fault.empty()) return failed(message.method + ", no extension is granted: " + fault);
  }
  for (const std::string& id : loaded.host.asked()) {
    const std::size_t slash = id.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == id.size()) {
      return failed("it asks for an extension that is not named \"name/1\": " + id);
    }
  }
  const Json routes = description.value("routes", Json::array());
  if (const std::string fault = fault_in_routes(bench, routes); !fault.empty()) {
    return failed(fault);
  }
  return passed("asked for " + std::to_string(loaded.host.asked().size()) + ", serves " +
                std::to_string(routes.size()) + " routes");
}

Verdict check_messages(const Bench& bench) {
  for (const bool configured : {false, true}) {
    const Loaded loaded(bench.subject);
    if (!loaded.instance) return loaded.verdict;
    const Instance& instance = *loaded.instance;
    const Json description = description_of(instance);
    if (configured && instance.call(configure_message(bench.subject)).status != QC_OK) {
      return passed("not configured: only the way there was tried");
    }
    std::vector<std::string> methods = data_methods(bench.subject);
    methods.insert(methods.end(), {"configure", "describe", "health", "no_such_method"});
    for (const std::string& method : methods) {
      const std::string fault =
          run_cases(bench, instance, hostile_cases(bench, method, description));
      if (!fault.empty()) return failed(fault);
    }
    for (const Message& message : bench.subject.fixture.calls) {
      const std::string fault = run_cases(bench, instance, fixture_cases(bench, message));
      if (!fault.empty()) return failed(fault);
    }
    if (description_of(instance) != description) {
      return failed("it describes itself otherwise than before");
    }
  }
  return passed("seed " + std::to_string(bench.options.seed));
}

Verdict check_deadlines(const Bench& bench) {
  const Loaded loaded(bench.subject);
  if (!loaded.instance) return loaded.verdict;
  const Instance& instance = *loaded.instance;
  const Json description = description_of(instance);
  const bool configured = instance.call(configure_message(bench.subject)).status == QC_OK;
  std::vector<Message> messages;
  for (const std::string& method : data_methods(bench.subject)) {
    messages.push_back(full_message(bench.subject, method, description));
  }
  add_fixture(bench.subject, messages);
  for (Message& message : messages) {
    const std::string& method = message.method;
    for (const std::int64_t left : {-1000, 50}) {
      message.deadline_ms = epoch_ms() + left;
      bench.note.set(method + ", " + std::to_string(left) + " ms before its deadline");
      const Answer answer = instance.call(message);
      const std::int64_t late = answer.elapsed_ms - std::max<std::int64_t>(left, 0);
      if (late > kGraceMs) {
        return failed(method + " came back " + std::to_string(late) + " ms after its deadline");
      }
      if (left < 0 && answer.status == QC_OK) {
        return failed(method + " was begun after its deadline and answered: " + words_of(answer));
      }
    }
    message.deadline_ms = epoch_ms() + 60'000;
    message.full = true;
    bench.note.set(method + ", cancelled");
    const Answer cancelled = instance.call(message);
    if (cancelled.status == QC_OK || cancelled.elapsed_ms > kGraceMs) {
      return failed(method + " goes on although the host takes no more: " + words_of(cancelled));
    }
  }
  return passed(configured ? "" : "not configured: " + words_of(instance.call({"health", "{}"})));
}

Verdict check_repeatable(const Bench& bench) {
  const Loaded first(bench.subject);
  if (!first.instance) return first.verdict;
  const Instance second(*first.probe, first.host);
  std::vector<Message> messages = {{"describe", "{}"}, {"health", "{}"}, {"no_such_method", "{}"}};
  for (const std::string& method : data_methods(bench.subject)) messages.push_back({method, "{}"});
  const Answer configured = first.instance->call(configure_message(bench.subject));
  if (!(second.call(configure_message(bench.subject)) == configured)) {
    return failed("two instances configure themselves otherwise");
  }
  const Json description = description_of(*first.instance);
  for (const std::string& method : data_methods(bench.subject)) {
    Message message = full_message(bench.subject, method, description);
    message.deadline_ms = 1;  // long past: the same refusal each time
    messages.push_back(std::move(message));
  }
  for (const Message& message : bench.subject.fixture.calls) {
    bench.note.set(message.method + " of the fixture twice");
    const std::string once = shape_of(first.instance->call(message));
    for (const Instance* instance : {&*first.instance, &second}) {
      const std::string again = shape_of(instance->call(message));
      if (again == once) continue;
      return failed(message.method + " of the fixture answers otherwise the second time: " +
                    once.substr(0, kShownOfAnswer) + "; " + again.substr(0, kShownOfAnswer));
    }
  }
  for (const Message& message : messages) {
    bench.note.set(message.method + " twice");
    const Answer once = first.instance->call(message);
    for (const Answer& again : {first.instance->call(message), second.call(message)}) {
      if (again == once) continue;
      return failed(message.method + " answers otherwise the second time: " + words_of(once) +
                    "; " + words_of(again));
    }
  }
  return passed();
}

// A true exception is needed and cannot be asked for: memory is taken away until one is thrown.
Verdict check_exceptions(const Bench& bench) {
  const Loaded loaded(bench.subject);
  if (!loaded.instance) return loaded.verdict;
  const Instance& instance = *loaded.instance;
  const Json description = description_of(instance);
  const std::string padding(3U << 20U, 'x');
  std::vector<std::string> methods = data_methods(bench.subject);
  methods.insert(methods.end(), {"describe", "configure"});
  int refused = 0;
  for (const std::string& method : methods) {
    const std::string text = Json{{"padding", padding}}.dump();
    for (const std::uint64_t slack_kib : {1100U, 2000U, 5000U, 9000U}) {
      bench.note.set(method + " with little memory (" + std::to_string(slack_kib) + " KiB left)");
      const Message message{method, text};
      Answer answer;
      try {
        const ScarceMemory scarce(std::uint64_t{slack_kib} << 10U);
        answer = instance.call(message);
      } catch (const std::bad_alloc&) {
        continue;  // this side's own: what leaves the library is caught around the call
      }
      if (answer.threw) {
        return failed("an exception left call() when memory ran out in " + method);
      }
      if (answer.status != QC_OK) ++refused;
    }
  }
  if (description_of(instance) != description) {
    return failed("it does not describe itself any more after memory had run out");
  }
  return passed(std::to_string(refused) + " calls refused");
}

}  // namespace qc::conformance
