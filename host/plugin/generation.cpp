#include "host/plugin/generation.hpp"

#include <cstring>

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxErrorText = 512;
constexpr std::size_t kMaxErrorAnswer = 8U << 10U;
constexpr std::size_t kMaxAnswerDepth = 32;

void write_log(void* context, int level, const char* text, std::size_t size) {
  if (text != nullptr) static_cast<PluginLog*>(context)->write(level, {text, size});
}

/// No extension is granted yet.
const void* no_extension(void*, const char*) { return nullptr; }

bool plain_code(std::string_view code) {
  for (const char c : code) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
    if (!plain) return false;
  }
  return !code.empty() && code.size() <= 64;
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

Error provider(ErrorKind kind, std::string code, std::string message, bool retryable) {
  return {kind, std::move(code), std::move(message), {}, Side::kProvider, retryable};
}

Error outcome_error(CallPool::Outcome outcome, const std::string& plugin) {
  switch (outcome) {
    case CallPool::Outcome::kBusy:
      return provider(ErrorKind::kRateLimited, "plugin.busy",
                      "plugin " + plugin + " has more calls waiting than it may", true);
    case CallPool::Outcome::kHung:
      return provider(ErrorKind::kUnavailable, "plugin.hung",
                      "calls of plugin " + plugin + " never came back; load it anew", false);
    default:
      return provider(ErrorKind::kTimeout, "plugin.timeout",
                      "plugin " + plugin + " did not answer in time", true);
  }
}

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

/// What a call reads and writes: owned by the task, because the plugin may still write into it long
/// after the caller has gone.
struct Generation::Exchange {
  std::string method;
  std::string message;
  std::int64_t deadline_ms = 0;
  std::size_t max_answer_bytes = 0;
  std::string answer;
  bool too_large = false;
  bool threw = false;
  int status = QC_INTERNAL;

  static int write(void* context, const std::uint8_t* data, std::size_t size) {
    auto* self = static_cast<Exchange*>(context);
    if (size > 0 && data == nullptr) return 1;
    if (self->too_large || size > self->max_answer_bytes - self->answer.size()) {
      self->too_large = true;
      return 1;
    }
    try {
      self->answer.append(reinterpret_cast<const char*>(data), size);
    } catch (...) {
      self->too_large = true;
      return 1;
    }
    return 0;
  }

  void run(const qc_plugin& table, void* instance) {
    const qc_sink sink{sizeof(qc_sink), this, &Exchange::write};
    const qc_call call{sizeof(qc_call), method.c_str(),
                       reinterpret_cast<const std::uint8_t*>(message.data()), message.size(),
                       deadline_ms};
    try {
      status = table.call(instance, &call, &sink);
    } catch (...) {  // forbidden by the ABI, but a worker must survive it
      threw = true;
    }
  }
};

Generation::Generation(std::shared_ptr<const Library> library, GenerationOptions options)
    : library_(std::move(library)),
      options_(std::move(options)),
      log_(options_.plugin),
      pool_(options_.limits) {
  host_.struct_size = sizeof(qc_host);
  host_.abi_major = QC_ABI_MAJOR;
  host_.abi_minor = QC_ABI_MINOR;
  host_.context = &log_;
  host_.log = &write_log;
  host_.extension = &no_extension;
}

Generation::~Generation() {
  // Every call holds a reference, so none is in flight here.
  if (instance_ == nullptr) return;
  try {
    library_->table().destroy(instance_);
  } catch (...) {  // NOLINT: forbidden by the ABI; nothing is left to be done
  }
}

Result<std::shared_ptr<Generation>> Generation::create(std::shared_ptr<const Library> library,
                                                       GenerationOptions options,
                                                       std::chrono::milliseconds timeout) {
  std::shared_ptr<Generation> generation(new Generation(std::move(library), std::move(options)));
  // On a worker like every call: a create() that hangs must not hold the operator's request.
  const auto outcome = generation->pool_.run(
      [generation] {
        try {
          generation->instance_ = generation->library_->table().create(&generation->host_);
        } catch (...) {  // forbidden by the ABI; told as a failed create below
          generation->instance_ = nullptr;
        }
      },
      timeout);
  if (outcome != CallPool::Outcome::kDone) {
    return outcome_error(outcome, generation->options_.plugin);
  }
  if (generation->instance_ == nullptr) {
    return provider(ErrorKind::kInternal, "plugin.load_failed",
                    "the plugin made no instance; its log lines say why", false);
  }
  return generation;
}

Error Generation::bad_answer(std::string message) const {
  return provider(ErrorKind::kInternal, "plugin.bad_answer",
                  "plugin " + options_.plugin + ": " + std::move(message), false);
}

Result<Json> Generation::call(const std::string& method, const Json& message,
                              std::chrono::milliseconds timeout) {
  auto exchange = std::make_shared<Exchange>();
  exchange->method = method;
  exchange->message = message.dump(-1, ' ', false, Json::error_handler_t::replace);
  exchange->deadline_ms = wall_ms() + timeout.count();
  exchange->max_answer_bytes = options_.max_answer_bytes;
  const auto outcome = pool_.run(
      [exchange, self = shared_from_this()] {
        exchange->run(self->library_->table(), self->instance_);
      },
      timeout);
  if (outcome != CallPool::Outcome::kDone) return outcome_error(outcome, options_.plugin);
  return read_answer(*exchange);
}

Result<Json> Generation::read_answer(const Exchange& exchange) const {
  if (exchange.threw) return bad_answer("an exception left the plugin");
  if (exchange.too_large) return bad_answer("the answer is larger than allowed");
  const bool good = exchange.status == QC_OK;
  const std::size_t limit = good ? options_.max_answer_bytes : kMaxErrorAnswer;
  auto json = parse_json(exchange.answer, {limit, kMaxAnswerDepth});
  if (!json.ok() || !json->is_object()) return bad_answer("the answer is not a JSON object");
  if (good) return json;
  const auto kind = kind_of(exchange.status);
  if (!kind) return bad_answer("unknown status " + std::to_string(exchange.status));
  const JsonReader reader(*json);
  const auto code = reader.text("code", 64);
  const auto text = reader.text_or_empty("message", kMaxErrorText * 4);
  const auto field = reader.text_or_empty("field", kMaxErrorText * 4);
  if (!code.ok() || !plain_code(*code) || !text.ok() || !field.ok()) {
    return bad_answer("the error has no code, message and field");
  }
  Error error = provider(*kind, *code, PluginLog::clean(*text), *kind == ErrorKind::kUnavailable);
  error.field = PluginLog::clean(*field);
  return error;
}

}  // namespace qc::plugin
