#include "gui/console/model/messages.hpp"

#include <algorithm>
#include <array>

#include "gui/console/model/format.hpp"

namespace qc::console {
namespace {

struct Word {
  std::string_view code;
  Text text;
  Tone tone = Tone::kNeutral;
};

template <std::size_t N>
const Word* find(const std::array<Word, N>& table, std::string_view code) {
  const auto it =
      std::find_if(table.begin(), table.end(), [&](const Word& w) { return w.code == code; });
  return it == table.end() ? nullptr : &*it;
}

template <std::size_t N>
std::string word_of(const std::array<Word, N>& table, std::string_view code, Lang lang) {
  const Word* word = find(table, code);
  return word != nullptr ? tr(word->text, lang) : std::string(code);
}

template <std::size_t N>
Badge badge_of(const std::array<Word, N>& table, std::string_view code, Lang lang) {
  const Word* word = find(table, code);
  if (word == nullptr) return {Tone::kNeutral, std::string(code)};
  return {word->tone, tr(word->text, lang)};
}

constexpr std::array kHealthWords = {
    Word{"ok", Text::kHealthOk, Tone::kOk},
    Word{"degraded", Text::kHealthDegraded, Tone::kWarn},
};
constexpr std::array kMemberStatus = {
    Word{"active", Text::kMemberActive, Tone::kOk},
    Word{"suspended", Text::kMemberSuspended, Tone::kWarn},
};
constexpr std::array kPluginStates = {
    Word{"discovered", Text::kStDiscovered},
    Word{"verified", Text::kStVerified},
    Word{"admitted", Text::kStAdmitted},
    Word{"loaded", Text::kStLoaded, Tone::kInfo},
    Word{"configured", Text::kStConfigured, Tone::kInfo},
    Word{"active", Text::kStActive, Tone::kOk},
    Word{"draining", Text::kStDraining, Tone::kWarn},
    Word{"stopped", Text::kStStopped},
    Word{"failed", Text::kStFailed, Tone::kBad},
    Word{"restarting", Text::kStRestarting, Tone::kWarn},
    Word{"quarantined", Text::kStQuarantined, Tone::kBad},
};
constexpr std::array kOutcomes = {
    Word{"delivered", Text::kOutDelivered, Tone::kOk},
    Word{"partial", Text::kOutPartial, Tone::kWarn},
    Word{"denied", Text::kOutDenied, Tone::kBad},
    Word{"refused", Text::kOutRefused, Tone::kBad},
    Word{"failed", Text::kOutFailed, Tone::kBad},
    Word{"opened", Text::kOutOpened, Tone::kInfo},
    Word{"requested", Text::kOutRequested, Tone::kInfo},
    Word{"granted", Text::kOutGranted, Tone::kOk},
    Word{"acknowledged", Text::kOutAcknowledged, Tone::kOk},
    Word{"revoked", Text::kOutRevoked, Tone::kWarn},
    Word{"paused", Text::kOutPaused, Tone::kWarn},
    Word{"resumed", Text::kOutResumed, Tone::kInfo},
    Word{"cosigned", Text::kOutCosigned, Tone::kOk},
    Word{"deleted", Text::kOutDeleted, Tone::kNeutral},
};
constexpr std::array kMemberKinds = {
    Word{"operator", Text::kKindOperator},     Word{"registrar", Text::kKindRegistrar},
    Word{"department", Text::kKindDepartment}, Word{"bank", Text::kKindBank},
    Word{"service", Text::kKindService},       Word{"regulator", Text::kKindRegulator},
    Word{"person", Text::kKindPerson},         Word{"enterprise", Text::kKindEnterprise},
};
constexpr std::array kPluginKinds = {
    Word{"department", Text::kPluginDepartment},
    Word{"product", Text::kPluginProduct},
};
constexpr std::array kOperations = {
    Word{"network.found", Text::kOpNetworkFound},
    Word{"member.admit", Text::kOpMemberAdmit},
    Word{"member.suspend", Text::kOpMemberSuspend},
    Word{"member.resume", Text::kOpMemberResume},
    Word{"subject.open", Text::kOpSubjectOpen},
    Word{"item.define", Text::kOpItemDefine},
    Word{"product.define", Text::kOpProductDefine},
    Word{"product.approve", Text::kOpProductApprove},
    Word{"plugin.admit", Text::kOpPluginAdmit},
    Word{"plugin.withdraw", Text::kOpPluginWithdraw},
    Word{"member.rebind", Text::kOpMemberRebind},
    Word{"policy.set", Text::kOpPolicySet},
    Word{"proposal.vote", Text::kOpProposalVote},
    Word{"proposal.withdraw", Text::kOpProposalWithdraw},
    Word{"key.rotate", Text::kOpKeyRotate},
    Word{"guardian.appoint", Text::kOpGuardianAppoint},
    Word{"enterprise.represent", Text::kOpRepresent},
    Word{"mandate.give", Text::kOpMandateGive},
    Word{"mandate.end", Text::kOpMandateEnd},
    Word{"subject.rebind", Text::kOpSubjectRebind},
    Word{"asset.issue", Text::kOpAssetIssue},
    Word{"asset.erase", Text::kOpAssetErase},
    Word{"request.create", Text::kOpRequestCreate},
    Word{"request.open", Text::kOpRequestOpen},
    Word{"request.refuse", Text::kOpRequestRefuse},
    Word{"request.cancel", Text::kOpRequestCancel},
    Word{"grant.create", Text::kOpGrantCreate},
    Word{"grant.pause", Text::kOpGrantPause},
    Word{"grant.resume", Text::kOpGrantResume},
    Word{"grant.revoke", Text::kOpGrantRevoke},
    Word{"grant.cosign", Text::kOpGrantCosign},
    Word{"grant.delete", Text::kOpGrantDelete},
    Word{"access.open", Text::kOpAccessOpen},
    Word{"access.refuse", Text::kOpAccessRefuse},
    Word{"access.release", Text::kOpAccessRelease},
    Word{"access.ack", Text::kOpAccessAck},
};
constexpr std::array kRefusals = {
    Word{"grant.not_found", Text::kRefNotFound},
    Word{"grant.revoked", Text::kRefRevoked},
    Word{"grant.paused", Text::kRefPaused},
    Word{"grant.not_cosigned", Text::kRefNotCosigned},
    Word{"grant.expired", Text::kRefExpired},
    Word{"grant.exhausted", Text::kRefExhausted},
    Word{"grant.not_yet_valid", Text::kRefNotYetValid},
    Word{"grant.deleted", Text::kRefDeleted},
    Word{"access.wrong_consumer", Text::kRefWrongConsumer},
    Word{"access.wrong_product", Text::kRefWrongProduct},
    Word{"access.wrong_purpose", Text::kRefWrongPurpose},
    Word{"access.item_not_granted", Text::kRefItem},
    Word{"access.field_not_granted", Text::kRefField},
    Word{"access.duplicate", Text::kRefDuplicate},
    Word{"member.suspended", Text::kErrSuspended},
};
constexpr std::array kErrors = {
    Word{"client.unreachable", Text::kErrUnreachable},
    Word{"client.wrong_chain", Text::kErrWrongChain},
    Word{"client.wrong_host_key", Text::kErrWrongHostKey},
    Word{"client.bad_response_signature", Text::kErrBadResponse},
    Word{"key.wrong_passphrase", Text::kErrPassphrase},
    Word{"key.invalid", Text::kErrKeyInvalid},
    Word{"keystore.empty_passphrase", Text::kErrEmptyPassphrase},
    Word{"keystore.io", Text::kErrKeyIo},
    Word{"keystore.permissions", Text::kErrKeyPermissions},
    Word{"console.not_member", Text::kErrNotMember},
    Word{"console.suspended", Text::kErrSuspended},
    Word{"console.queue_full", Text::kErrQueueFull},
    Word{"console.bad_name", Text::kErrNotFound},
    Word{"plugin.not_admitted", Text::kErrPluginNotAdmitted},
    Word{"plugin.digest_mismatch", Text::kErrPluginDigest},
    Word{"plugin.bad_manifest", Text::kErrPluginManifest},
    Word{"plugin.abi_mismatch", Text::kErrPluginAbi},
    Word{"plugin.load_failed", Text::kErrPluginLoad},
    Word{"plugin.configure_failed", Text::kErrPluginConfigure},
    Word{"plugin.unhealthy", Text::kErrPluginUnhealthy},
    Word{"plugin.foreign_item", Text::kErrPluginForeign},
    Word{"plugin.wrong_state", Text::kErrPluginState},
    Word{"receipt.wrong_transaction", Text::kErrReceiptTx},
    Word{"receipt.not_included", Text::kErrReceiptIncluded},
    Word{"receipt.invalid", Text::kErrReceiptInvalid},
    Word{"proof.invalid", Text::kErrReceiptIncluded},
    Word{"head.bad_signature", Text::kErrHeadSignature},
    Word{"head.invalid", Text::kErrReceiptInvalid},
    Word{"head.wrong_chain", Text::kErrHeadChain},
};

/// A text for the kind of failure when its code is not known here.
std::optional<Text> text_for_kind(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kForbidden:
      return Text::kErrForbidden;
    case ErrorKind::kNotFound:
      return Text::kErrNotFound;
    case ErrorKind::kRateLimited:
      return Text::kErrBusy;
    case ErrorKind::kTimeout:
      return Text::kErrTimeout;
    default:
      return std::nullopt;
  }
}

}  // namespace

