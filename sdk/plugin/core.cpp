#include "sdk/plugin/core.hpp"

#include <openssl/crypto.h>

#include "sdk/crypto/keystore.hpp"
#include "sdk/proof/capability.hpp"

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxErrorText = 512;

std::string error_json(const Error& error) {
  const Json json = {{"code", error.code},
                     {"message", error.message.substr(0, kMaxErrorText)},
                     {"field", error.field.substr(0, kMaxErrorText)}};
  // An author's text may be cut inside a character or be no UTF-8 at all: replace, do not throw.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool emit(const qc_sink& out, std::string_view text) {
  if (out.write == nullptr) return false;
  return out.write(out.context, as_bytes(text).data(), text.size()) == 0;
}

/// Settings say where the key is; the passphrase is in a file of its own, never in the settings.
Result<crypto::PrivateKey> load_own_key(const JsonReader& settings, const char* name) {
  QC_ASSIGN(const std::string key, settings.text(name, 4096));
  QC_ASSIGN(const std::string passphrase_file, settings.text("passphrase_file", 4096));
  auto passphrase = crypto::read_passphrase_file(passphrase_file);
  if (!passphrase.ok()) return passphrase.error().at("settings.passphrase_file");
  auto loaded = crypto::load_key(key, *passphrase);
  OPENSSL_cleanse(passphrase->data(), passphrase->size());
  if (!loaded.ok()) return loaded.error().at(settings.field(name));
  return loaded;
}

/// Whose tree heads are believed: the host names its key, and the settings can pin it, so that a
/// department does not take another's word.
Result<std::optional<crypto::PublicKey>> host_key(const JsonReader& message,
                                                  const JsonReader& settings) {
  QC_ASSIGN(const std::string pinned, settings.text_or_empty("host_kid", 64));
  if (!message.has("host_jwk")) return std::optional<crypto::PublicKey>();
  QC_ASSIGN(const Json* jwk, message.object("host_jwk"));
  auto key = crypto::PublicKey::from_jwk(*jwk);
  if (!key.ok()) return key.error().under("host_jwk");
  if (!pinned.empty() && pinned != key->kid()) {
    return forbidden("plugin.wrong_host", "the host has another key than the settings name")
        .at("settings.host_kid");
  }
  return std::optional<crypto::PublicKey>(std::move(*key));
}

bool grants_routes(const qc_host* host) {
  if (host == nullptr || host->extension == nullptr) return false;
  const auto* table = static_cast<const qc_routes*>(host->extension(host->context, QC_ROUTES));
  return table != nullptr && table->struct_size >= sizeof(qc_routes);
}

}  // namespace

void HostLog::write(int level, std::string_view text) const noexcept {
  if (host_ != nullptr && host_->log != nullptr) {
    host_->log(host_->context, level, text.data(), text.size());
  }
}

int status_of(const Error& error) {
  if (error.code == "plugin.unknown_method") return QC_UNKNOWN_METHOD;
  switch (error.kind) {
    case ErrorKind::kInvalid:
    case ErrorKind::kTooLarge:
      return QC_INVALID;
    case ErrorKind::kNotFound:
      return QC_NOT_FOUND;
    case ErrorKind::kUnauthenticated:
    case ErrorKind::kForbidden:
    case ErrorKind::kConflict:
      return QC_REFUSED;
    case ErrorKind::kUnavailable:
    case ErrorKind::kTimeout:
    case ErrorKind::kRateLimited:
      return QC_UNAVAILABLE;
    case ErrorKind::kInternal:
      break;
  }
  return QC_INTERNAL;
}

Core::Core(const qc_host* host, Description description, std::unique_ptr<Service> service)
    : log_(host),
      serves_routes_(grants_routes(host)),
      description_(std::make_shared<const Description>(std::move(description))),
      service_(std::move(service)) {}

int Core::call(const qc_call& call, const qc_sink& out) noexcept {
  // What an author's code throws may hold a value: neither its text nor its type is passed on.
  try {
    if (call.method == nullptr || (call.message == nullptr && call.message_size > 0)) {
      emit(out, error_json(invalid("plugin.invalid_call", "method or message is missing")));
      return QC_INVALID;
    }
    const std::string_view method(call.method);
    const std::string_view message = as_text({call.message, call.message_size});
    const Result<Json> answer = dispatch(method, message, call.deadline_ms);
    if (!answer.ok()) {
      emit(out, error_json(answer.error()));
      return status_of(answer.error());
    }
    return emit(out, answer->dump()) ? QC_OK : QC_INTERNAL;
  } catch (...) {
    log_.write(QC_LOG_ERROR, "an exception was contained");
  }
  emit(out, R"({"code":"plugin.internal","field":"","message":"the plugin failed"})");
  return QC_INTERNAL;
}

Result<Json> Core::dispatch(std::string_view method, std::string_view message,
                            std::int64_t deadline_ms) {
  QC_ASSIGN(const Json json, parse_json(message, {kMaxMessageBytes, 16}));
  if (!json.is_object()) return invalid("json.wrong_type", "expected an object");
  if (method == "describe") return description_->answer();
  if (serves_routes_ != (method == "route")) {
    return not_found("plugin.unknown_method", serves_routes_ ? "this instance serves routes alone"
                                                             : "this instance serves no routes");
  }
  if (method == "configure") return configure(json);
  if (method == "health") return health();
  if (!serves_routes_ && !configured_.load()) {
    return conflict("plugin.wrong_state", "the plugin is not configured yet");
  }
  const JsonReader reader(json);
  Moment moment{0, deadline_ms};
  QC_ASSIGN(moment.now_s, reader.integer("now", 0, kMaxEpochSeconds));
  QC_TRY(moment.check());
  return service_->handle(method, json, moment);
}

Result<Json> Core::configure(const Json& message) {
  const std::lock_guard lock(configuring_);
  if (configured_.load()) return conflict("plugin.wrong_state", "the plugin is configured already");
  const JsonReader reader(message);
  QC_TRY(reader.expect_only({"settings", "chain", "account", "host_jwk", "tables"}));
  QC_ASSIGN(const Json* settings, reader.object("settings"));
  QC_ASSIGN(const std::string chain, reader.text("chain", 128));
  QC_ASSIGN(const std::string account, reader.text("account", 64));
  std::optional<std::vector<std::string>> tables;
  if (!proof::named_in(description_->capabilities(), proof::kTable).empty()) {
    tables.emplace();
    if (reader.has("tables")) {
      QC_ASSIGN(*tables, reader.texts("tables", 32, 64));
    }
  }
  const JsonReader settings_reader(*settings, "settings");
  QC_ASSIGN(crypto::PrivateKey key, load_own_key(settings_reader, "key"));
  std::optional<crypto::PrivateKey> former;
  if (settings_reader.has("former_key_file")) {
    QC_ASSIGN(former, load_own_key(settings_reader, "former_key_file"));
  }
  QC_ASSIGN(std::optional<crypto::PublicKey> host, host_key(reader, settings_reader));
  Json jwk = key.public_key().to_jwk();
  auto own =
      std::make_shared<const Own>(Own{description_, chain, account, std::move(key),
                                      std::move(tables), std::move(host), std::move(former)});
  QC_TRY(service_->configure(settings_reader, std::move(own)));
  configured_.store(true);
  return Json{{"jwk", std::move(jwk)}};
}

Result<Json> Core::health() {
  if (!configured_.load()) return Json{{"status", "degraded"}, {"detail", "not configured"}};
  const Health health = service_->health();
  return Json{{"status", health.ok ? "ok" : "degraded"}, {"detail", health.detail}};
}

}  // namespace qc::plugin
