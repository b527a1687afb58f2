// Problem details (RFC 9457) and qc::Error: one table for both directions.
#pragma once

#include <string>
#include <string_view>

#include "sdk/base/json.hpp"

namespace qc::http {

inline constexpr std::string_view kProblemType = "application/problem+json";

/// HTTP status of an error kind.
int status_of(ErrorKind kind);
/// Kind that a status stands for; statuses outside the table go by their class.
ErrorKind kind_of(int status);

/// {"type":"urn:quancheng:problem:<code>","title","status","detail","code","field","side",
/// "retryable","txn_id"}
Json to_problem(const Error& error, int status);
inline Json to_problem(const Error& error) { return to_problem(error, status_of(error.kind)); }

/// Reads a problem document leniently: what it lacks is filled from the status, a body that is no
/// problem document gives "http.status_<status>". Texts are cut to sane lengths. Never fails.
Error from_problem(int status, std::string_view body);

std::string_view side_name(Side side);

}  // namespace qc::http