Badge health_badge(std::string_view status, Lang lang) {
  if (status.empty()) return {Tone::kNeutral, tr(Text::kHealthUnknown, lang)};
  return badge_of(kHealthWords, status, lang);
}

Badge member_badge(std::string_view status, Lang lang) {
  return badge_of(kMemberStatus, status, lang);
}

Badge plugin_badge(std::string_view state, Lang lang) {
  if (state.empty()) return {Tone::kNeutral, tr(Text::kStUnknown, lang)};
  return badge_of(kPluginStates, state, lang);
}

Badge flow_badge(const Flow& flow, Lang lang) {
  if (!flow.outcome.empty()) {
    // "refused:grant.revoked" and a bare refusal code both mean refused by rule.
    const bool code = flow.op == "access.refuse" || flow.outcome.find('.') != std::string::npos;
    return badge_of(kOutcomes, code ? "refused" : std::string_view(flow.outcome), lang);
  }
  if (flow.op == "access.refuse") return badge_of(kOutcomes, "refused", lang);
  if (flow.op == "grant.revoke") return {Tone::kWarn, tr(Text::kOutRevoked, lang)};
  return {Tone::kNeutral, tr(Text::kOutRecorded, lang)};
}

Badge receipt_badge(const ReceiptCheck& check, Lang lang) {
  if (check.verified) return {Tone::kOk, tr(Text::kVerified, lang)};
  return {Tone::kBad, tr(Text::kFailed, lang)};
}

