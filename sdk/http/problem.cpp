#include "sdk/http/problem.hpp"

#include <array>

namespace qc::http {
namespace {

struct Row {
  ErrorKind kind;
  int status;
  std::string_view title;
};

// The first row of a status is the kind it is read back as.
constexpr std::array kTable{
    Row{ErrorKind::kInvalid, 400, "Invalid request"},
    Row{ErrorKind::kUnauthenticated, 401, "Not authenticated"},
    Row{ErrorKind::kForbidden, 403, "Forbidden"},
    Row{ErrorKind::kNotFound, 404, "Not found"},
    Row{ErrorKind::kConflict, 409, "Conflict with the present state"},
    Row{ErrorKind::kTooLarge, 413, "Too large"},
    Row{ErrorKind::kRateLimited, 429, "Too many requests"},
    Row{ErrorKind::kInternal, 500, "Internal error"},
    Row{ErrorKind::kUnavailable, 503, "Temporarily unavailable"},
    Row{ErrorKind::kTimeout, 504, "Timed out"},
};

constexpr std::size_t kMaxText = 1024;

const Row& row_of(ErrorKind kind) {
  for (const Row& row : kTable) {
    if (row.kind == kind) return row;
  }
  return kTable.front();
}

std::string bounded_text(const Json& object, const char* name) {
  return text_of(object, name).substr(0, kMaxText);
}

Side side_from(std::string_view name, int status) {
  if (name == "provider") return Side::kProvider;
  if (name == "platform") return Side::kPlatform;
  if (name == "client") return Side::kClient;
  return status >= 500 ? Side::kPlatform : Side::kClient;
}

}  // namespace

int status_of(ErrorKind kind) { return row_of(kind).status; }

ErrorKind kind_of(int status) {
  for (const Row& row : kTable) {
    if (row.status == status) return row.kind;
  }
  return status >= 500 ? ErrorKind::kInternal : ErrorKind::kInvalid;
}

std::string_view side_name(Side side) {
  switch (side) {
    case Side::kProvider:
      return "provider";
    case Side::kPlatform:
      return "platform";
    case Side::kClient:
      break;
  }
  return "client";
}

Json to_problem(const Error& error, int status) {
  return {{"type", "urn:quancheng:problem:" + error.code},
          {"title", row_of(error.kind).title},
          {"status", status},
          {"detail", error.message},
          {"code", error.code},
          {"field", error.field},
          {"side", side_name(error.side)},
          {"retryable", error.retryable},
          {"txn_id", error.txn_id}};
}

Error from_problem(int status, std::string_view body) {
  Error error;
  error.kind = kind_of(status);
  error.side = side_from({}, status);
  error.retryable = status == 429 || status == 503;
  const auto parsed = parse_json(body, {64U << 10U, 8});
  if (!parsed.ok() || !parsed->is_object() || bounded_text(*parsed, "code").empty()) {
    error.code = "http.status_" + std::to_string(status);
    error.message = "the server answered with status " + std::to_string(status);
    return error;
  }
  const Json& problem = *parsed;
  error.code = bounded_text(problem, "code");
  error.message = bounded_text(problem, "detail");
  error.field = bounded_text(problem, "field");
  error.txn_id = bounded_text(problem, "txn_id");
  error.side = side_from(bounded_text(problem, "side"), status);
  const auto retryable = problem.find("retryable");
  if (retryable != problem.end() && retryable->is_boolean()) error.retryable = *retryable;
  return error;
}

}  // namespace qc::http
