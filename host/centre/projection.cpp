#include "host/centre/projection.hpp"

#include <algorithm>
#include <map>
#include <string_view>

#include "host/chain/rules.hpp"

namespace qc::centre {
namespace {

using database::Connection;
using database::number;
using database::Values;

// Time to decide after request.open (consent life cycle); host/chain applies the same.
constexpr std::int64_t kPresentedS = 15 * 60;

/// The rules have checked the form of every body: what is missing here is a programmer's error and
/// reads as empty instead of throwing.
std::string text(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t integer(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

const Json& part(const Json& object, const char* name) {
  static const Json kNone = Json::object();
  const auto found = object.find(name);
  return found != object.end() ? *found : kNone;
}

/// One transaction on its way into the tables. What a vote carries out is the proposal's operation,
/// in the vote's place.
struct Entry {
  Connection& sql;
  const chain::Published& from;
  const std::string& operation;
  const Json& content;

  const Json& body() const { return content; }
  const std::string& op() const { return operation; }
  database::Value position() const { return number(from.stored.index); }
  std::string actor() const { return from.effect.actor; }
  std::int64_t time_ms() const { return from.stored.time_ms; }
};

Status run(const Entry& entry, std::string_view sql, const Values& values) {
  const auto changed = entry.sql.execute(sql, values);
  return changed.ok() ? Status() : Status(changed.error());
}

/// A statement that must find the row which an earlier transaction made.
Status run_on_one(const Entry& entry, std::string_view sql, const Values& values) {
  QC_ASSIGN(const std::int64_t changed, entry.sql.execute(sql, values));
  if (changed == 1) return {};
  return internal("view.inconsistent", "transaction " + std::to_string(entry.from.stored.index) +
                                           " (" + entry.op() + ") finds " +
                                           std::to_string(changed) + " rows to change");
}

/// [{"item","fields"}] of a scope: names, never values. A request's fields are all it asks for.
std::string items_of(const Json& scope) {
  Json items = Json::array();
  for (const Json& entry : scope) {
    Json fields = Json::array();
    for (const char* list : {"fields", "required", "optional"}) {
      // A grant repeats its required fields beside all of its fields.
      if (std::string_view(list) != "fields" && entry.contains("fields")) break;
      for (const Json& field : part(entry, list)) fields.push_back(field);
    }
    items.push_back({{"item", text(entry, "item")}, {"fields", std::move(fields)}});
  }
  return items.dump();
}

Status insert_member(const Entry& entry, const Json& body, const std::string& kind) {
  return run(
      entry,
      "INSERT INTO members (position, account, kind, code, name_zh, name_en, uscc, contact, "
      "jwk, kid, status, status_position) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'active', ?)",
      {entry.position(), text(body, "account"), kind, text(body, "code"), text(body, "name_zh"),
       text(body, "name_en"), text(body, "uscc"), text(body, "contact"), part(body, "jwk").dump(),
       text(part(body, "jwk"), "kid"), entry.position()});
}

Status network_found(const Entry& entry) {
  return insert_member(entry, part(entry.body(), "operator"), "operator");
}

Status member_admit(const Entry& entry) {
  return insert_member(entry, entry.body(), text(entry.body(), "kind"));
}

Status member_status(const Entry& entry) {
  return run_on_one(entry, "UPDATE members SET status = ?, status_position = ? WHERE account = ?",
                    {std::string(entry.op() == "member.suspend" ? "suspended" : "active"),
                     entry.position(), text(entry.body(), "account")});
}

/// `account` may be a subject's, whose keys the view does not hold.
Status replace_key(const Entry& entry, const std::string& account) {
  QC_TRY(
      run(entry,
          "INSERT INTO retired_keys (position, account, jwk) SELECT ?, account, jwk FROM members "
          "WHERE account = ?",
          {entry.position(), account}));
  return run(entry, "UPDATE members SET jwk = ?, kid = ? WHERE account = ?",
             {part(entry.body(), "jwk").dump(), text(part(entry.body(), "jwk"), "kid"), account});
}

Status key_rotate(const Entry& entry) { return replace_key(entry, entry.actor()); }

Status member_rebind(const Entry& entry) {
  return replace_key(entry, text(entry.body(), "account"));
}

/// What the old key granted, for others too, rests until it is resumed.
Status subject_rebind(const Entry& entry) {
  return run(entry,
             "UPDATE grants SET state = CASE state WHEN 'ACTIVE' THEN 'PAUSED' ELSE 'REVOKED' END, "
             "state_position = ? WHERE state IN ('ACTIVE', 'PENDING_COSIGN') AND (subject = ? OR "
             "grant_id IN (SELECT grant_id FROM grant_actors WHERE actor = ?))",
             {entry.position(), text(entry.body(), "account"), text(entry.body(), "account")});
}

Status insert_mandate(const Entry& entry, const char* subject, const char* holder,
                      const std::string& role) {
  const Json& body = entry.body();
  return run(
      entry,
      "INSERT INTO mandates (position, mandate, parent, subject, holder, role, cosign, state, "
      "state_position) VALUES (?, ?, ?, ?, ?, ?, ?, 'ACTIVE', ?)",
      {entry.position(), text(body, "mandate"), text(body, "parent"), text(body, subject),
       text(body, holder), role, std::int64_t{part(body, "cosign") == true}, entry.position()});
}

Status guardian_appoint(const Entry& entry) {
  return insert_mandate(entry, "ward", "guardian", "guardian");
}

Status mandate_give(const Entry& entry) {
  return insert_mandate(entry, "enterprise", "holder", text(entry.body(), "role"));
}

/// Grants fall with the mandate that they were given under.
Status revoke_ended(const Entry& entry) {
  return run(entry,
             "UPDATE grants SET state = 'REVOKED', state_position = ? WHERE state IN ('ACTIVE', "
             "'PAUSED', 'PENDING_COSIGN') AND grant_id IN (SELECT grant_id FROM grant_actors WHERE "
             "mandate IN "
             "(SELECT mandate FROM mandates WHERE state = 'ENDED' AND state_position = ?))",
             {entry.position(), entry.position()});
}

Status mandate_end(const Entry& entry) {
  const std::string mandate = text(entry.body(), "mandate");
  // Those that its holder gave as administrator of the same enterprise first.
  QC_TRY(run(entry,
             "UPDATE mandates SET state = 'ENDED', state_position = ? WHERE state = 'ACTIVE' AND "
             "parent = ?",
             {entry.position(), mandate}));
  QC_TRY(run_on_one(entry,
                    "UPDATE mandates SET state = 'ENDED', state_position = ? WHERE mandate = ?",
                    {entry.position(), mandate}));
  return revoke_ended(entry);
}

Status enterprise_represent(const Entry& entry) {
  QC_TRY(run(entry,
             "UPDATE mandates SET state = 'ENDED', state_position = ? WHERE state = 'ACTIVE' AND "
             "subject = ?",
             {entry.position(), text(entry.body(), "account")}));
  return revoke_ended(entry);
}

Status subject_open(const Entry& entry) {
  return run(entry, "INSERT INTO subjects (position, account, kind) VALUES (?, ?, ?)",
             {entry.position(), text(entry.body(), "account"), text(entry.body(), "kind")});
}

Status item_define(const Entry& entry) {
  return run(entry,
             "INSERT INTO items (position, item, version, department, kind, sensitivity, body) "
             "VALUES (?, ?, ?, ?, ?, ?, ?)",
             {entry.position(), text(entry.body(), "item"), integer(entry.body(), "version"),
              entry.actor(), text(entry.body(), "kind"), integer(entry.body(), "sensitivity"),
              entry.body().dump()});
}

Status product_define(const Entry& entry) {
  const std::string product = text(entry.body(), "product");
  QC_TRY(run(entry,
             "UPDATE products SET status = 'replaced', status_position = ? WHERE product = ? AND "
             "status = 'proposed'",
             {entry.position(), product}));
  return run(entry,
             "INSERT INTO products (position, product, version, owner, status, status_position, "
             "body) VALUES (?, ?, ?, ?, 'proposed', ?, ?)",
             {entry.position(), product, integer(entry.body(), "version"), entry.actor(),
              entry.position(), entry.body().dump()});
}

Status product_approve(const Entry& entry) {
  const std::string product = text(entry.body(), "product");
  QC_TRY(run(entry,
             "UPDATE products SET status = 'replaced', status_position = ? WHERE product = ? AND "
             "status = 'active'",
             {entry.position(), product}));
  return run_on_one(entry,
                    "UPDATE products SET status = 'active', status_position = ? WHERE product = ? "
                    "AND version = ?",
                    {entry.position(), product, integer(entry.body(), "version")});
}

Status plugin_admit(const Entry& entry) {
  const Json& body = entry.body();
  QC_TRY(run(entry,
             "UPDATE plugins SET state = 'replaced', state_position = ? WHERE plugin = ? AND "
             "state = 'admitted'",
             {entry.position(), text(body, "plugin")}));
  return run(entry,
             "INSERT INTO plugins (position, plugin, version, kind, owner, digest, jwk, "
             "capabilities, state, reason, state_position) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'admitted', '', ?)",
             {entry.position(), text(body, "plugin"), text(body, "version"), text(body, "kind"),
              text(body, "owner"), text(body, "digest"), part(body, "jwk").dump(),
              part(body, "capabilities").dump(), entry.position()});
}

Status plugin_withdraw(const Entry& entry) {
  // One package may have been admitted more than once: every admission of it ends.
  return run(entry,
             "UPDATE plugins SET state = 'withdrawn', reason = ?, state_position = ? WHERE plugin "
             "= ? AND digest = ? AND state <> 'withdrawn'",
             {text(entry.body(), "reason"), entry.position(), text(entry.body(), "plugin"),
              text(entry.body(), "digest")});
}

Status asset_issue(const Entry& entry) {
  const Json& body = entry.body();
  const std::string supersedes = text(body, "supersedes");
  if (!supersedes.empty()) {
    QC_TRY(run_on_one(entry,
                      "UPDATE assets SET state = 'superseded', state_position = ? WHERE asset = ?",
                      {entry.position(), supersedes}));
  }
  return run(entry,
             "INSERT INTO assets (position, asset, subject, department, item, version, fields, "
             "as_of_s, expires_s, supersedes, state, state_position) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'live', ?)",
             {entry.position(), text(body, "asset"), text(body, "subject"), entry.actor(),
              text(body, "item"), integer(body, "version"), part(body, "fields").dump(),
              integer(body, "as_of"), integer(body, "expires"), supersedes, entry.position()});
}

Status asset_erase(const Entry& entry) {
  return run_on_one(entry, "UPDATE assets SET state = 'erased', state_position = ? WHERE asset = ?",
                    {entry.position(), text(entry.body(), "asset")});
}

Status request_create(const Entry& entry) {
  const Json& body = entry.body();
  const std::string purpose = text(part(body, "purpose"), "code");
  QC_TRY(run(entry,
             "INSERT INTO requests (position, request_id, subject, consumer, product, "
             "product_version, purpose, deadline_s, grant_id, state, state_position) "
             "VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', 'REQUESTED', ?)",
             {entry.position(), text(body, "request"), text(body, "subject"), entry.actor(),
              text(body, "product"), integer(body, "product_version"), purpose,
              integer(body, "expires"), entry.position()}));
  return run(entry,
             "INSERT INTO flows (position, time_ms, op, consumer, product, purpose, items, "
             "outcome, grant_id, access_id, subject) "
             "VALUES (?, ?, 'request.create', ?, ?, ?, ?, 'requested', '', '', ?)",
             {entry.position(), entry.time_ms(), entry.actor(), text(body, "product"), purpose,
              items_of(part(body, "scope")), text(body, "subject")});
}

Status request_open(const Entry& entry) {
  const std::int64_t deadline_s = entry.time_ms() / 1000 + kPresentedS;
  return run_on_one(entry,
                    "UPDATE requests SET state = 'PRESENTED', state_position = ?, deadline_s = "
                    "CASE WHEN deadline_s < ? THEN deadline_s ELSE ? END WHERE request_id = ?",
                    {entry.position(), deadline_s, deadline_s, text(entry.body(), "request")});
}

Status request_close(const Entry& entry) {
  return run_on_one(entry, "UPDATE requests SET state = ?, state_position = ? WHERE request_id = ?",
                    {std::string(entry.op() == "request.refuse" ? "REJECTED" : "CANCELLED"),
                     entry.position(), text(entry.body(), "request")});
}

/// A row of the flow monitor whose parties and purpose stand in the grant's row.
Status flow_of_grant(const Entry& entry, const std::string& grant, const std::string& outcome) {
  return run_on_one(entry,
                    "INSERT INTO flows (position, time_ms, op, consumer, product, purpose, items, "
                    "outcome, grant_id, access_id, subject) SELECT ?, ?, ?, consumer, product, "
                    "purpose, items, ?, grant_id, '', subject FROM grants WHERE grant_id = ?",
                    {entry.position(), entry.time_ms(), entry.op(), outcome, grant});
}

Status grant_create(const Entry& entry) {
  const Json& body = entry.body();
  const Json& consumer = part(body, "consumer");
  const std::string grant = text(body, "grant");
  QC_TRY(run(
      entry,
      "INSERT INTO grants (position, grant_id, request_id, subject, consumer, product, "
      "purpose, items, mode, valid_from_s, valid_to_s, uses, max_uses, state, "
      "state_position) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 'ACTIVE', ?)",
      {entry.position(), grant, text(body, "request"), text(part(body, "subject"), "account"),
       text(consumer, "account"), text(consumer, "product"), text(part(body, "purpose"), "code"),
       items_of(part(body, "scope")), text(body, "mode"), integer(part(body, "valid"), "from"),
       integer(part(body, "valid"), "to"), integer(body, "max_uses"), entry.position()}));
  QC_TRY(run_on_one(entry,
                    "UPDATE requests SET state = 'GRANTED', grant_id = ?, state_position = ? "
                    "WHERE request_id = ?",
                    {grant, entry.position(), text(body, "request")}));
  if (entry.actor() != text(part(body, "subject"), "account")) {
    QC_TRY(run(entry,
               "INSERT INTO grant_actors (position, grant_id, actor, role, mandate) VALUES (?, ?, "
               "?, ?, ?)",
               {entry.position(), grant, entry.actor(), text(part(body, "actor"), "role"),
                text(part(body, "actor"), "mandate")}));
  }
  // Under a mandate of that kind it waits for a second signature.
  QC_TRY(run(entry,
             "UPDATE grants SET state = 'PENDING_COSIGN' WHERE position = ? AND EXISTS (SELECT 1 "
             "FROM mandates WHERE mandate = ? AND cosign = 1)",
             {entry.position(), text(part(body, "actor"), "mandate")}));
  return flow_of_grant(entry, grant, "granted");
}

Status grant_change(const Entry& entry) {
  struct Change {
    const char* state;
    const char* outcome;
  };
  static const std::map<std::string, Change> kChanges = {{"grant.pause", {"PAUSED", "paused"}},
                                                         {"grant.resume", {"ACTIVE", "resumed"}},
                                                         {"grant.cosign", {"ACTIVE", "cosigned"}},
                                                         {"grant.revoke", {"REVOKED", "revoked"}},
                                                         {"grant.delete", {"DELETED", "deleted"}}};
  const Change& change = kChanges.at(entry.op());
  const std::string grant = text(entry.body(), "grant");
  QC_TRY(run_on_one(entry, "UPDATE grants SET state = ?, state_position = ? WHERE grant_id = ?",
                    {std::string(change.state), entry.position(), grant}));
  return flow_of_grant(entry, grant, change.outcome);
}

/// A row of the flow monitor whose parties and purpose stand in the access's row.
Status flow_of_access(const Entry& entry, const std::string& access, const std::string& outcome) {
  return run_on_one(entry,
                    "INSERT INTO flows (position, time_ms, op, consumer, product, purpose, items, "
                    "outcome, grant_id, access_id, subject) SELECT ?, ?, ?, consumer, product, "
                    "purpose, items, ?, grant_id, access_id, subject FROM accesses WHERE "
                    "access_id = ?",
                    {entry.position(), entry.time_ms(), entry.op(), outcome, access});
}

Status access_open(const Entry& entry) {
  const Json& body = entry.body();
  const std::string access = text(body, "access");
  const std::string grant = text(body, "grant");
  QC_TRY(
      run_on_one(entry,
                 "INSERT INTO accesses (position, access_id, grant_id, subject, consumer, "
                 "product, purpose, items, state, acked, state_position) SELECT ?, ?, "
                 "grant_id, subject, ?, ?, ?, ?, 'OPENED', 0, ? FROM grants WHERE grant_id = ?",
                 {entry.position(), access, entry.actor(), text(body, "product"),
                  text(body, "purpose"), items_of(part(body, "items")), entry.position(), grant}));
  QC_TRY(run_on_one(entry, "UPDATE grants SET uses = uses + 1 WHERE grant_id = ?", {grant}));
  return flow_of_access(entry, access, "opened");
}

/// What was asked for is inside the refused attempt, and who asked is whose key signed it: not
/// always the grant's consumer, which may be why it was refused.
Status access_refuse(const Entry& entry) {
  const Json& body = entry.body();
  const auto attempt = proof::parse_transaction(text(body, "attempt"));
  if (!attempt.ok()) return internal("view.inconsistent", "an attempt that cannot be read");
  return run_on_one(
      entry,
      "INSERT INTO flows (position, time_ms, op, consumer, product, purpose, items, outcome, "
      "grant_id, access_id, subject) SELECT ?, ?, 'access.refuse', COALESCE((SELECT account FROM "
      "members WHERE kid = ?), ''), ?, ?, ?, ?, grant_id, ?, subject FROM grants WHERE "
      "grant_id = ?",
      {entry.position(), entry.time_ms(), attempt->kid, text(attempt->body, "product"),
       text(attempt->body, "purpose"), items_of(part(attempt->body, "items")), text(body, "code"),
       text(body, "access"), text(body, "grant")});
}

Status access_release(const Entry& entry) {
  const std::string outcome = text(entry.body(), "outcome");
  const std::string access = text(entry.body(), "access");
  std::string state = outcome;
  std::transform(state.begin(), state.end(), state.begin(),
                 [](char c) { return static_cast<char>(c - 'a' + 'A'); });
  QC_TRY(run_on_one(entry, "UPDATE accesses SET state = ?, state_position = ? WHERE access_id = ?",
                    {state, entry.position(), access}));
  return flow_of_access(entry, access, outcome);
}

Status access_ack(const Entry& entry) {
  const std::string access = text(entry.body(), "access");
  QC_TRY(run_on_one(entry, "UPDATE accesses SET acked = 1 WHERE access_id = ?", {access}));
  return flow_of_access(entry, access, "acknowledged");
}

/// A new policy ends what was proposed under the old one.
Status policy_set(const Entry& entry) {
  return run(entry, "UPDATE proposals SET state = 'VOID', state_position = ? WHERE state = 'OPEN'",
             {entry.position()});
}

using Projection = Status (*)(const Entry&);

/// What a proposal carries out.
const std::map<std::string, Projection>& decisions() {
  static const std::map<std::string, Projection> kDecisions = {
      {"member.admit", member_admit},   {"member.suspend", member_status},
      {"member.resume", member_status}, {"product.approve", product_approve},
      {"plugin.admit", plugin_admit},   {"plugin.withdraw", plugin_withdraw},
      {"policy.set", policy_set},       {"member.rebind", member_rebind},
  };
  return kDecisions;
}

Status carry_out(const Entry& entry) {
  const auto decision = decisions().find(entry.op());
  if (decision == decisions().end()) {
    return internal("view.inconsistent", "the view does not know " + entry.op());
  }
  return decision->second(entry);
}

Status propose(const Entry& entry) {
  const std::string& state = entry.from.effect.decision;
  QC_TRY(run(entry,
             "INSERT INTO proposals (position, proposal, op, body, proposer, state, "
             "state_position) VALUES (?, ?, ?, ?, ?, ?, ?)",
             {entry.position(), entry.from.tx.id_hex(), entry.op(), entry.body().dump(),
              entry.actor(), state, entry.position()}));
  return state == "CARRIED" ? carry_out(entry) : Status();
}

/// A vote or a withdrawal.
Status proposal_move(const Entry& entry) {
  const std::string& state = entry.from.effect.decision;
  if (state == "OPEN") return {};
  const std::string proposal = text(entry.body(), "proposal");
  QC_TRY(run_on_one(entry, "UPDATE proposals SET state = ?, state_position = ? WHERE proposal = ?",
                    {state, entry.position(), proposal}));
  if (state != "CARRIED") return {};
  std::string op;
  Result<Json> body = Json();
  QC_TRY(entry.sql.query("SELECT op, body FROM proposals WHERE proposal = ?", {proposal},
                         [&](const database::Row& row) {
                           op = row.text(0);
                           body = parse_json(row.text(1));
                           return false;
                         }));
  if (!body.ok()) return internal("view.inconsistent", "a proposal that cannot be read");
  return carry_out({entry.sql, entry.from, op, *body});
}

/// Of the ledger's own upkeep the view keeps nothing.
Status not_shown(const Entry&) { return {}; }

const std::map<std::string, Projection>& projections() {
  static const std::map<std::string, Projection> kProjections = {
      {"network.found", network_found},
      {"member.admit", propose},
      {"member.suspend", propose},
      {"member.resume", propose},
      {"product.approve", propose},
      {"plugin.admit", propose},
      {"plugin.withdraw", propose},
      {"policy.set", propose},
      {"member.rebind", propose},
      {"key.rotate", key_rotate},
      {"subject.rebind", subject_rebind},
      {"guardian.appoint", guardian_appoint},
      {"mandate.give", mandate_give},
      {"mandate.end", mandate_end},
      {"enterprise.represent", enterprise_represent},
      {"proposal.vote", proposal_move},
      {"proposal.withdraw", proposal_move},
      {"subject.open", subject_open},
      {"item.define", item_define},
      {"product.define", product_define},
      {"asset.issue", asset_issue},
      {"asset.erase", asset_erase},
      {"request.create", request_create},
      {"request.open", request_open},
      {"request.refuse", request_close},
      {"request.cancel", request_close},
      {"grant.create", grant_create},
      {"grant.pause", grant_change},
      {"grant.resume", grant_change},
      {"grant.revoke", grant_change},
      {"grant.cosign", grant_change},
      {"grant.delete", grant_change},
      {"access.open", access_open},
      {"access.refuse", access_refuse},
      {"access.release", access_release},
      {"access.ack", access_ack},
      {"snapshot.begin", not_shown},
      {"snapshot.state", not_shown},
  };
  return kProjections;
}

}  // namespace

Result<std::optional<ViewPosition>> read_position(Connection& connection) {
  std::optional<ViewPosition> at;
  QC_TRY(connection.query(
      "SELECT chain, position, tx_id FROM projection_position WHERE id = 1", {},
      [&](const database::Row& row) {
        at = ViewPosition{row.text(0), static_cast<std::uint64_t>(row.integer(1)), row.text(2)};
        return false;
      }));
  return at;
}

const std::vector<std::string>& view_tables() {
  static const std::vector<std::string> kTables = {
      "members", "subjects", "items", "products",  "plugins",      "assets",   "requests",
      "grants",  "accesses", "flows", "proposals", "retired_keys", "mandates", "grant_actors"};
  return kTables;
}

Status reset_view(Connection& connection, const std::string& chain) {
  QC_ASSIGN(auto transaction, database::Transaction::begin(connection));
  for (const std::string& table : view_tables()) {
    QC_TRY(connection.execute("DELETE FROM " + table));
  }
  QC_TRY(connection.execute("DELETE FROM projection_position"));
  QC_TRY(connection.execute(
      "INSERT INTO projection_position (id, chain, position, tx_id) VALUES (1, ?, 0, '')",
      {chain}));
  return transaction.commit();
}

Status apply_batch(Connection& connection, ViewPosition& at,
                   const std::vector<chain::Published>& batch) {
  if (batch.empty()) return {};
  QC_ASSIGN(auto transaction, database::Transaction::begin(connection));
  std::uint64_t next = at.position;
  for (const chain::Published& published : batch) {
    if (published.stored.index != next) {
      return internal("view.inconsistent", "a transaction is out of order");
    }
    const auto projection = projections().find(published.tx.op);
    if (projection == projections().end()) {
      return internal("view.inconsistent", "the view does not know " + published.tx.op);
    }
    QC_TRY(projection->second({connection, published, published.tx.op, published.tx.body}));
    ++next;
  }
  const ViewPosition moved{at.chain, next, batch.back().tx.id_hex()};
  QC_ASSIGN(const std::int64_t changed,
            connection.execute(
                "UPDATE projection_position SET position = ?, tx_id = ? WHERE id = "
                "1 AND chain = ? AND position = ? AND tx_id = ?",
                {number(moved.position), moved.tx_id, at.chain, number(at.position), at.tx_id}));
  if (changed != 1) return conflict("view.contended", "somebody else moved this view");
  QC_TRY(transaction.commit());
  at = moved;
  return {};
}

}  // namespace qc::centre
