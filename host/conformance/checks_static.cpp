// What can be told of a plugin before it is given work.
#include <algorithm>

#include "host/conformance/checks.hpp"
#include "host/conformance/elf.hpp"
#include "host/plugin/package.hpp"
#include "host/plugin/runner/table.hpp"
#include "sdk/crypto/sm3.hpp"

namespace qc::conformance {
namespace {

std::string joined_names(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < kShown; ++i) {
    out += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kShown) out += " and " + std::to_string(names.size() - kShown) + " more";
  return out;
}

std::string words_of(const Error& error) {
  return error.code + ": " + error.message + (error.field.empty() ? "" : " (" + error.field + ")");
}

std::string version_text(std::uint32_t major, std::uint32_t minor) {
  return std::to_string(major) + '.' + std::to_string(minor);
}

/// What the library may need: libc; with libraries of the system that its manifest names, for the
/// operator to grant, also these and the shared C++ runtime that comes with them.
std::vector<std::string> allowed_libraries(const Json& manifest) {
  std::vector<std::string> out = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"};
  const Json named = manifest.value("libraries", Json::array());
  for (const Json& one : named) {
    if (one.is_string()) out.push_back(one.get<std::string>());
  }
  if (!named.empty()) out.insert(out.end(), {"libstdc++.so.6", "libgcc_s.so.1"});
  return out;
}

/// A host that speaks another major version must be refused, in words that name both.
Verdict refuses_host(const Probe& probe, std::uint32_t major) {
  const TestHost host(major, 0);
  bool threw = false;
  void* instance = probe.create(host, &threw);
  const std::string theirs = version_text(major, 0);
  const std::string own = version_text(probe.table().abi_major, probe.table().abi_minor);
  if (threw) return failed("an exception left create() before a host of ABI " + theirs);
  if (instance != nullptr) {
    return failed("it works with a host of ABI " + theirs + " although it was built for " + own);
  }
  const bool named =
      host.log().find(theirs) != std::string::npos && host.log().find(own) != std::string::npos;
  if (named) return passed();
  return failed("it refuses a host of ABI " + theirs + " without logging both versions (" + theirs +
                ", " + own + ")");
}

}  // namespace

Verdict check_manifest(const Bench& bench) {
  const Subject& subject = bench.subject;
  const std::string digest = to_hex(crypto::sm3(subject.library));
  if (text_of(subject.manifest, "digest") != digest) {
    return failed("the library's SM3 is " + digest + ", the manifest says " +
                  text_of(subject.manifest, "digest"));
  }
  const auto manifest = plugin::read_manifest(bench.options.package);
  // What it says of the ABI is the check "version"'s.
  if (!manifest.ok() && manifest.error().code != "plugin.abi_mismatch") {
    return failed(words_of(manifest.error()));
  }
  const auto probe = Probe::load(subject.library);
  if (!probe.ok()) return failed(words_of(probe.error()));
  const TestHost host;
  const Instance instance(*probe, host);
  if (!instance.made()) return failed("create() makes no instance: " + host.log());
  const Json description = description_of(instance);
  for (const char* name : {"plugin", "version", "kind"}) {
    if (text_of(description, name) != text_of(subject.manifest, name)) {
      return failed(std::string("\"describe\" and the manifest differ in \"") + name +
                    "\": " + text_of(description, name) + ", " + text_of(subject.manifest, name));
    }
  }
  return passed();
}

Verdict check_exports(const Bench& bench) {
  const std::vector<std::string> allowed = allowed_libraries(bench.subject.manifest);
  const auto facts = read_elf(bench.subject.library);
  if (!facts.ok()) return failed(words_of(facts.error()));
  if (!facts->unique.empty()) {
    return failed("STB_GNU_UNIQUE symbols are shared with other libraries (-fno-gnu-unique): " +
                  joined_names(facts->unique));
  }
  if (facts->exports != std::vector<std::string>{QC_PLUGIN_SYMBOL}) {
    return failed("exactly " QC_PLUGIN_SYMBOL " is to be exported, these are: " +
                  joined_names(facts->exports));
  }
  std::vector<std::string> others;
  std::copy_if(facts->needed.begin(), facts->needed.end(), std::back_inserter(others),
               [&](const std::string& name) {
                 return std::find(allowed.begin(), allowed.end(), name) == allowed.end();
               });
  if (!others.empty()) {
    return failed("libc and what the manifest names are all that is allowed, it needs: " +
                  joined_names(others));
  }
  return passed(joined_names(facts->needed));
}

Verdict check_load_time(const Bench& bench) {
  bench.note.set("loading");
  const std::int64_t began = steady_ms();
  const auto probe = Probe::load(bench.subject.library);
  if (!probe.ok()) return failed(words_of(probe.error()));
  const TestHost host;
  const Instance instance(*probe, host);
  const bool made = instance.made();
  const std::int64_t took = steady_ms() - began;
  if (!made) return failed("create() makes no instance: " + host.log());
  const std::string words = std::to_string(took) + " ms to an instance, " +
                            std::to_string(bench.options.max_load_ms) + " ms are allowed";
  return took <= bench.options.max_load_ms ? passed(words) : failed(words);
}

Verdict check_version(const Bench& bench) {
  const auto manifest = plugin::read_manifest(bench.options.package);
  if (!manifest.ok() && manifest.error().code == "plugin.abi_mismatch") {
    return failed(manifest.error().message);
  }
  const auto probe = Probe::load(bench.subject.library);
  if (!probe.ok()) return failed(words_of(probe.error()));
  if (const auto fault = plugin::find_table_fault(&probe->table())) return failed(fault->message);
  const std::string own = version_text(probe->table().abi_major, probe->table().abi_minor);
  if (text_of(bench.subject.manifest, "abi") != own) {
    return failed("the library speaks ABI " + own + ", the manifest says " +
                  text_of(bench.subject.manifest, "abi"));
  }
  for (const std::uint32_t major : {QC_ABI_MAJOR - 1, QC_ABI_MAJOR + 1}) {
    bench.note.set("a host of ABI " + version_text(major, 0));
    Verdict refused = refuses_host(*probe, major);
    if (refused.outcome != Outcome::kPassed) return refused;
  }
  bench.note.set("a host of a later minor version");
  TestHost later(QC_ABI_MAJOR, QC_ABI_MINOR + 1);
  later.grow();
  const Instance instance(*probe, later);
  if (!instance.made() || description_of(instance).is_null()) {
    return failed("it does not work with a host of ABI " +
                  version_text(QC_ABI_MAJOR, QC_ABI_MINOR + 1) +
                  ", whose tables only grow at their end");
  }
  return passed("ABI " + own);
}

}  // namespace qc::conformance
