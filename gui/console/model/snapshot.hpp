// What a frame draws from: one immutable picture of everything known, with its age.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gui/console/model/data.hpp"

namespace qc::console {

enum class View { kOverview, kMembers, kPlugins, kTrace };
inline constexpr int kViews = 4;
/// "overview", "members", "plugins", "trace".
std::optional<View> view_from(std::string_view name);
std::string_view view_name(View view);

enum class Verb { kLoad, kDrain, kStop };
/// "load", "drain", "stop".
std::optional<Verb> verb_from(std::string_view name);
std::string_view verb_name(Verb verb);

/// One kind of data: the last good value, how old it is, how the last attempt ended.
template <typename T>
struct Slot {
  std::shared_ptr<const T> data;  ///< null before the first success
  std::int64_t loaded_ms = 0;
  std::optional<Error> error;  ///< of the last attempt
  bool loading = false;
};

struct PluginAction {
  std::string plugin;
  Verb verb = Verb::kLoad;
};

struct ActionOutcome {
  std::uint64_t serial = 0;  ///< grows by one with each finished action
  PluginAction action;
  std::optional<Error> error;
};

enum class Phase { kSignedOut, kSigningIn, kSignedIn };

struct Snapshot {
  Phase phase = Phase::kSignedOut;
  std::optional<Error> sign_in_error;
  Identity identity;  ///< who signed in; on a refusal, whom the key belongs to
  bool reachable = false;
  std::int64_t contact_ms = 0;  ///< last answer of the host, 0 = never
  Slot<Overview> overview;
  Slot<std::vector<Member>> members;
  Slot<Catalogue> catalogue;
  Slot<std::vector<Plugin>> plugins;
  Slot<std::vector<Flow>> flows;  ///< oldest first
  std::string trace_account;
  Slot<Trace> trace;
  std::optional<PluginAction> running;
  std::optional<ActionOutcome> last_action;
  std::shared_ptr<const GlyphSet> glyphs;  ///< never null: what all of this needs to be drawn
};

enum class ViewState { kLoading, kEmpty, kError, kStale, kReady };

/// Older data than this is shown as stale.
inline constexpr std::int64_t kStaleAfterMs = 30'000;

/// `empty`: the data is there and holds nothing.
template <typename T>
ViewState view_state(const Slot<T>& slot, bool empty, std::int64_t now_ms) {
  if (!slot.data) return slot.error && !slot.loading ? ViewState::kError : ViewState::kLoading;
  if (slot.error || now_ms - slot.loaded_ms > kStaleAfterMs) return ViewState::kStale;
  return empty ? ViewState::kEmpty : ViewState::kReady;
}

}  // namespace qc::console
