// What a party may read of its own requests, grants and accesses.
#pragma once

#include "host/exchange/context.hpp"

namespace qc::exchange {

/// A family of documents that two parties share.
enum class Family { kRequest, kGrant, kAccess };

/// {"requests":[…]} and so on: the caller's own, oldest first, at most 1,000 newest.
Result<Json> list_own(const Context& context, Family family, const std::string& caller);
/// One of them. Error: "<family>.not_found" for what does not exist and for what is not the
/// caller's alike.
Result<Json> get_own(const Context& context, Family family, const std::string& caller,
                     const std::string& id);

}  // namespace qc::exchange
