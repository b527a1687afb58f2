#include "host/plugin/host_generation.hpp"

#include <string_view>

#include <spdlog/spdlog.h>

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

/// What a call reads and writes.
struct HostGeneration::Exchange {
  const char* method = nullptr;
  std::string_view message;
  std::int64_t deadline_ms = 0;
  std::size_t max_answer_bytes = 0;
  RawAnswer answer{{}, QC_INTERNAL};
  std::chrono::nanoseconds took{0};

  static int write(void* context, const std::uint8_t* data, std::size_t size) {
    auto* self = static_cast<Exchange*>(context);
    if (size > 0 && data == nullptr) return 1;
    RawAnswer& answer = self->answer;
    if (answer.too_large || size > self->max_answer_bytes - answer.text.size()) {
      return self->refuse();
    }
    try {
      answer.text.append(reinterpret_cast<const char*>(data), size);
    } catch (...) {
      return self->refuse();
    }
    return 0;
  }
  int refuse() {
    answer.too_large = true;
    answer.text = std::string();  // no answer any more: its memory serves others
    return 1;
  }

  void run(const qc_plugin& table, void* instance, std::chrono::steady_clock::time_point started) {
    const qc_sink sink{sizeof(qc_sink), this, &Exchange::write};
    const qc_call call{sizeof(qc_call), method,
                       reinterpret_cast<const std::uint8_t*>(message.data()), message.size(),
                       deadline_ms};
    try {
      answer.status = table.call(instance, &call, &sink);
    } catch (...) {  // forbidden by the ABI, but the thread must survive it
      answer.threw = true;
    }
    took = std::chrono::steady_clock::now() - started;
  }
};

/// Owned by the task, because the plugin may still write into it long after the caller has gone.
struct HostGeneration::OwnedExchange : Exchange {
  std::string owned_method, owned_message;
};

struct HostGeneration::Instance {
  Instance(std::shared_ptr<const Library> mapped, const GenerationOptions& options)
      : library(std::move(mapped)),
        log(options.plugin),
        outbound(options.addresses,
                 [this](const std::string& what) {
                   log.write(QC_LOG_WARNING, "tried to " + what + " and was not let");
                 }),
        outbound_functions(outbound_table(outbound)) {
    if (outbound.any()) extensions.outbound = &outbound_functions;
    if (options.routes) extensions.routes = &kRoutesTable;
    host.struct_size = sizeof(qc_host);
    host.abi_major = QC_ABI_MAJOR;
    host.abi_minor = QC_ABI_MINOR;
    host.context = this;
    host.log = &write_log;
    host.extension = &find_extension;
  }

  static void write_log(void* context, int level, const char* text, std::size_t size) {
    if (text != nullptr) static_cast<Instance*>(context)->log.write(level, {text, size});
  }

  /// Advisory here, as all of a plugin's rights inside the host: nothing keeps it from connecting
  /// without this.
  static const void* find_extension(void* context, const char* id) {
    return static_cast<const Instance*>(context)->extensions.find(id);
  }

  const std::shared_ptr<const Library> library;
  PluginLog log;
  const Outbound outbound;
  const qc_outbound outbound_functions;
  Extensions extensions;
  qc_host host{};
  void* made = nullptr;  ///< by create()
};

HostGeneration::HostGeneration(std::shared_ptr<const Library> library, GenerationOptions options)
    : Generation(std::move(options)),
      instance_(std::make_shared<Instance>(std::move(library), options_)),
      pool_(options_.limits),
      trusted_(options_.direct != nullptr) {}

HostGeneration::~HostGeneration() {
  // Every call holds a reference, so none is in flight here.
  if (instance_->made == nullptr) return;
  const auto outcome = pool_.run(
      [instance = instance_] {
        try {
          instance->library->table().destroy(instance->made);
        } catch (...) {  // NOLINT: forbidden by the ABI; nothing is left to be done
        }
      },
      kFarewell);
  if (outcome == CallPool::Outcome::kDone) return;
  spdlog::error("plugin {}: generation {} did not end within {} s; its thread is left to itself",
                options_.plugin, options_.number, kFarewell.count() / 1000);
}

