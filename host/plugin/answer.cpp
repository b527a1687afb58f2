#include "host/plugin/answer.hpp"

#include <chrono>
#include <optional>

#include "host/plugin/plugin_log.hpp"
#include "sdk/plugin/abi.h"

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxErrorText = 512;
constexpr std::size_t kMaxErrorAnswer = 8U << 10U;
constexpr std::size_t kMaxAnswerDepth = 32;

bool plain_code(std::string_view code) {
  for (const char c : code) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
    if (!plain) return false;
  }
  // As the ledger's rules want it of a reason: with a letter first.
  return !code.empty() && code.size() <= 64 && code.front() >= 'a' && code.front() <= 'z';
}

/// Status of abi.h to the kinds of Result; nothing for a number that has no meaning.
std::optional<ErrorKind> kind_of(int status) {
  switch (status) {
    case QC_INVALID:
    case QC_UNKNOWN_METHOD:
      return ErrorKind::kInvalid;
    case QC_NOT_FOUND:
      return ErrorKind::kNotFound;
    case QC_REFUSED:
      return ErrorKind::kForbidden;
    case QC_UNAVAILABLE:
      return ErrorKind::kUnavailable;
    case QC_INTERNAL:
      return ErrorKind::kInternal;
    default:
      return std::nullopt;
  }
}

}  // namespace

Error provider_error(ErrorKind kind, std::string code, std::string message, bool retryable) {
  return {kind, std::move(code), std::move(message), {}, Side::kProvider, retryable};
}

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Error message_too_large(const std::string& plugin, std::size_t max_bytes) {
  return {ErrorKind::kTooLarge, "plugin.message_too_large",
          "the message is larger than the " + std::to_string(max_bytes >> 10U) +
              " KiB that plugin " + plugin + " may be sent"};
}

Result<Json> read_answer(const std::string& plugin, const RawAnswer& raw, std::size_t max_bytes) {
  const auto bad = [&plugin](const std::string& message) {
    return provider_error(ErrorKind::kInternal, "plugin.bad_answer",
                          "plugin " + plugin + ": " + message, false);
  };
  if (raw.threw) return bad("an exception left the plugin");
  if (raw.too_large) {
    return bad("the answer is larger than the " + std::to_string(max_bytes >> 10U) +
               " KiB that it may have");
  }
  const bool good = raw.status == QC_OK;
  auto json = parse_json(raw.text, {good ? max_bytes : kMaxErrorAnswer, kMaxAnswerDepth});
  if (!json.ok() || !json->is_object()) return bad("the answer is not a JSON object");
  if (good) return json;
  const auto kind = kind_of(raw.status);
  if (!kind) return bad("unknown status " + std::to_string(raw.status));
  const JsonReader reader(*json);
  const auto code = reader.text("code", 64);
  const auto text = reader.text_or_empty("message", kMaxErrorText * 4);
  const auto field = reader.text_or_empty("field", kMaxErrorText * 4);
  if (!code.ok() || !plain_code(*code) || !text.ok() || !field.ok()) {
    return bad("the error has no code, message and field");
  }
  Error error =
      provider_error(*kind, *code, PluginLog::clean(*text), *kind == ErrorKind::kUnavailable);
  error.field = PluginLog::clean(*field);
  return error;
}

}  // namespace qc::plugin
