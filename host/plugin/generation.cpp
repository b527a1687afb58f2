#include "host/plugin/generation.hpp"

#include <dlfcn.h>

#include <boost/dll/shared_library.hpp>
#include <spdlog/spdlog.h>

#include "sdk/base/bytes.hpp"

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxLogBytes = 1024;

Error load_failed(const std::string& message) {
  Error error = internal("plugin.load_failed", message);
  error.side = Side::kProvider;
  return error;
}

std::string version_text(std::uint32_t major, std::uint32_t minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

/// Control characters would let a plugin forge lines of the host's log.
std::string one_line(std::string_view text) {
  std::string out(text.substr(0, kMaxLogBytes));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

void write_log(void* context, int level, const char* text, std::size_t size) {
  if (text == nullptr) return;
  const auto& plugin = *static_cast<const std::string*>(context);
  const auto severity = level >= QC_LOG_ERROR     ? spdlog::level::err
                        : level == QC_LOG_WARNING ? spdlog::level::warn
                        : level == QC_LOG_INFO    ? spdlog::level::info
                                                  : spdlog::level::debug;
  spdlog::log(severity, "plugin {}: {}", plugin, one_line({text, size}));
}

/// No extension is offered yet; NULL is the answer for what is unknown or not granted.
const void* no_extension(void*, const char*) { return nullptr; }

struct Collected {
  std::string text;
  std::size_t limit = 0;
  bool overflow = false;
};

int collect(void* context, const std::uint8_t* data, std::size_t size) {
  auto& out = *static_cast<Collected*>(context);
  if (size > out.limit - out.text.size()) {
    out.overflow = true;
    return 1;
  }
  if (size > 0) out.text.append(reinterpret_cast<const char*>(data), size);
  return 0;
}

ErrorKind kind_of(int status) {
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
    default:
      return ErrorKind::kInternal;
  }
}

Error bad_answer(const std::string& what) {
  return Error{ErrorKind::kInternal, "plugin.bad_answer", what, {}, Side::kProvider};
}

/// What the plugin says of its failure, bounded and on one line each.
Error plugin_error(int status, const Json& answer) {
  const JsonReader reader(answer);
  const auto code = reader.text("code", 128);
  const auto message = reader.text_or_empty("message", 1024);
  const auto field = reader.text_or_empty("field", 256);
  if (!code.ok() || !message.ok() || !field.ok()) return bad_answer("a failure without a code");
  return Error{kind_of(status),  one_line(*code), one_line(*message),
               one_line(*field), Side::kProvider, status == QC_UNAVAILABLE};
}

/// Marks the library as never to be unloaded; the handle of the second opening is not needed.
void pin(const std::string& path) {
  (void)dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

}  // namespace

Generation::Generation(const Manifest& manifest, std::uint64_t number)
    : manifest_(manifest), number_(number) {
  host_ = {sizeof(qc_host),   QC_ABI_MAJOR, QC_ABI_MINOR,
           &manifest_.plugin, &write_log,   &no_extension};
}

Generation::~Generation() {
  if (instance_ != nullptr) table_->destroy(instance_);
}

Status Generation::attach(SealedLibrary library) {
  const std::string path = library.path();
  boost::dll::fs::error_code error;
  boost::dll::shared_library code(path, error, boost::dll::load_mode::rtld_now);
  if (error) {
    const char* reason = dlerror();
    return load_failed("the library does not load: " +
                       one_line(reason == nullptr ? error.message() : reason));
  }
  pin(path);
  library.keep_open();
  if (!code.has(QC_PLUGIN_SYMBOL)) {
    return load_failed(std::string("the library does not export ") + QC_PLUGIN_SYMBOL);
  }
  const auto entry = &code.get<const qc_plugin*()>(QC_PLUGIN_SYMBOL);
  table_ = entry();
  if (table_ == nullptr || table_->struct_size < sizeof(std::uint32_t) * 3) {
    return load_failed("the plugin's table is missing or too small");
  }
  if (table_->abi_major != QC_ABI_MAJOR || table_->struct_size < sizeof(qc_plugin)) {
    return conflict("plugin.abi_mismatch",
                    "the plugin has ABI " + version_text(table_->abi_major, table_->abi_minor) +
                        ", this host " + version_text(QC_ABI_MAJOR, QC_ABI_MINOR) +
                        "; its publisher must build it against this host's SDK");
  }
  if (table_->create == nullptr || table_->destroy == nullptr || table_->call == nullptr) {
    return load_failed("the plugin's table has an empty slot");
  }
  instance_ = table_->create(&host_);
  if (instance_ == nullptr) return load_failed("the plugin could not make its object");
  return {};
}

Result<std::shared_ptr<Generation>> Generation::load(SealedLibrary library,
                                                     const Manifest& manifest,
                                                     std::uint64_t number) {
  struct Shared : Generation {  // the constructor is private; make_shared needs a public one
    Shared(const Manifest& of, std::uint64_t count) : Generation(of, count) {}
  };
  std::shared_ptr<Generation> generation = std::make_shared<Shared>(manifest, number);
  QC_TRY(generation->attach(std::move(library)));
  return generation;
}

Result<Json> Generation::call(const std::string& method, const Json& message,
                              std::int64_t deadline_ms, std::size_t max_answer_bytes) {
  const std::string text = message.dump();
  Collected collected;
  collected.limit = max_answer_bytes;
  const qc_sink sink{sizeof(qc_sink), &collected, &collect};
  const qc_call call{sizeof(qc_call), method.c_str(),
                     reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), deadline_ms};
  const int status = table_->call(instance_, &call, &sink);
  if (collected.overflow) {
    return bad_answer("more than " + std::to_string(max_answer_bytes) + " bytes");
  }
  auto answer = parse_json(collected.text, {max_answer_bytes, 16});
  if (!answer.ok() || !answer->is_object()) return bad_answer("not a JSON object");
  if (status != QC_OK) return plugin_error(status, *answer);
  return answer;
}

}  // namespace qc::plugin