std::string member_kind(std::string_view kind, Lang lang) {
  return word_of(kMemberKinds, kind, lang);
}
std::string plugin_kind(std::string_view kind, Lang lang) {
  return word_of(kPluginKinds, kind, lang);
}
std::string operation(std::string_view op, Lang lang) { return word_of(kOperations, op, lang); }

std::string refusal(std::string_view code, Lang lang) {
  const Word* word = find(kRefusals, code);
  if (word == nullptr) return std::string(code);
  return std::string(tr(word->text, lang)) + " (" + std::string(code) + ")";
}

std::string view_title(View view, Lang lang) {
  constexpr Text kTitles[kViews] = {Text::kOverview, Text::kMembers, Text::kPlugins, Text::kTrace};
  return tr(kTitles[static_cast<int>(view)], lang);
}

std::string verb_label(Verb verb, Lang lang) {
  constexpr Text kLabels[] = {Text::kLoad, Text::kDrain, Text::kStop};
  return tr(kLabels[static_cast<int>(verb)], lang);
}

std::string error_text(std::string_view code, Lang lang) {
  const Word* word = find(kErrors, code);
  if (word != nullptr) return tr(word->text, lang);
  return std::string(tr(Text::kErrUnknown, lang)) + " (" + std::string(code) + ")";
}

