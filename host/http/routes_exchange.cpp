#include "host/http/route.hpp"

namespace qc::http {
namespace {

using exchange::Exchange;

Result<Answer> reply(int status, Result<Json> outcome) {
  if (!outcome.ok()) return outcome.error();
  return Answer{status, std::move(outcome).value()};
}

Result<Answer> open_account(const Call& call) {
  return reply(201, call.services.exchange.open_account(*call.caller.key, call.body));
}

Result<Answer> recover_account(const Call& call) {
  return reply(201, call.services.exchange.recover_account(*call.caller.key, call.body));
}

Result<Answer> prove_account(const Call& call) {
  return reply(200, call.services.exchange.prove_account(call.caller.account, call.body));
}

template <Result<Json> (Exchange::*List)(const std::string&)>
Result<Answer> list(const Call& call) {
  return reply(200, (call.services.exchange.*List)(call.caller.account));
}

template <Result<Json> (Exchange::*Get)(const std::string&, const std::string&)>
Result<Answer> one(const Call& call) {
  return reply(200, (call.services.exchange.*Get)(call.caller.account, call.param("id")));
}

template <Result<Json> (Exchange::*Create)(const std::string&, const Json&)>
Result<Answer> create(const Call& call) {
  return reply(201, (call.services.exchange.*Create)(call.caller.account, call.body));
}

Result<Answer> erase_asset(const Call& call) {
  return reply(
      200, call.services.exchange.erase_asset(call.caller.account, call.param("id"), call.body));
}

void add_assets(std::vector<Route>& out) {
  const Who any_account{Need::kCaller};
  out.push_back({"POST",
                 "/v1/assets:issue",
                 any_account,
                 BodyKind::kJson,
                 create<&Exchange::issue_asset>,
                 {"issueAsset",
                  "assets",
                  "请部门签发数据资产存入保险箱",
                  "Have a department issue an item into the safe box",
                  "IssueAsset",
                  "IssuedAsset",
                  201,
                  {},
                  {"plugin.none_for_item", "plugin.timeout", "plugin.crashed"}}});
  out.push_back({"GET",
                 "/v1/assets",
                 any_account,
                 BodyKind::kNone,
                 list<&Exchange::list_assets>,
                 {"listAssets", "assets", "保险箱中的资产", "Assets in the caller's safe box", "",
                  "Assets"}});
  out.push_back({"GET",
                 "/v1/assets/{id}",
                 any_account,
                 BodyKind::kNone,
                 one<&Exchange::get_asset>,
                 {"getAsset",
                  "assets",
                  "取出一项资产的密文",
                  "One asset with its ciphertext",
                  "",
                  "AssetWithCiphertext",
                  200,
                  {},
                  {"asset.not_found"}}});
  out.push_back({"DELETE",
                 "/v1/assets/{id}",
                 any_account,
                 BodyKind::kJson,
                 erase_asset,
                 {"eraseAsset",
                  "assets",
                  "彻底删除一项资产",
                  "Erase an asset for good",
                  "SignedTransaction",
                  "Recorded",
                  200,
                  {},
                  {"asset.not_found"}}});
}

void add_parties(std::vector<Route>& out) {
  const Who any_account{Need::kCaller};
  out.push_back({"GET",
                 "/v1/requests",
                 any_account,
                 BodyKind::kNone,
                 list<&Exchange::list_requests>,
                 {"listRequests", "grants", "与本账户有关的申请",
                  "Requests that the caller is party to", "", "Requests"}});
  out.push_back({"GET",
                 "/v1/requests/{id}",
                 any_account,
                 BodyKind::kNone,
                 one<&Exchange::get_request>,
                 {"getRequest",
                  "grants",
                  "查询一项申请",
                  "One request",
                  "",
                  "Request",
                  200,
                  {},
                  {"request.not_found"}}});
  out.push_back({"POST",
                 "/v1/grants",
                 any_account,
                 BodyKind::kJson,
                 create<&Exchange::create_grant>,
                 {"createGrant",
                  "grants",
                  "签署授权并交付加密的披露",
                  "Record a signed grant and its encrypted presentations",
                  "CreateGrant",
                  "CreatedGrant",
                  201,
                  {},
                  {"grant.not_found", "tx.bad_signature"}}});
  out.push_back({"GET",
                 "/v1/grants",
                 any_account,
                 BodyKind::kNone,
                 list<&Exchange::list_grants>,
                 {"listGrants", "grants", "与本账户有关的授权",
                  "Grants that the caller is party to", "", "Grants"}});
  out.push_back({"GET",
                 "/v1/grants/{id}",
                 any_account,
                 BodyKind::kNone,
                 one<&Exchange::get_grant>,
                 {"getGrant",
                  "grants",
                  "查询一项授权",
                  "One grant",
                  "",
                  "Grant",
                  200,
                  {},
                  {"grant.not_found"}}});
  out.push_back({"GET",
                 "/v1/accesses",
                 any_account,
                 BodyKind::kNone,
                 list<&Exchange::list_accesses>,
                 {"listAccesses", "accesses", "与本账户有关的使用",
                  "Accesses that the caller is party to", "", "Accesses"}});
  out.push_back({"GET",
                 "/v1/accesses/{id}",
                 any_account,
                 BodyKind::kNone,
                 one<&Exchange::get_access>,
                 {"getAccess",
                  "accesses",
                  "查询一次使用",
                  "One access",
                  "",
                  "Access",
                  200,
                  {},
                  {"access.not_found"}}});
}

}  // namespace

std::vector<Route> exchange_routes() {
  std::vector<Route> out;
  out.push_back({"POST",
                 "/v1/accounts:open",
                 {Need::kNewKey},
                 BodyKind::kJson,
                 open_account,
                 {"openAccount",
                  "accounts",
                  "开立保险箱账户",
                  "Open an account for a new key",
                  "OpenAccount",
                  "OpenedAccount",
                  201,
                  {},
                  {"identity.account_exists", "identity.key_in_use"}}});
  out.push_back({"POST",
                 "/v1/accounts:recover",
                 {Need::kNewKey},
                 BodyKind::kJson,
                 recover_account,
                 {"recoverAccount",
                  "accounts",
                  "丢失密钥后重新绑定账户",
                  "Bind a new key to one's account after the old one was lost",
                  "OpenAccount",
                  "OpenedAccount",
                  201,
                  {},
                  {"subject.not_found", "identity.key_in_use"}}});
  out.push_back({"POST",
                 "/v1/accounts:prove",
                 {Need::kCaller},
                 BodyKind::kJson,
                 prove_account,
                 {"proveAccount",
                  "accounts",
                  "为现用密钥重新签发身份凭证",
                  "An identity credential for the caller's present key",
                  "ProveAccount",
                  "ProvedAccount",
                  200,
                  {},
                  {"identity.account_mismatch"}}});
  add_assets(out);
  add_parties(out);
  out.push_back({"POST",
                 "/v1/accesses",
                 {Need::kCaller, false, "consumer"},
                 BodyKind::kJson,
                 create<&Exchange::access>,
                 {"openAccess",
                  "accesses",
                  "依授权使用数据，先上链后放行",
                  "Use a grant: recorded on the ledger before anything is released",
                  "SignedTransaction",
                  "AccessResult",
                  201,
                  {},
                  {"grant.revoked", "grant.expired", "grant.exhausted", "access.wrong_consumer",
                   "plugin.timeout", "plugin.crashed"}}});
  for (Route& route : out) {
    const bool reads =
        route.method == "GET" || route.doc.id == "eraseAsset" || route.doc.id == "createGrant";
    if (!reads) route.lane = Lane::kPlugin;
  }
  return out;
}

}  // namespace qc::http
