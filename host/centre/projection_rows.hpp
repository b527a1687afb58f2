// What the families of operations share when they turn a transaction into rows. Each family is a
// file alone; `projection` asks them all.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "host/chain/ledger.hpp"
#include "host/database/database.hpp"

namespace qc::centre::projection {

/// One transaction on its way into the tables. What a vote carries out is the proposal's operation,
/// in the vote's place.
struct Entry {
  database::Connection& sql;
  const chain::Published& from;
  const std::string& operation;
  const Json& content;

  const Json& body() const { return content; }
  const std::string& op() const { return operation; }
  database::Value position() const { return database::number(from.stored.index); }
  std::string actor() const { return from.effect.actor; }
  std::int64_t time_ms() const { return from.stored.time_ms; }
};

// The rules have checked the form of every body: what is missing here is a programmer's error and
// reads as empty instead of throwing.
std::string text(const Json& object, const char* name);
std::int64_t integer(const Json& object, const char* name);
const Json& part(const Json& object, const char* name);

/// [{"item","fields"}] of a scope: names, never values. A request's fields are all it asks for.
std::string items_of(const Json& scope);

Status run(const Entry& entry, std::string_view sql, const database::Values& values);
/// A statement that must find the row which an earlier transaction made; else "view.inconsistent".
Status run_on_one(const Entry& entry, std::string_view sql, const database::Values& values);

/// How an operation becomes rows.
struct Operation {
  Status (*rows)(const Entry& entry);
  bool proposed = false;  ///< its transaction is a proposal: only what is carried out becomes rows
};
using Family = std::map<std::string, Operation>;

const Family& identity();   ///< members, subjects, keys, mandates
const Family& catalogue();  ///< items, products, plugins, assets
const Family& consent();    ///< requests, grants
const Family& access();     ///< accesses and their flows

}  // namespace qc::centre::projection
