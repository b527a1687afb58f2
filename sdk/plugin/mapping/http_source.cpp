#include "sdk/plugin/mapping/http_source.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>

#include <httplib.h>

#include "sdk/base/files.hpp"
#include "sdk/plugin/mapping/outbound.hpp"

namespace qc::plugin {
namespace {

constexpr std::size_t kMaxIdleClients = 8;
constexpr std::int64_t kLongestAnswerMs = 30'000;
constexpr std::size_t kMaxTokenBytes = 8U << 10U;
constexpr std::size_t kExactDigits = 15;  ///< of a binary fraction

/// Where the upstream is, and what it wants to see.
struct Upstream {
  bool tls = false;
  std::string host, address, base, token, ca_file;
  OutboundAccess outbound;
  int port = 0;
};

/// What both kinds of client do otherwise than httplib: the connection comes from the host.
template <typename Base>
class GrantedClient final : public Base {
 public:
  explicit GrantedClient(const Upstream& upstream)
      : Base(upstream.host, upstream.port), upstream_(upstream) {}

  void set_deadline(std::int64_t deadline_ms) { deadline_ms_ = deadline_ms; }
  /// Why there was no connection, if there was none.
  const std::optional<Error>& refusal() const { return refusal_; }

 private:
  bool create_and_connect_socket(typename Base::Socket& socket, httplib::Error& error) override {
    refusal_.reset();
    const auto opened = upstream_.outbound.open(upstream_.address, deadline_ms_);
    if (opened.ok()) {
      socket.sock = *opened;
      return true;
    }
    refusal_ = opened.error();
    error = httplib::Error::Connection;
    return false;
  }

  const Upstream& upstream_;
  std::int64_t deadline_ms_ = 0;
  std::optional<Error> refusal_;
};

/// One connection, used by one thread at a time.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Body of the answer; nothing when the upstream has no such record (404).
  virtual Result<std::optional<std::string>> get(const std::string& target,
                                                 const Moment& moment) = 0;
};

template <typename Base>
class HttplibClient final : public HttpClient {
 public:
  explicit HttplibClient(const Upstream& upstream) : upstream_(upstream), client_(upstream) {
    client_.set_keep_alive(true);
    client_.set_follow_location(false);
    client_.set_decompress(false);
    client_.set_url_encode(false);
    if constexpr (std::is_same_v<Base, httplib::SSLClient>) {
      if (!upstream.ca_file.empty()) client_.set_ca_cert_path(upstream.ca_file.c_str());
      client_.enable_server_certificate_verification(true);
    }
  }

  Result<std::optional<std::string>> get(const std::string& target, const Moment& moment) override {
    // A tenth less than there is: that the source was too slow must still be said in time.
    const std::int64_t left = std::min(moment.left_ms() * 9 / 10, kLongestAnswerMs) + 1;
    client_.set_deadline(moment.deadline_ms);
    client_.set_read_timeout(std::chrono::milliseconds(left));
    client_.set_write_timeout(std::chrono::milliseconds(left));
    httplib::Request request;
    request.method = "GET";
    request.path = target;
    request.set_header("Accept", "application/json");
    if (!upstream_.token.empty()) request.set_header("Authorization", "Bearer " + upstream_.token);
    std::string body;
    bool too_large = false;
    const auto started = std::chrono::steady_clock::now();
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t,
                                   std::uint64_t) {
      too_large = body.size() + size > kMaxSourceBytes;
      if (!too_large) body.append(data, size);
      // A read is bounded by its timeout; a body that trickles, by this.
      const bool late =
          std::chrono::steady_clock::now() - started > std::chrono::milliseconds(left);
      return !too_large && !late;
    };
    const auto answer = client_.send(request);
    if (too_large) return source_too_large("the upstream's answer is over 1 MiB");
    if (!answer && client_.refusal()) return *client_.refusal();
    if (!answer) {
      return source_away("no answer from " + upstream_.address + " (" +
                         httplib::to_string(answer.error()) + ")");
    }
    if (answer->status == 404) return std::optional<std::string>();
    if (answer->status != 200) {
      return source_away(upstream_.address + " answered with status " +
                         std::to_string(answer->status));
    }
    return std::optional<std::string>(std::move(body));
  }

 private:
  const Upstream& upstream_;
  GrantedClient<Base> client_;
};

/// RFC 3986: everything but the unreserved characters.
std::string percent_encoded(const std::string& text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
        c == '.' || c == '_' || c == '~') {
      out.push_back(c);
    } else {
      out += {'%', kHex[byte >> 4U], kHex[byte & 0xFU]};
    }
  }
  return out;
}

/// Null where there is nothing of that path, for interfaces leave out what they have not.
const Json* member_at(const Json& json, const std::string& pointer) {
  const Json::json_pointer at(pointer);
  return json.contains(at) ? &json.at(at) : nullptr;
}

Result<Cell> cell_of(const Json* value, const std::string& column) {
  if (value == nullptr || value->is_null()) return Cell();
  if (value->is_string()) return Cell(value->get<std::string>());
  std::string text = value->dump();
  const auto digits =
      std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  const bool exact = !value->is_number_float() || static_cast<std::size_t>(digits) <= kExactDigits;
  if (value->is_primitive() && exact) return Cell(std::move(text));
  Error error = internal("record.invalid", exact ? "expected a text, a number, true, false or null"
                                                 : "expected so long a number as a text");
  error.side = Side::kProvider;
  return error.at("column." + column);
}

