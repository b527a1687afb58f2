// quancheng mandate …: acting for another. What departments attest, what the registrar puts on the
// ledger, and what the people of an enterprise give each other.
#include "host/cli/commands.hpp"
#include "host/cli/directory.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "host/cli/submitted.hpp"
#include "host/cli/wallet.hpp"
#include "sdk/base/files.hpp"
#include "sdk/crypto/jose.hpp"

namespace qc::cli {
namespace {

constexpr std::int64_t kMandateDayS = 86400;

struct AttestOptions {
  ConnectionOptions to;
  std::string guardian, ward, pseudonym, jwk, legal_rep, method = "register", out;
  std::int64_t days = 365;
};

struct RegistrarOptions {
  ConnectionOptions to;
  std::string file, mandate, reason;
  std::int64_t required = 1;
};

struct MandateOptions {
  WalletOptions to;
  std::string enterprise, holder, role, parent, mandate, reason;
  std::vector<std::string> items;
  bool cosign = false;
  std::int64_t days = 365;
};

struct CosignOptions {
  WalletOptions box, as;
  std::string grant;
};

/// The body that the registrar signs, with the department's word in it.
Result<Output> attested(const AttestOptions& options, Json body, Json claims,
                        std::string_view typ) {
  QC_ASSIGN(const Session session, open_session(options.to, Signer::kNeeded));
  claims["v"] = 1;
  claims["chain"] = session.client->chain();
  claims["method"] = options.method;
  claims["iat"] = now_s();
  body["evidence"] = crypto::jws_sign(*session.key, claims.dump(), typ);
  QC_TRY(write_file(options.out, body.dump(2) + "\n", FileMode::kPublic));
  Output output;
  output.json = std::move(body);
  output.text = "✓ 已出具证明 attested: " + options.out + "\n";
  return output;
}

Result<Output> attest_guardianship(const AttestOptions& options) {
  const Json body = {{"guardian", options.guardian},
                     {"ward", options.ward},
                     {"until", now_s() + options.days * kMandateDayS}};
  return attested(options, body, body, "qc-guardianship-evidence+jws");
}

/// For an opening, or (`opening` false) for another legal representative.
Result<Output> attest_enterprise(const AttestOptions& options, bool opening) {
  QC_ASSIGN(const crypto::PublicKey key, read_public_key(options.jwk));
  const std::string account = "e-" + options.pseudonym.substr(0, 32);
  Json body = {{"account", account}, {"legal_rep", options.legal_rep}};
  if (opening) {
    body["kind"] = "enterprise";
    body["pseudonym"] = options.pseudonym;
    body["jwk"] = key.to_jwk();
  }
  return attested(options, body,
                  {{"account", account},
                   {"pseudonym", options.pseudonym},
                   {"kid", key.kid()},
                   {"legal_rep", options.legal_rep}},
                  "qc-identity-evidence+jws");
}

Result<Output> submit_attested(const RegistrarOptions& options, const std::string& op) {
  QC_ASSIGN(Json body, read_document(options.file));
  if (!body.is_object()) return invalid("file.invalid", "an object is expected", options.file);
  if (op == "guardian.appoint") body["mandate"] = random_id();
  if (options.required != 1) body["required"] = options.required;
  if (op == "enterprise.represent") body["reason"] = options.reason;
  Json shown = body;
  shown.erase("evidence");
  QC_ASSIGN(Output output, submit_one(options.to, {op, body, {}, shown}));
  if (body.contains("mandate")) output.text += line("委托 mandate", text_of(body, "mandate"));
  return output;
}

Result<Output> end_guardianship(const RegistrarOptions& options) {
  return submit_one(options.to, {"mandate.end",
                                 {{"mandate", options.mandate}, {"reason", options.reason}},
                                 {},
                                 {{"mandate", options.mandate}}});
}

Result<Output> give_mandate(const MandateOptions& options) {
  QC_ASSIGN(const Wallet wallet, Wallet::open(options.to));
  const std::string id = random_id();
  QC_ASSIGN(const client::Submitted done,
            wallet.submit("mandate.give", {{"mandate", id},
                                           {"enterprise", options.enterprise},
                                           {"holder", options.holder},
                                           {"role", options.role},
                                           {"parent", options.parent},
                                           {"items", options.items},
                                           {"cosign", options.cosign},
                                           {"until", now_s() + options.days * kMandateDayS}}));
  Output output = submitted_output(done, operation("mandate.give"), {{"mandate", id}});
  output.text += line("委托 mandate", id);
  return output;
}

Result<Output> end_mandate(const MandateOptions& options) {
  QC_ASSIGN(const Wallet wallet, Wallet::open(options.to));
  QC_ASSIGN(
      const client::Submitted done,
      wallet.submit("mandate.end", {{"mandate", options.mandate}, {"reason", options.reason}}));
  return submitted_output(done, operation("mandate.end"), {{"mandate", options.mandate}});
}

/// The grant is read with the box's key and signed with the own.
Result<Output> cosign_grant(const CosignOptions& options) {
  QC_ASSIGN(const Wallet box, Wallet::open(options.box));
  QC_ASSIGN(const Wallet signer, Wallet::open(acting_for(options.box, options.as)));
  QC_ASSIGN(const Json entry, box.client().get("/v1/grants/" + options.grant));
  QC_ASSIGN(const Proved given, fetch_transaction(box.client(), text_of(entry, "tx")));
  if (given.tx.op != "grant.create" || text_of(given.tx.body, "grant") != options.grant) {
    return invalid("verify.wrong_transaction", "the ledger has another grant under this name");
  }
  QC_ASSIGN(const client::Submitted done,
            signer.submit("grant.cosign", {{"grant", options.grant}, {"tx", given.tx.id_hex()}}));
  Output output = submitted_output(done, operation("grant.cosign"), {{"grant", options.grant}});
  for (const Json& item : given.tx.body.value("scope", Json::array())) {
    output.text += line(text_of(item, "item"), joined(item.value("fields", Json())));
  }
  return output;
}

Result<Output> list_mandates(const WalletOptions& to) {
  QC_ASSIGN(const Wallet wallet, Wallet::open(to));
  Output output;
  QC_ASSIGN(output.json, wallet.client().get("/v1/mandates"));
  QC_ASSIGN(const Json list, array_of(output.json, "mandates"));
  output.text += line("我自己 myself", wallet.account());
  for (const Json& enterprise : output.json.value("represents", Json::array())) {
    output.text += line("法定代表人 legal representative of", value_text(enterprise));
  }
  for (const Json& mandate : list) {
    const bool mine = text_of(mandate, "holder") == wallet.account();
    output.text += "  " + text_of(mandate, "mandate") + "  " +
                   padded(text_of(mandate, "state"), 8) + padded(text_of(mandate, "role"), 15) +
                   (mine ? "→ " + text_of(mandate, "subject") : "← " + text_of(mandate, "holder")) +
                   "\n";
  }
  return output;
}

void add_department_verbs(Command group) {
  auto guardian = std::make_shared<AttestOptions>();
  Command first = group.sub("attest-guardianship", "出具监护证明 · attest who guards a minor");
  add_connection(first, guardian->to);
  first.text("--guardian", guardian->guardian, "监护人账户 · guardian's account", Need::kRequired);
  first.text("--ward", guardian->ward, "被监护人账户 · minor's account", Need::kRequired);
  first.number("--days", guardian->days, "有效天数 · for so many days", 1, 7000);
  first.text("--out", guardian->out, "证明文件 · file for the registrar", Need::kRequired);
  first.action([guardian] { return attest_guardianship(*guardian); });
  for (const bool opening : {true, false}) {
    auto options = std::make_shared<AttestOptions>();
    Command command =
        opening ? group.sub("attest-enterprise", "出具企业身份证明 · attest an enterprise")
                : group.sub("attest-representative",
                            "出具法定代表人变更证明 · attest another legal representative");
    add_connection(command, options->to);
    command.text("--pseudonym", options->pseudonym, "企业假名 · its pseudonym", Need::kRequired);
    command.text("--jwk", options->jwk, "企业公钥文件 · its key (JWK file)", Need::kRequired);
    command.text("--legal-rep", options->legal_rep, "法定代表人账户 · legal representative",
                 Need::kRequired);
    command.text("--out", options->out, "证明文件 · file for the registrar", Need::kRequired);
    command.action([options, opening] { return attest_enterprise(*options, opening); });
  }
}

void add_registrar_verbs(Command group) {
  struct Verb {
    const char* name;
    const char* op;
    const char* help;
  };
  for (const Verb& verb :
       {Verb{"appoint-guardian", "guardian.appoint", "登记监护 · register a guardianship"},
        Verb{"open-enterprise", "subject.open", "开立企业保险箱 · open an enterprise's safe box"},
        Verb{"change-representative", "enterprise.represent",
             "变更法定代表人,委托全部失效 · another legal representative; voids all mandates"}}) {
    auto options = std::make_shared<RegistrarOptions>();
    Command command = group.sub(verb.name, verb.help);
    add_connection(command, options->to);
    command.text("--file", options->file, "部门证明文件 · what the department attested",
                 Need::kRequired);
    command.text("--reason", options->reason, "原因 · reason");
    if (std::string_view(verb.op) == "guardian.appoint") {
      command.number("--required", options->required,
                     "须几位监护人签署 · 2: a grant needs both guardians", 1, 2);
    }
    command.action([options, op = std::string(verb.op)] { return submit_attested(*options, op); });
  }
  auto ended = std::make_shared<RegistrarOptions>();
  Command ending = group.sub("end-guardianship", "终止监护 · end a guardianship");
  add_connection(ending, ended->to);
  ending.text("mandate", ended->mandate, "委托号 · mandate", Need::kRequired);
  ending.text("--reason", ended->reason, "原因 · reason", Need::kRequired);
  ending.action([ended] { return end_guardianship(*ended); });
}

void add_holder_verbs(Command group) {
  auto listed = std::make_shared<WalletOptions>();
  Command listing = group.sub("list", "我的身份与委托 · for whom I may act, and who for me");
  add_wallet_options(listing, *listed);
  listing.action([listed] { return list_mandates(*listed); });
  auto given = std::make_shared<MandateOptions>();
  Command giving = group.sub("give", "授予企业委托 · let somebody act for the enterprise");
  add_wallet_options(giving, given->to);
  giving.text("--enterprise", given->enterprise, "企业账户 · enterprise", Need::kRequired);
  giving.text("--holder", given->holder, "受托人账户 · who shall act", Need::kRequired);
  giving.text("--role", given->role, "administrator 管理员, handler 经办人", Need::kRequired);
  giving.text("--parent", given->parent, "管理员自己的委托号 · an administrator's own mandate");
  giving.texts("--item", given->items, "限于数据项 · for these items only");
  giving.flag("--cosign", given->cosign,
              "所作授权须他人共同签署 · what is granted under it needs a second signature");
  giving.number("--days", given->days, "有效天数 · for so many days", 1, 3660);
  giving.action([given] { return give_mandate(*given); });
  auto signing = std::make_shared<CosignOptions>();
  Command second = group.sub("cosign", "共同签署授权 · give a grant its second signature");
  add_wallet_options(second, signing->box);
  add_acting_options(second, signing->as, Need::kRequired);
  second.text("grant", signing->grant, "授权号 · grant", Need::kRequired);
  second.action([signing] { return cosign_grant(*signing); });
  auto ended = std::make_shared<MandateOptions>();
  Command ending = group.sub("end", "终止委托 · end a mandate");
  add_wallet_options(ending, ended->to);
  ending.text("mandate", ended->mandate, "委托号 · mandate", Need::kRequired);
  ending.text("--reason", ended->reason, "原因 · reason");
  ending.action([ended] { return end_mandate(*ended); });
}

}  // namespace

void add_mandate(Command root) {
  Command group = root.sub("mandate", "监护与企业委托 · acting for a child or an enterprise");
  add_holder_verbs(group);
  add_department_verbs(group);
  add_registrar_verbs(group);
}

}  // namespace qc::cli
