// Rows of accesses, and what the flow monitor shows of them.
#include <algorithm>

#include "host/centre/projection_rows.hpp"
#include "sdk/proof/transaction.hpp"

namespace qc::centre::projection {
namespace {

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

}  // namespace

const Family& access() {
  static const Family kFamily = {
      {"access.open", {access_open}},
      {"access.refuse", {access_refuse}},
      {"access.release", {access_release}},
      {"access.ack", {access_ack}},
  };
  return kFamily;
}

}  // namespace qc::centre::projection
