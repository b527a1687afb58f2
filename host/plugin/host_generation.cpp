#include "host/plugin/host_generation.hpp"

#include <cstring>

#include "host/plugin/answer.hpp"

namespace qc::plugin {
namespace {

Error outcome_error(CallPool::Outcome outcome, const std::string& plugin) {
  switch (outcome) {
    case CallPool::Outcome::kBusy:
      return provider_error(ErrorKind::kRateLimited, "plugin.busy",
                            "plugin " + plugin + " has more calls waiting than it may", true);
    case CallPool::Outcome::kHung:
      return provider_error(ErrorKind::kUnavailable, "plugin.hung",
                            "calls of plugin " + plugin + " never came back; load it anew", false);
    default:
      return provider_error(ErrorKind::kTimeout, "plugin.timeout",
                            "plugin " + plugin + " did not answer in time", true);
  }
}

}  // namespace

/// What a call reads and writes: owned by the task, because the plugin may still write into it long
/// after the caller has gone.
struct HostGeneration::Exchange {
  std::string method;
  std::string message;
  std::int64_t deadline_ms = 0;
  std::size_t max_answer_bytes = 0;
  RawAnswer answer{{}, QC_INTERNAL};

  static int write(void* context, const std::uint8_t* data, std::size_t size) {
    auto* self = static_cast<Exchange*>(context);
    if (size > 0 && data == nullptr) return 1;
    RawAnswer& answer = self->answer;
    if (answer.too_large || size > self->max_answer_bytes - answer.text.size()) {
      answer.too_large = true;
      return 1;
    }
    try {
      answer.text.append(reinterpret_cast<const char*>(data), size);
    } catch (...) {
      answer.too_large = true;
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
      answer.status = table.call(instance, &call, &sink);
    } catch (...) {  // forbidden by the ABI, but a worker must survive it
      answer.threw = true;
    }
  }
};

void HostGeneration::write_log(void* context, int level, const char* text, std::size_t size) {
  if (text != nullptr) static_cast<HostGeneration*>(context)->log_.write(level, {text, size});
}

/// Advisory here, as all of a plugin's rights inside the host: nothing keeps it from connecting
/// without this.
const void* HostGeneration::find_extension(void* context, const char* id) {
  const auto* self = static_cast<const HostGeneration*>(context);
  const bool granted = id != nullptr && std::strcmp(id, QC_OUTBOUND) == 0 && self->outbound_.any();
  return granted ? &self->outbound_table_ : nullptr;
}

HostGeneration::HostGeneration(std::shared_ptr<const Library> library, GenerationOptions options)
    : Generation(std::move(options)),
      library_(std::move(library)),
      log_(options_.plugin),
      outbound_(options_.addresses,
                [this](const std::string& what) {
                  log_.write(QC_LOG_WARNING, "tried to " + what + " and was not let");
                }),
      outbound_table_(outbound_table(outbound_)),
      pool_(options_.limits) {
  host_.struct_size = sizeof(qc_host);
  host_.abi_major = QC_ABI_MAJOR;
  host_.abi_minor = QC_ABI_MINOR;
  host_.context = this;
  host_.log = &write_log;
  host_.extension = &find_extension;
}

HostGeneration::~HostGeneration() {
  // Every call holds a reference, so none is in flight here.
  if (instance_ == nullptr) return;
  try {
    library_->table().destroy(instance_);
  } catch (...) {  // NOLINT: forbidden by the ABI; nothing is left to be done
  }
}

Result<std::shared_ptr<Generation>> HostGeneration::create(std::shared_ptr<const Library> library,
                                                           GenerationOptions options,
                                                           std::chrono::milliseconds timeout) {
  std::shared_ptr<HostGeneration> generation(
      new HostGeneration(std::move(library), std::move(options)));
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
    return provider_error(ErrorKind::kInternal, "plugin.load_failed",
                          "the plugin made no instance; its log lines say why", false);
  }
  return std::shared_ptr<Generation>(std::move(generation));
}

Result<RawAnswer> HostGeneration::exchange(const std::string& method, std::string message,
                                           std::chrono::milliseconds timeout) {
  auto exchange = std::make_shared<Exchange>();
  exchange->method = method;
  exchange->message = std::move(message);
  exchange->deadline_ms = wall_ms() + timeout.count();
  exchange->max_answer_bytes = options_.max_answer_bytes;
  const auto outcome = pool_.run(
      [exchange, self = shared_from_this()] {
        exchange->run(self->library_->table(), self->instance_);
      },
      timeout);
  if (outcome != CallPool::Outcome::kDone) return outcome_error(outcome, options_.plugin);
  return std::move(exchange->answer);
}

Result<Json> HostGeneration::call(const std::string& method, const Json& message,
                                  std::chrono::milliseconds timeout) {
  QC_ASSIGN(const RawAnswer answer, exchange(method, dump_json(message), timeout));
  return read_answer(options_.plugin, answer, options_.max_answer_bytes);
}

std::string HostGeneration::remark() const {
  const std::size_t hung = pool_.hung();
  return hung == 0 ? std::string() : std::to_string(hung) + " calls never came back";
}

}  // namespace qc::plugin
