// Which documents the rules will ask for: a guess, from the names that a body holds.
#include <array>

#include "host/chain/rules_internal.hpp"

namespace qc::chain {
namespace {

/// Members of a body that name a document. Those that many share (members, products, items,
/// plugins) are not here: the sequencer has them at hand.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kNames{{
    {"request", "request/"},
    {"grant", "grant/"},
    {"asset", "asset/"},
    {"access", "access/"},
    {"supersedes", "asset/"},
    {"mandate", "mandate/"},
}};

constexpr std::size_t kMaxName = 128;
constexpr std::size_t kMaxForeseen = 32;

void add_named(const Json& body, std::string_view member, std::string_view family,
               std::vector<std::string>& out) {
  const auto it = body.find(member);
  if (it == body.end() || !it->is_string()) return;
  const auto& name = it->get_ref<const std::string&>();
  if (name.empty() || name.size() > kMaxName || out.size() >= kMaxForeseen) return;
  out.push_back(std::string(family) + name);
}

void add_scope(const Json& body, std::vector<std::string>& out) {
  const auto scope = body.find("scope");
  if (scope == body.end() || !scope->is_array()) return;
  for (const Json& entry : *scope) {
    if (entry.is_object()) add_named(entry, "asset", "asset/", out);
  }
}

bool is_subject(std::string_view account) {
  return account.starts_with("p-") || account.starts_with("e-");
}

}  // namespace

bool changed_by_use(std::string_view key) {
  return key.starts_with("request/") || key.starts_with("grant/") || key.starts_with("access/");
}

std::string named_subject(const Json& object) {
  auto it = object.is_object() ? object.find("subject") : object.end();
  if (it == object.end()) return {};
  const Json* subject = &*it;
  if (subject->is_object()) {
    it = subject->find("account");
    if (it == subject->end()) return {};
    subject = &*it;
  }
  if (!subject->is_string()) return {};
  const auto& account = subject->get_ref<const std::string&>();
  return account.size() <= kMaxName && is_subject(account) ? account : std::string();
}

ForeseenKeys foreseen_keys(const Transaction& tx, const StateReader& state) {
  ForeseenKeys out;
  if (!tx.body.is_object()) return out;
  rules::add_nonce_keys(tx, out.documents);
  const std::string signer = rules::account_of_kid(state, tx.kid);
  // Whose key it is was just looked up for the signature; the sequencer would ask the store again.
  if (!signer.empty()) out.documents.push_back("kid/" + tx.kid);
  if (is_subject(signer)) {
    out.documents.push_back("subject/" + signer);
    out.subjects.push_back(signer);
  }
  for (const auto& [member, family] : kNames) add_named(tx.body, member, family, out.documents);
  add_scope(tx.body, out.documents);
  const std::string subject = named_subject(tx.body);
  if (!subject.empty() && subject != signer) {
    out.documents.push_back("subject/" + subject);
    out.subjects.push_back(subject);
  }
  return out;
}

}  // namespace qc::chain