class HttpSource final : public Source {
 public:
  explicit HttpSource(Upstream upstream) : upstream_(std::move(upstream)) {}

  /// What an interface answers is known when it is asked about somebody.
  Status check(const Lookup& lookup) override {
    for (const std::string& column : lookup.columns) QC_TRY(check_pointer(column, lookup));
    if (!lookup.rows.empty()) QC_TRY(check_pointer(lookup.rows, lookup));
    return {};
  }

  Result<Rows> fetch(const Lookup& lookup, const std::string& key, const Moment& moment) override {
    std::string target = upstream_.base + lookup.path;
    constexpr std::string_view kKey = "{key}";
    const std::string encoded = percent_encoded(key);
    for (std::size_t at = target.find(kKey); at != std::string::npos;
         at = target.find(kKey, at + encoded.size())) {
      target.replace(at, kKey.size(), encoded);
    }
    std::unique_ptr<HttpClient> client = take();
    auto body = client->get(target, moment);
    note(body.ok() ? std::string() : body.error().message);
    if (!body.ok()) return body.error();  // the client goes, and its connection with it
    give_back(std::move(client));
    if (!*body) return Rows{};
    auto json = parse_json(**body, {kMaxSourceBytes, 32});
    if (!json.ok()) return source_away(upstream_.address + " answered with what is no JSON");
    return rows_of(*json, lookup);
  }

  Health health() override {
    const std::lock_guard lock(mutex_);
    return {fault_.empty(), fault_};
  }

 private:
  static Status check_pointer(const std::string& pointer, const Lookup& lookup) {
    try {
      const Json::json_pointer checked(pointer);
      return {};
    } catch (const Json::exception&) {
      return invalid("mapping.invalid", "expected a JSON pointer instead of " + pointer,
                     lookup.where);
    }
  }

  static Result<Rows> rows_of(const Json& answer, const Lookup& lookup) {
    const Json* found = lookup.rows.empty() ? &answer : member_at(answer, lookup.rows);
    Rows rows;
    if (found == nullptr || found->is_null()) return rows;
    const Json one = found->is_array() ? Json() : Json::array({*found});
    RowBudget budget;
    for (const Json& record : found->is_array() ? *found : one) {
      Row row;
      for (const std::string& column : lookup.columns) {
        QC_ASSIGN(Cell cell, cell_of(member_at(record, column), column));
        row.push_back(std::move(cell));
      }
      QC_TRY(budget.add(row));
      rows.rows.push_back(std::move(row));
    }
    return rows;
  }

  std::unique_ptr<HttpClient> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<HttpClient> client = std::move(idle_.back());
        idle_.pop_back();
        return client;
      }
    }
    if (upstream_.tls) return std::make_unique<HttplibClient<httplib::SSLClient>>(upstream_);
    return std::make_unique<HttplibClient<httplib::ClientImpl>>(upstream_);
  }
  void give_back(std::unique_ptr<HttpClient> client) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMaxIdleClients) idle_.push_back(std::move(client));
  }
  void note(std::string fault) {
    const std::lock_guard lock(mutex_);
    fault_ = std::move(fault);
  }

  const Upstream upstream_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<HttpClient>> idle_;
  std::string fault_;  ///< of the last call
};

Status read_url(const std::string& url, const std::string& field, Upstream& upstream) {
  const Error wrong = invalid("mapping.invalid", "expected http(s)://host:port[/base]", field);
  std::string_view rest = url;
  upstream.tls = rest.starts_with("https://");
  if (!upstream.tls && !rest.starts_with("http://")) return wrong;
  rest.remove_prefix(upstream.tls ? 8 : 7);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  upstream.address = rest.substr(0, slash);
  upstream.base = rest.substr(slash);
  while (upstream.base.ends_with('/')) upstream.base.pop_back();
  const std::size_t colon = upstream.address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == upstream.address.size())
    return wrong;
  upstream.host = upstream.address.substr(0, colon);
  for (const char c : upstream.address.substr(colon + 1)) {
    if (c < '0' || c > '9' || upstream.port > 65535) return wrong;
    upstream.port = upstream.port * 10 + (c - '0');
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Source>> open_http_source(const SourceOpening& opening) {
  const JsonReader& settings = opening.settings;
  QC_ASSIGN(const std::string url, settings.text(opening.spec.setting, 1024));
  QC_ASSIGN(const OutboundAccess outbound, OutboundAccess::of(opening.host));
  Upstream upstream{false, {}, {}, {}, {}, {}, outbound, 0};
  QC_TRY(read_url(url, settings.field(opening.spec.setting), upstream));
  QC_ASSIGN(upstream.ca_file, settings.text_or_empty(opening.spec.authority, 4096));
  QC_ASSIGN(const std::string token_file, settings.text_or_empty(opening.spec.secret, 4096));
  if (!token_file.empty()) {
    auto token = read_file(token_file, kMaxTokenBytes);
    if (!token.ok()) {
      return source_away("the token's file: " + token.error().message)
          .at(settings.field(opening.spec.secret));
    }
    while (!token->empty() && (token->back() == '\n' || token->back() == '\r')) token->pop_back();
    for (const char c : *token) {  // it becomes a part of a header
      if (c > ' ' && c < 0x7F) continue;
      return source_away("the token's file holds more than one line of printable ASCII")
          .at(settings.field(opening.spec.secret));
    }
    upstream.token = std::move(*token);
  }
  return std::unique_ptr<Source>(std::make_unique<HttpSource>(std::move(upstream)));
}

}  // namespace qc::plugin
