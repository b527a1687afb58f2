#include "host/http/route.hpp"

namespace qc::http {
namespace {

template <Result<Json> (centre::Centre::*Query)()>
Result<Answer> list(const Call& call) {
  await_view(call);
  QC_ASSIGN(Json body, (call.services.centre.*Query)());
  return Answer{200, std::move(body)};
}

Result<Answer> one_member(const Call& call) {
  await_view(call);
  QC_ASSIGN(Json body, call.services.centre.member(call.param("account")));
  return Answer{200, std::move(body)};
}

}  // namespace

std::vector<Route> centre_routes() {
  using centre::Centre;
  std::vector<Route> out;
  out.push_back({"GET",
                 "/v1/members",
                 {},
                 BodyKind::kNone,
                 list<&Centre::members>,
                 {"listMembers", "centre", "成员名录", "Members of the network", "", "Members"}});
  out.push_back({"GET",
                 "/v1/members/{account}",
                 {},
                 BodyKind::kNone,
                 one_member,
                 {"getMember",
                  "centre",
                  "查询一个成员",
                  "One member",
                  "",
                  "Member",
                  200,
                  {},
                  {"member.not_found"}}});
  out.push_back({"GET",
                 "/v1/catalogue/items",
                 {},
                 BodyKind::kNone,
                 list<&Centre::items>,
                 {"listItems", "centre", "数据目录", "Catalogue of data items", "", "Items"}});
  out.push_back(
      {"GET",
       "/v1/catalogue/products",
       {},
       BodyKind::kNone,
       list<&Centre::products>,
       {"listProducts", "centre", "服务产品目录", "Catalogue of products", "", "Products"}});
  out.push_back(
      {"GET",
       "/v1/statistics",
       {Need::kCaller, false, "member"},
       BodyKind::kNone,
       list<&Centre::statistics>,
       {"getStatistics", "centre", "统计", "Counters by kind and state", "", "Statistics"}});
  return in_lane(Lane::kView, std::move(out));
}

}  // namespace qc::http
