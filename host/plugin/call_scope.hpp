// One request to the host, as far as plugins have to do with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace qc::plugin {

/// Who answered: one generation of one package.
struct Attribution {
  std::string plugin, version, digest;
  std::uint64_t generation = 0;
};

/// Lives on the stack of the thread that serves a request. Calls of plugins made by that thread
/// meanwhile carry the request's id into the log, are sent to a canary or not by it, and leave here
/// which generation served them. Bound to the thread and not handed through the flows: none of them
/// decides anything by it. Scopes nest; the innermost counts.
class CallScope {
 public:
  /// `request` must outlive the scope.
  explicit CallScope(const std::string& request);
  ~CallScope();
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

  /// Of the calling thread, or null.
  static CallScope* current();

  const std::string& request() const { return request_; }
  void note(Attribution served) { served_.push_back(std::move(served)); }
  /// In the order of the calls, failed ones too.
  const std::vector<Attribution>& served() const { return served_; }

 private:
  const std::string& request_;
  CallScope* const outer_;
  std::vector<Attribution> served_;
};

}  // namespace qc::plugin
