#include "host/plugin/call_scope.hpp"

namespace qc::plugin {
namespace {

CallScope*& innermost() {
  thread_local CallScope* scope = nullptr;  // of one thread alone: no state is shared
  return scope;
}

}  // namespace

CallScope::CallScope(const std::string& request) : request_(request), outer_(innermost()) {
  innermost() = this;
}

CallScope::~CallScope() { innermost() = outer_; }

CallScope* CallScope::current() { return innermost(); }

}  // namespace qc::plugin
