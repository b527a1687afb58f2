#include "host/centre/queries.hpp"

#include <algorithm>
#include <map>

#include "host/centre/projection.hpp"

namespace qc::centre {
namespace {

using database::Connection;
using database::Row;

constexpr std::size_t kMaxFlows = 1000;

/// Texts that the projection wrote; a damaged one shows as null and harms nothing else.
Json stored_json(const std::string& text) {
  auto parsed = parse_json(text);
  return parsed.ok() ? std::move(parsed).value() : Json();
}

#define QC_MEMBER_COLUMNS                                                                    \
  "SELECT account, kind, code, name_zh, name_en, uscc, contact, jwk, status, position FROM " \
  "members "

/// account -> [jwk] of keys that were replaced, oldest first. Few: keys are changed rarely.
Result<std::map<std::string, Json>> retired_keys(Connection& connection) {
  std::map<std::string, Json> out;
  QC_TRY(connection.query("SELECT account, jwk FROM retired_keys ORDER BY position", {},
                          [&](const Row& row) {
                            out[row.text(0)].push_back(stored_json(row.text(1)));
                            return true;
                          }));
  return out;
}

Json member_of(const Row& row, const std::map<std::string, Json>& retired) {
  const auto keys = retired.find(row.text(0));
  return {{"account", row.text(0)},
          {"kind", row.text(1)},
          {"code", row.text(2)},
          {"name_zh", row.text(3)},
          {"name_en", row.text(4)},
          {"uscc", row.text(5)},
          {"contact", row.text(6)},
          {"jwk", stored_json(row.text(7))},
          {"status", row.text(8)},
          {"index", row.integer(9)},
          {"retired_keys", keys != retired.end() ? keys->second : Json::array()}};
}

/// {"<kind>": {"<state>": n}} from rows (kind, state, n); {"<state>": n} when kind is NULL.
Result<Json> counters(Connection& connection, std::string_view sql,
                      const database::Values& values = {}) {
  Json out = Json::object();
  QC_TRY(connection.query(sql, values, [&](const Row& row) {
    if (row.is_null(0)) {
      out[row.text(1)] = row.integer(2);
    } else {
      out[row.text(0)][row.text(1)] = row.integer(2);
    }
    return true;
  }));
  return out;
}

Json flow_of(const Row& row) {
  Json items = Json::array();
  Json fields = Json::object();
  for (const Json& entry : stored_json(row.text(6))) {
    const std::string item = entry.value("item", "");
    items.push_back(item);
    fields[item] = entry.value("fields", Json::array());
  }
  return {{"index", row.integer(0)},   {"time_ms", row.integer(1)},   {"op", row.text(2)},
          {"consumer", row.text(3)},   {"product", row.text(4)},      {"purpose", row.text(5)},
          {"items", std::move(items)}, {"fields", std::move(fields)}, {"outcome", row.text(7)},
          {"grant", row.text(8)},      {"access", row.text(9)},       {"subject", row.text(10)}};
}

}  // namespace

Result<Json> query_members(Connection& connection) {
  Json members = Json::array();
  QC_ASSIGN(const auto retired, retired_keys(connection));
  QC_TRY(connection.query(QC_MEMBER_COLUMNS "ORDER BY position", {}, [&](const Row& row) {
    members.push_back(member_of(row, retired));
    return true;
  }));
  return Json{{"members", std::move(members)}};
}

Result<Json> query_member(Connection& connection, const std::string& account) {
  Json member;
  QC_ASSIGN(const auto retired, retired_keys(connection));
  QC_TRY(connection.query(QC_MEMBER_COLUMNS "WHERE account = ?", {account}, [&](const Row& row) {
    member = member_of(row, retired);
    return false;
  }));
  if (member.is_null()) return not_found("member.not_found", "there is no such member");
  return member;
}

Result<Json> query_items(Connection& connection) {
  Json items = Json::array();
  QC_TRY(connection.query("SELECT department, position, body FROM items ORDER BY item, version", {},
                          [&](const Row& row) {
                            Json item = stored_json(row.text(2));
                            item["department"] = row.text(0);
                            item["index"] = row.integer(1);
                            items.push_back(std::move(item));
                            return true;
                          }));
  return Json{{"items", std::move(items)}};
}

/// One entry per product: the version in use, and beside it the one that waits for approval, so
/// that nobody takes a proposal for a product. A product never approved shows as its proposal.
Result<Json> query_products(Connection& connection) {
  std::map<std::string, Json> products;
  QC_TRY(connection.query(
      "SELECT product, owner, status, position, body FROM products WHERE status <> 'replaced' "
      "ORDER BY position",
      {}, [&](const Row& row) {
        Json entry = stored_json(row.text(4));
        entry["owner"] = row.text(1);
        entry["status"] = row.text(2);
        entry["index"] = row.integer(3);
        const auto [found, first] = products.try_emplace(row.text(0), Json());
        if (first) {
          entry["proposed"] = nullptr;
          found->second = std::move(entry);
        } else {
          // In the order of the ledger the active version comes before what is proposed after it.
          found->second["proposed"] = std::move(entry);
        }
        return true;
      }));
  Json list = Json::array();
  for (auto& [name, entry] : products) list.push_back(std::move(entry));
  return Json{{"products", std::move(list)}};
}

Result<Json> query_flows(Connection& connection, std::uint64_t after, std::size_t limit) {
  Json flows = Json::array();
  QC_TRY(connection.query(
      "SELECT position, time_ms, op, consumer, product, purpose, items, outcome, grant_id, "
      "access_id, subject FROM flows WHERE position > ? ORDER BY position LIMIT ?",
      {database::number(std::min<std::uint64_t>(after, INT64_MAX)),
       database::number(std::clamp<std::size_t>(limit, 1, kMaxFlows))},
      [&](const Row& row) {
        flows.push_back(flow_of(row));
        return true;
      }));
  return Json{{"flows", std::move(flows)}};
}

Result<Json> query_statistics(Connection& connection, std::int64_t now_s) {
  Json out;
  QC_ASSIGN(const auto at, read_position(connection));
  out["position"] = at ? at->position : 0;
  QC_ASSIGN(
      out["members"],
      counters(connection, "SELECT kind, status, COUNT(*) FROM members GROUP BY kind, status"));
  QC_ASSIGN(out["subjects"],
            counters(connection, "SELECT NULL, kind, COUNT(*) FROM subjects GROUP BY kind"));
  QC_ASSIGN(out["items"],
            counters(connection, "SELECT NULL, kind, COUNT(*) FROM items GROUP BY kind"));
  QC_ASSIGN(out["products"],
            counters(connection, "SELECT NULL, status, COUNT(*) FROM products GROUP BY status"));
  QC_ASSIGN(out["plugins"],
            counters(connection, "SELECT kind, state, COUNT(*) FROM plugins GROUP BY kind, state"));
  QC_ASSIGN(out["assets"],
            counters(connection, "SELECT NULL, state, COUNT(*) FROM assets GROUP BY state"));
  QC_ASSIGN(out["requests"],
            counters(connection,
                     "SELECT NULL, CASE WHEN state IN ('REQUESTED', 'PRESENTED') AND deadline_s "
                     "<= ? THEN 'LAPSED' ELSE state END AS seen, COUNT(*) FROM requests GROUP BY "
                     "seen",
                     {now_s}));
  QC_ASSIGN(out["grants"],
            counters(connection,
                     "SELECT NULL, CASE WHEN state NOT IN ('ACTIVE', 'PAUSED') THEN state WHEN "
                     "uses >= max_uses THEN 'EXHAUSTED' WHEN valid_to_s <= ? THEN 'EXPIRED' ELSE "
                     "state END AS seen, COUNT(*) FROM grants GROUP BY seen",
                     {now_s}));
  QC_ASSIGN(out["accesses"],
            counters(connection, "SELECT NULL, state, COUNT(*) FROM accesses GROUP BY state"));
  QC_ASSIGN(out["refusals"],
            counters(connection,
                     "SELECT NULL, outcome, COUNT(*) FROM flows WHERE op = 'access.refuse' GROUP "
                     "BY outcome"));
  return out;
}

}  // namespace qc::centre
