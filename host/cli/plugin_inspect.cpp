// quancheng plugin inspect: what a package says, who has signed it, who must act next. Nothing of
// the library is run.
#include <algorithm>
#include <cstdlib>

#include "host/cli/directory.hpp"
#include "host/cli/package.hpp"
#include "host/cli/plugin_command.hpp"
#include "host/cli/session.hpp"
#include "host/cli/show.hpp"
#include "host/conformance/elf.hpp"
#include "sdk/plugin/abi.h"
#include "sdk/proof/capability.hpp"
#include "sdk/proof/package_signature.hpp"

namespace qc::cli {
namespace {

struct InspectOptions {
  ConnectionOptions to;
  std::string package;
};

/// Where the package stands: both signatures, and the one thing to be done next.
struct Standing {
  Json publisher = Json::object();  ///< "state": missing, unverified, verified or bad; kid; reason
  Json admission = Json::object();  ///< "state": unknown, none, OPEN or CARRIED; proposal; …
  std::string state;                ///< of the host, when it was asked
  Json budgets;                     ///< in force there; null while this package is not loaded
  std::string next;
};

std::string own_abi() { return std::to_string(QC_ABI_MAJOR) + '.' + std::to_string(QC_ABI_MINOR); }

void judge_signature(const Package& package, const Result<crypto::PublicKey>* key,
                     Standing& standing, const std::string& chain) {
  Json& publisher = standing.publisher;
  publisher = {{"account", package.owner}, {"state", "missing"}};
  if (package.signature.empty()) return;
  publisher["kid"] = proof::package_signer(package.signature);
  publisher["state"] = "unverified";
  if (key == nullptr) return;
  publisher["state"] = "bad";
  if (!key->ok()) {
    publisher["reason"] = "the ledger has no such member";
    return;
  }
  const auto claim = proof::open_package(package.signature, **key);
  if (!claim.ok()) {
    publisher["reason"] = claim.error().message;
  } else if (claim->chain != chain) {
    publisher["reason"] = "signed for the network " + claim->chain;
  } else if (claim->publisher != package.owner || claim->manifest != package.manifest) {
    publisher["reason"] = "signed for another manifest";
  } else {
    publisher["state"] = "verified";
  }
}

/// The latest proposal to admit exactly this library, oldest first on the ledger.
Result<Json> find_admission(client::Client& client, const Package& package) {
  Json found = {{"state", "none"}};
  std::uint64_t after = 0;
  for (;;) {
    QC_ASSIGN(const Json answer, client.get("/v1/proposals?after=" + std::to_string(after)));
    QC_ASSIGN(const Json proposals, array_of(answer, "proposals"));
    if (proposals.empty()) return found;
    for (const Json& proposal : proposals) {
      after = std::max(after, proposal.value("index", std::uint64_t{0}));
      const Json body = proposal.value("body", Json::object());
      if (text_of(proposal, "op") != "plugin.admit" || text_of(body, "plugin") != package.plugin ||
          text_of(body, "digest") != package.digest) {
        continue;
      }
      found = {{"state", text_of(proposal, "state")},
               {"proposal", text_of(proposal, "proposal")},
               {"approvers", proposal.value("approvals", Json::array())},
               {"capabilities", body.value("capabilities", Json::array())}};
    }
  }
}

std::string host_state(const Json& plugins, const Package& package) {
  for (const Json& entry : plugins) {
    if (text_of(entry, "plugin") != package.plugin) continue;
    if (text_of(entry, "digest") != package.digest) return "another version";
    const std::string reason = text_of(entry, "reason");
    return text_of(entry, "state") + (reason.empty() ? "" : ": " + reason);
  }
  return "not in the host's folder";
}

Json host_budgets(const Json& plugins, const Package& package) {
  for (const Json& entry : plugins) {
    if (text_of(entry, "plugin") == package.plugin && text_of(entry, "digest") == package.digest) {
      return entry.value("budgets", Json());
    }
  }
  return nullptr;
}

/// "memory 512 MiB, …"; what a package inside the host is not held to is left out.
std::string budgets_line(const Json& budgets) {
  std::string out;
  for (const proof::BudgetKind& kind : proof::kBudgets) {
    const auto amount = budgets.find(std::string(kind.key));
    if (amount == budgets.end() || !amount->is_number_integer()) continue;
    out += (out.empty() ? "" : ", ") + std::string(kind.name) + ' ' + amount->dump() + ' ' +
           std::string(kind.unit);
  }
  return out;
}

std::string next_step(const Package& package, const Standing& standing) {
  const std::string abi = text_of(package.manifest, "abi");
  const std::string major = abi.substr(0, abi.find('.'));
  if (major != std::to_string(QC_ABI_MAJOR)) {
    return "ABI " + abi + " against " + own_abi() +
           (std::atoi(major.c_str()) > static_cast<int>(QC_ABI_MAJOR)
                ? ": the operator has to update the host"
                : ": " + package.owner + " has to build it anew");
  }
  const std::string signature = text_of(standing.publisher, "state");
  if (signature == "missing" || signature == "bad") {
    return package.owner + " (publisher): quancheng plugin sign";
  }
  const std::string admission = text_of(standing.admission, "state");
  if (admission == "OPEN") {
    return "the voters: quancheng governance vote --approve " +
           text_of(standing.admission, "proposal");
  }
  if (admission != "CARRIED") return "operator: quancheng operator admit-plugin";
  if (standing.state.starts_with("active")) return "nobody";
  return "operator: quancheng operator plugin load " + package.plugin;
}

Result<Standing> standing_of(const InspectOptions& options, const Package& package) {
  Standing standing;
  standing.admission = {{"state", "unknown"}};
  if (options.to.profile.empty() && options.to.url.empty()) {
    judge_signature(package, nullptr, standing, {});
  } else {
    QC_ASSIGN(Session session, open_session(options.to, Signer::kOptional));
    QC_ASSIGN(const Directory directory, Directory::fetch(*session.client));
    const auto key = directory.key_of(package.owner);
    judge_signature(package, &key, standing, session.client->chain());
    QC_ASSIGN(standing.admission, find_admission(*session.client, package));
    QC_ASSIGN(const Json answer, session.client->get("/v1/plugins"));
    QC_ASSIGN(const Json plugins, array_of(answer, "plugins"));
    standing.state = host_state(plugins, package);
    standing.budgets = host_budgets(plugins, package);
  }
  standing.next = next_step(package, standing);
  return standing;
}

std::string texts_or_none(const Json& texts) { return texts.empty() ? "–" : joined(texts); }

std::string publisher_line(const Json& publisher) {
  std::string text = text_of(publisher, "account") + " – " + text_of(publisher, "state");
  for (const char* name : {"kid", "reason"}) {
    if (publisher.contains(name)) text += std::string(", ") + text_of(publisher, name);
  }
  return text;
}

std::string admission_line(const Json& admission) {
  std::string text = text_of(admission, "state");
  if (!admission.contains("proposal")) return text;
  text += ", " + shortened(text_of(admission, "proposal"));
  text += ", " + texts_or_none(admission.at("approvers"));
  return text + ", 授予 granted " + texts_or_none(admission.at("capabilities"));
}

Result<Output> inspect(const InspectOptions& options) {
  QC_ASSIGN(const Package package, read_package(options.package));
  QC_ASSIGN(const conformance::ElfFacts elf, conformance::read_elf(package.bytes));
  QC_ASSIGN(const Standing standing, standing_of(options, package));
  const Json asked = proof::asked_capabilities(package.manifest);
  Output output;
  output.json = {{"manifest", package.manifest},    {"size", package.bytes.size()},
                 {"exports", elf.exports},          {"needed", elf.needed},
                 {"capabilities", asked},           {"publisher", standing.publisher},
                 {"admission", standing.admission}, {"host", standing.state},
                 {"budgets", standing.budgets},     {"next", standing.next}};
  output.text =
      package.plugin + " " + package.version + " (" + package.kind + ", " + package.owner + ")\n" +
      line("ABI", text_of(package.manifest, "abi") + " (这里 here " + own_abi() + ")") +
      line("库 library", package.library.filename().string() + ", " +
                             std::to_string(package.bytes.size()) + " bytes") +
      line("SM3", package.digest) + line("导出 exports", texts_or_none(Json(elf.exports))) +
      line("依赖 needs", texts_or_none(Json(elf.needed))) +
      line("请求能力 asks for", texts_or_none(asked));
  for (const Json& file : package.manifest.value("files", Json::array())) {
    output.text += line("文件 file", text_of(file, "name") + " SM3 " + text_of(file, "digest"));
  }
  output.text += line("发布方签名 publisher", publisher_line(standing.publisher)) +
                 line("运营方准入 admission", admission_line(standing.admission));
  if (!standing.state.empty()) output.text += line("主机 host", standing.state);
  if (standing.budgets.is_object()) {
    output.text += line("限额 budgets", budgets_line(standing.budgets));
  }
  output.text += line("下一步 next", standing.next);
  return output;
}

}  // namespace

void add_plugin_inspect(Command group) {
  auto options = std::make_shared<InspectOptions>();
  Command command = group.sub(
      "inspect", "查看插件包 · manifest, symbols, signatures; with a host, who must act next");
  command.text("package", options->package, "插件包目录 · folder with manifest.json",
               Need::kRequired);
  add_connection(command, options->to);
  command.action([options] { return inspect(*options); });
}

}  // namespace qc::cli
