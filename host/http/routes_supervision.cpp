#include "host/http/route.hpp"

namespace qc::http {
namespace {

constexpr std::uint64_t kMaxFlows = 1000;

Result<Answer> trace(const Call& call) {
  await_view(call);
  QC_ASSIGN(Json body, call.services.supervision.trace(call.param("account")));
  return Answer{200, std::move(body)};
}

Result<Answer> completeness(const Call& call) {
  QC_ASSIGN(Json body, call.services.supervision.completeness(call.param("account")));
  return Answer{200, std::move(body)};
}

Result<Answer> flows(const Call& call) {
  QC_ASSIGN(const std::uint64_t after, call.query_number("after", 0));
  QC_ASSIGN(const std::uint64_t limit, call.query_number("limit", kMaxFlows));
  if (limit == 0 || limit > kMaxFlows) {
    return invalid("http.bad_query", "expected 1 to 1000", "limit");
  }
  await_view(call);
  QC_ASSIGN(Json body, call.services.supervision.flows(after, limit));
  return Answer{200, std::move(body)};
}

}  // namespace

std::vector<Route> supervision_routes() {
  std::vector<Route> out;
  out.push_back({"GET",
                 "/v1/subjects/{account}/trace",
                 {Need::kCaller, true, "regulator operator"},
                 BodyKind::kNone,
                 trace,
                 {"getTrace",
                  "supervision",
                  "某主体的全程追溯",
                  "Every event about one subject",
                  "",
                  "Trace",
                  200,
                  {},
                  {"subject.not_found"}}});
  out.push_back({"GET",
                 "/v1/subjects/{account}/completeness",
                 {Need::kCaller, true, "regulator"},
                 BodyKind::kNone,
                 completeness,
                 {"getCompleteness",
                  "supervision",
                  "证明没有遗漏任何事件",
                  "Proof that no event about the subject is left out",
                  "",
                  "Completeness",
                  200,
                  {},
                  {"subject.not_found"}}});
  out.push_back({"GET",
                 "/v1/supervision/flows",
                 {Need::kCaller, false, "regulator operator"},
                 BodyKind::kNone,
                 flows,
                 {"listFlows",
                  "supervision",
                  "数据流转监管",
                  "Flows of data, without any value",
                  "",
                  "Flows",
                  200,
                  {{"after", "只返回其后的记录", "Only rows with a greater index", false},
                   {"limit", "最多条数，1 至 1000", "At most so many rows, 1 to 1000", false}},
                  {"http.bad_query"}}});
  return in_lane(Lane::kView, std::move(out));
}

}  // namespace qc::http
