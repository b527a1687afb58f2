// Codes of the API as words, with the tone in which each is shown. Any thread, no state.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "gui/console/model/snapshot.hpp"
#include "gui/console/model/strings.hpp"

namespace qc::console {

/// Status is always colour + icon + word; the tone gives colour and icon.
enum class Tone { kNeutral, kInfo, kOk, kWarn, kBad };
struct Badge {
  Tone tone = Tone::kNeutral;
  std::string word;
};

Badge health_badge(std::string_view status, Lang lang);
Badge member_badge(std::string_view status, Lang lang);
Badge plugin_badge(std::string_view state, Lang lang);
/// Of a flow: its outcome, or what its kind of event implies.
Badge flow_badge(const Flow& flow, Lang lang);
Badge receipt_badge(const ReceiptCheck& check, Lang lang);

std::string member_kind(std::string_view kind, Lang lang);
std::string plugin_kind(std::string_view kind, Lang lang);
/// "access.release" -> "放行"; an unknown operation is shown as it is.
std::string operation(std::string_view op, Lang lang);
/// Why a rule refused: "授权已撤回 (grant.revoked)".
std::string refusal(std::string_view code, Lang lang);
std::string view_title(View view, Lang lang);
std::string verb_label(Verb verb, Lang lang);

/// What went wrong, and what to do: the text for a known code, otherwise the host's own message.
std::string error_text(const Error& error, Lang lang);
std::string error_text(std::string_view code, Lang lang);
/// The same for a refused sign-in, which names whom the key belongs to.
std::string sign_in_error_text(const Snapshot& snapshot, Lang lang);

/// Names of accounts, items and products.
class Directory {
 public:
  /// True when a name may have changed.
  bool update(const Snapshot& snapshot);
  /// The name in that language, or the identifier itself.
  std::string name(const std::string& account, Lang lang) const;
  std::string thing(const std::string& item_or_product, Lang lang) const;
  std::string things(const std::vector<std::string>& ids, Lang lang) const;

 private:
  std::shared_ptr<const std::vector<Member>> members_;
  std::shared_ptr<const Catalogue> catalogue_;
  std::unordered_map<std::string, const Member*> by_account_;
  std::unordered_map<std::string, const Catalogue::Entry*> by_id_;
};

}  // namespace qc::console
