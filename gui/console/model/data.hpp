// What the console knows: plain values read from the HTTP API's answers.
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sdk/base/json.hpp"

namespace qc::console {

/// Code points of the basic plane that some text needs.
using GlyphSet = std::bitset<65536>;

struct Health {
  std::string status, chain, version, host_kid;
  std::uint64_t size = 0;
  std::int64_t uptime_s = 0;
  std::int64_t time_ms = 0;  ///< the host's clock
};

struct Head {
  std::uint64_t size = 0;
  std::string log_root, subject_root;  ///< hex
  std::int64_t time_ms = 0;
  bool verified = false;   ///< signature checked here against the trusted host key
  std::string error_code;  ///< why not
};

struct Member {
  std::string account, kind, code, name_zh, name_en, uscc, contact, kid, status;
  Json jwk;
  bool active() const { return status == "active"; }
};

struct Plugin {
  std::string plugin, version, kind, owner, digest, state, product, kid, reason;
  std::vector<std::string> items;
  std::string name_zh, name_en;  ///< of the plugin, when the host tells them
  std::uint64_t calls = 0, errors = 0, in_flight = 0;
  std::uint64_t generation = 0, restarts = 0, memory_bytes = 0, cpu_ms = 0;
  double p50_us = 0, p95_us = 0, p99_us = 0;
  std::string canary;                         ///< version on trial, or empty
  std::vector<std::string> granted;           ///< capabilities
  std::uint64_t memory_mib = 0, time_ms = 0;  ///< that it may use; 0 = unknown or unbounded
  std::uint64_t canary_percent = 0, canary_calls = 0, canary_faults = 0;
};

struct Flow {
  std::uint64_t index = 0;
  std::int64_t time_ms = 0;
  std::string op, consumer, product, purpose, outcome, grant, access, subject;
  std::vector<std::string> items;
};

/// The result of checking one receipt on this machine.
struct ReceiptCheck {
  bool verified = false;
  std::string error_code;       ///< stable code when not verified
  std::string tx, op;           ///< of the signed bytes
  std::uint64_t index = 0;      ///< that the receipt proves
  std::uint64_t tree_size = 0;  ///< of the head that the receipt leads to
  std::int64_t head_time_ms = 0;
  std::size_t path_length = 0;
};

struct TraceEvent {
  std::uint64_t n = 0, index = 0;
  std::int64_t time_ms = 0;
  std::string tx, op, actor, transaction;
  Json summary, receipt;
  ReceiptCheck check;
};

struct Trace {
  std::string account;
  std::vector<TraceEvent> events;
  std::size_t failed() const;
};

/// Names of items and products.
struct Catalogue {
  struct Entry {
    std::string id, name_zh, name_en;
  };
  std::vector<Entry> entries;
};

/// Counters of the ledger's SQL view.
struct Statistics {
  std::uint64_t grants_active = 0, grants_ended = 0, subjects = 0;
};

struct Overview {
  Health health;
  Head head;
  std::optional<Statistics> statistics;  ///< absent when the host does not tell
};

/// Who is signed in, where.
struct Identity {
  std::string url, chain, host_kid, kid, account, kind, name_zh, name_en;
  bool host_key_pinned = false;
  bool may_govern() const { return kind == "operator"; }
};

// Answers to values. Errors: "json.*", "console.bad_answer"; each names the field. Any thread.
Result<Health> parse_health(const Json& answer);
Result<std::vector<Member>> parse_members(const Json& answer);
Result<Plugin> parse_plugin(const Json& entry);
Result<std::vector<Plugin>> parse_plugins(const Json& answer);
Result<Statistics> parse_statistics(const Json& answer);
/// Adds the entries of an answer's list ("items" with "item", "products" with "product").
Status parse_catalogue(const Json& answer, const char* list, const char* id, Catalogue& out);
Result<std::vector<Flow>> parse_flows(const Json& answer);
/// Receipts are read, not yet checked.
Result<Trace> parse_trace(const Json& answer);

/// Adds what is needed to draw the values.
void add_glyphs(const std::vector<Member>& members, GlyphSet& glyphs);
void add_glyphs(const std::vector<Plugin>& plugins, GlyphSet& glyphs);
void add_glyphs(const Catalogue& catalogue, GlyphSet& glyphs);
void add_glyphs(const std::vector<Flow>& flows, GlyphSet& glyphs);
void add_glyphs(const Trace& trace, GlyphSet& glyphs);
void add_glyphs(std::string_view utf8, GlyphSet& glyphs);

/// Text from outside made drawable: control characters become spaces, a character beyond the basic
/// plane (which the toolkit cannot draw) is shown as its code point, "U+20BB7".
std::string displayable(std::string_view utf8);

}  // namespace qc::console
