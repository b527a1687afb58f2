// The notice 告知书 that a subject reads before consenting: one text, made the same on both sides.
#pragma once

#include <string>

#include "sdk/base/json.hpp"

namespace qc::cli {

/// Identifies this way of writing the text, in `notice.id` of requests and grants.
inline constexpr std::string_view kNoticeId = "qc-notice-1";
inline constexpr std::string_view kNoticeLang = "zh";

/// The text (PIPL article 17: who, contact, purpose, method, kinds, retention, rights) from a
/// request's body (its `notice` member aside) and the consumer's member entry. The consumer puts
/// its SM3 into the request; the wallet writes it anew from what it was sent and compares, so the
/// hash on the ledger proves what was shown. Any thread.
std::string notice_text(const Json& request_body, const Json& consumer);

/// SM3 of notice_text, hexadecimal.
std::string notice_sm3(const Json& request_body, const Json& consumer);

}  // namespace qc::cli
