#include "host/centre/projection.hpp"

#include "host/centre/projection_rows.hpp"

namespace qc::centre {
namespace projection {

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

Status run(const Entry& entry, std::string_view sql, const database::Values& values) {
  const auto changed = entry.sql.execute(sql, values);
  return changed.ok() ? Status() : Status(changed.error());
}

Status run_on_one(const Entry& entry, std::string_view sql, const database::Values& values) {
  QC_ASSIGN(const std::int64_t changed, entry.sql.execute(sql, values));
  if (changed == 1) return {};
  return internal("view.inconsistent", "transaction " + std::to_string(entry.from.stored.index) +
                                           " (" + entry.op() + ") finds " +
                                           std::to_string(changed) + " rows to change");
}

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

namespace {

/// A new policy ends what was proposed under the old one.
Status policy_set(const Entry& entry) {
  return run(entry, "UPDATE proposals SET state = 'VOID', state_position = ? WHERE state = 'OPEN'",
             {entry.position()});
}

/// Of the ledger's own upkeep the view keeps nothing.
Status not_shown(const Entry&) { return {}; }

const Family& network() {
  static const Family kFamily = {
      {"policy.set", {policy_set, true}},
      {"snapshot.begin", {not_shown}},
      {"snapshot.state", {not_shown}},
  };
  return kFamily;
}

/// Null for what the view does not know.
const Operation* operation_of(const std::string& op) {
  for (const Family* family : {&identity(), &catalogue(), &consent(), &access(), &network()}) {
    const auto found = family->find(op);
    if (found != family->end()) return &found->second;
  }
  return nullptr;
}

Status carry_out(const Entry& entry) {
  const Operation* decision = operation_of(entry.op());
  if (decision == nullptr || !decision->proposed) {
    return internal("view.inconsistent", "no proposal carries out " + entry.op());
  }
  return decision->rows(entry);
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

Status project(const Entry& entry) {
  if (entry.op() == "proposal.vote" || entry.op() == "proposal.withdraw") {
    return proposal_move(entry);
  }
  const Operation* operation = operation_of(entry.op());
  if (operation == nullptr) {
    return internal("view.inconsistent", "the view does not know " + entry.op());
  }
  return operation->proposed ? propose(entry) : operation->rows(entry);
}

}  // namespace
}  // namespace projection

Result<std::optional<ViewPosition>> read_position(database::Connection& connection) {
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

Status reset_view(database::Connection& connection, const std::string& chain) {
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

Status apply_batch(database::Connection& connection, ViewPosition& at,
                   const std::vector<chain::Published>& batch) {
  if (batch.empty()) return {};
  QC_ASSIGN(auto transaction, database::Transaction::begin(connection));
  std::uint64_t next = at.position;
  for (const chain::Published& published : batch) {
    if (published.stored.index != next) {
      return internal("view.inconsistent", "a transaction is out of order");
    }
    QC_TRY(projection::project({connection, published, published.tx.op, published.tx.body}));
    ++next;
  }
  const ViewPosition moved{at.chain, next, batch.back().tx.id_hex()};
  QC_ASSIGN(const std::int64_t changed,
            connection.execute("UPDATE projection_position SET position = ?, tx_id = ? WHERE id = "
                               "1 AND chain = ? AND position = ? AND tx_id = ?",
                               {database::number(moved.position), moved.tx_id, at.chain,
                                database::number(at.position), at.tx_id}));
  if (changed != 1) return conflict("view.contended", "somebody else moved this view");
  QC_TRY(transaction.commit());
  at = moved;
  return {};
}

}  // namespace qc::centre
