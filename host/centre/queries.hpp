// The questions that the centre answers, each as one or a few statements on one connection.
#pragma once

#include <cstdint>

#include "host/database/database.hpp"
#include "sdk/base/json.hpp"

namespace qc::centre {

Result<Json> query_members(database::Connection& connection);
/// Error: "member.not_found".
Result<Json> query_member(database::Connection& connection, const std::string& account);
Result<Json> query_items(database::Connection& connection);
Result<Json> query_products(database::Connection& connection);
Result<Json> query_flows(database::Connection& connection, std::uint64_t after, std::size_t limit);
/// What lapses, expires or is exhausted is counted as seen at `now_s`, as the rules see it.
Result<Json> query_statistics(database::Connection& connection, std::int64_t now_s);

}  // namespace qc::centre
