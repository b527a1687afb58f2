// Rows of requests and grants, and what the flow monitor shows of them.
#include "host/centre/projection_rows.hpp"

namespace qc::centre::projection {
namespace {

// Time to decide after request.open (consent life cycle); host/chain applies the same.
constexpr std::int64_t kPresentedS = 15 * 60;

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

}  // namespace

const Family& consent() {
  static const Family kFamily = {
      {"request.create", {request_create}}, {"request.open", {request_open}},
      {"request.refuse", {request_close}},  {"request.cancel", {request_close}},
      {"grant.create", {grant_create}},     {"grant.pause", {grant_change}},
      {"grant.resume", {grant_change}},     {"grant.revoke", {grant_change}},
      {"grant.cosign", {grant_change}},     {"grant.delete", {grant_change}},
  };
  return kFamily;
}

}  // namespace qc::centre::projection