Result<std::shared_ptr<Generation>> HostGeneration::create(std::shared_ptr<const Library> library,
                                                           GenerationOptions options,
                                                           std::chrono::milliseconds timeout) {
  std::shared_ptr<HostGeneration> generation(
      new HostGeneration(std::move(library), std::move(options)));
  // On a worker like every call: a create() that hangs must not hold the operator's request.
  const auto outcome = generation->pool_.run(
      [generation] {
        Instance& instance = *generation->instance_;
        try {
          instance.made = instance.library->table().create(&instance.host);
        } catch (...) {  // forbidden by the ABI; told as a failed create below
          instance.made = nullptr;
        }
      },
      timeout);
  if (outcome != CallPool::Outcome::kDone) {
    return outcome_error(outcome, generation->options_.plugin);
  }
  if (generation->instance_->made == nullptr) {
    return provider_error(ErrorKind::kInternal, "plugin.load_failed",
                          "the plugin made no instance; its log lines say why", false);
  }
  return std::shared_ptr<Generation>(std::move(generation));
}

/// Before the watchdog's lock is free again: the call cannot have left meanwhile.
void HostGeneration::on_overdue(const std::string& method) {
  trusted_ = false;
  ++overdue_;
  spdlog::error(
      "plugin {}: its call \"{}\" did not come back in time and holds a thread of the host's; its "
      "further calls are handed over",
      options_.plugin, method);
}

void HostGeneration::on_late_return(const std::string& method) {
  --overdue_;
  spdlog::warn("plugin {}: its call \"{}\" came back late", options_.plugin, method);
}

Result<RawAnswer> HostGeneration::exchange(const std::string& method, const std::string& message,
                                           std::chrono::milliseconds timeout) {
  QuickMethods::Record* const record = quick_.find(method);
  // One that keeps a thread of its own may keep a lock that this call would wait for.
  if (record != nullptr && record->proven() && trusted_ && pool_.hung() == 0) {
    return exchange_here(*record, method, message, timeout);
  }
  return exchange_apart(record, method, message, timeout);
}

Result<RawAnswer> HostGeneration::exchange_here(QuickMethods::Record& record,
                                                const std::string& method,
                                                const std::string& message,
                                                std::chrono::milliseconds timeout) {
  const auto started = std::chrono::steady_clock::now();
  DirectCalls::Entry entry(*options_.direct, *this, method, started + timeout);
  if (!entry.entered()) return exchange_apart(&record, method, message, timeout);
  Exchange exchange;
  exchange.method = method.c_str();
  exchange.message = message;
  exchange.deadline_ms = wall_ms() + timeout.count();
  exchange.max_answer_bytes = options_.max_answer_bytes;
  exchange.run(instance_->library->table(), instance_->made, started);
  record.note(exchange.took);
  // What comes too late is no answer any more, as if it had been handed over.
  if (!entry.leave()) return outcome_error(CallPool::Outcome::kTimeout, options_.plugin);
  return std::move(exchange.answer);
}

Result<RawAnswer> HostGeneration::exchange_apart(QuickMethods::Record* record,
                                                 const std::string& method,
                                                 const std::string& message,
                                                 std::chrono::milliseconds timeout) {
  // Those that hold threads of the host's count among those that never came back.
  if (overdue_ > 0 && overdue_ + pool_.hung() >= options_.limits.max_hung) {
    return outcome_error(CallPool::Outcome::kHung, options_.plugin);
  }
  auto exchange = std::make_shared<OwnedExchange>();
  exchange->owned_method = method;
  exchange->owned_message = message;
  exchange->method = exchange->owned_method.c_str();
  exchange->message = exchange->owned_message;
  exchange->deadline_ms = wall_ms() + timeout.count();
  exchange->max_answer_bytes = options_.max_answer_bytes;
  const auto outcome = pool_.run(
      [exchange, record, self = shared_from_this()] {
        const Instance& instance = *self->instance_;
        exchange->run(instance.library->table(), instance.made, std::chrono::steady_clock::now());
        if (record != nullptr) record->note(exchange->took);
      },
      timeout);
  if (outcome != CallPool::Outcome::kDone) return outcome_error(outcome, options_.plugin);
  return std::move(exchange->answer);
}

Result<Json> HostGeneration::call(const std::string& method, const Json& message,
                                  std::chrono::milliseconds timeout) {
  const std::string text = dump_json(message);
  if (text.size() > options_.max_message_bytes) {
    return message_too_large(options_.plugin, options_.max_message_bytes);
  }
  QC_ASSIGN(const RawAnswer answer, exchange(method, text, timeout));
  return read_answer(options_.plugin, answer, options_.max_answer_bytes);
}

std::string HostGeneration::remark() const {
  const std::size_t direct = overdue_;
  const std::size_t hung = pool_.hung() + direct;
  if (hung == 0) return {};
  const std::string remark = std::to_string(hung) + " calls never came back";
  return direct == 0
             ? remark
             : remark + ", " + std::to_string(direct) + " of them on threads of the host's own";
}

}  // namespace qc::plugin