std::string error_text(const Error& error, Lang lang) {
  if (const Word* word = find(kErrors, error.code)) {
    std::string text = tr(word->text, lang);
    // The host's detail says which version, digest or setting; it is in English.
    if (error.code.starts_with("plugin.") && !error.message.empty()) {
      text += " " + displayable(error.message);
    }
    return text;
  }
  if (error.code.starts_with("json.") || error.code == "console.bad_answer") {
    const std::string& what = error.field.empty() ? error.message : error.field;
    return fill(Text::kErrBadAnswer, lang, {displayable(what)});
  }
  std::string text;
  if (const auto known = text_for_kind(error.kind)) text = tr(*known, lang);
  if (text.empty()) {
    text = displayable(error.message);
    if (text.empty()) text = tr(Text::kErrUnknown, lang);
  }
  return text + " (" + error.code + ")";
}

std::string sign_in_error_text(const Snapshot& snapshot, Lang lang) {
  if (!snapshot.sign_in_error) return {};
  if (snapshot.sign_in_error->code == "console.not_operator") {
    const Identity& who = snapshot.identity;
    return fill(Text::kErrNotOperator, lang,
                {member_kind(who.kind, lang), lang == Lang::kZh ? who.name_zh : who.name_en});
  }
  return error_text(*snapshot.sign_in_error, lang);
}

bool Directory::update(const Snapshot& snapshot) {
  if (snapshot.members.data == members_ && snapshot.catalogue.data == catalogue_) return false;
  members_ = snapshot.members.data;
  catalogue_ = snapshot.catalogue.data;
  by_account_.clear();
  by_id_.clear();
  if (members_) {
    for (const Member& m : *members_) by_account_.emplace(m.account, &m);
  }
  if (catalogue_) {
    // The newest version of an item comes last and gives the name.
    for (const Catalogue::Entry& e : catalogue_->entries) by_id_.insert_or_assign(e.id, &e);
  }
  return true;
}

std::string Directory::name(const std::string& account, Lang lang) const {
  const auto it = by_account_.find(account);
  if (it == by_account_.end()) {
    if (account == "host") return tr(Text::kHostAccount, lang);
    const bool enterprise = account.starts_with("e-");
    if (!enterprise && !account.starts_with("p-")) return account;
    const Text kind = enterprise ? Text::kKindEnterprise : Text::kKindPerson;
    return std::string(tr(kind, lang)) + " " + shortened(account);
  }
  const std::string& name = lang == Lang::kZh ? it->second->name_zh : it->second->name_en;
  return name.empty() ? account : name;
}

std::string Directory::thing(const std::string& item_or_product, Lang lang) const {
  const auto it = by_id_.find(item_or_product);
  if (it == by_id_.end()) return item_or_product;
  const std::string& name = lang == Lang::kZh ? it->second->name_zh : it->second->name_en;
  return name.empty() ? item_or_product : name;
}

std::string Directory::things(const std::vector<std::string>& ids, Lang lang) const {
  std::string out;
  for (const std::string& id : ids) {
    if (!out.empty()) out += lang == Lang::kZh ? "、" : ", ";
    out += thing(id, lang);
  }
  return out;
}

}  // namespace qc::console
