#include "host/http/engine.hpp"

#include <algorithm>
#include <cstring>

#include <httplib.h>

namespace qc::http {
namespace {

/// What httplib reads a request from and writes its response to.
class MemoryStream final : public httplib::Stream {
 public:
  explicit MemoryStream(std::string input) : input_(std::move(input)) {}
  using httplib::Stream::write;

  bool is_readable() const override { return position_ < input_.size(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* data, std::size_t size) override {
    const std::size_t count = std::min(size, input_.size() - position_);
    std::memcpy(data, input_.data() + position_, count);
    position_ += count;
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* data, std::size_t size) override {
    output_.append(data, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }
  // httplib refuses sockets at and above FD_SETSIZE, which is about select() and not about us.
  socket_t socket() const override { return 0; }

  std::string take_output() { return std::move(output_); }

 private:
  std::string input_;
  std::size_t position_ = 0;
  std::string output_;
};

class HttplibEngine final : public Engine, private httplib::Server {
 public:
  HttplibEngine() {
    // Before httplib looks at bodies or routes: its router tries one std::regex per route in
    // order (and std::regex recurses per character), and its body reader inflates compressed
    // bodies of any size. Our handler takes the request from `current_` instead.
    set_pre_routing_handler([this](const httplib::Request&, httplib::Response& out) {
      answer(out);
      return HandlerResponse::Handled;
    });
    set_keep_alive_max_count(1000000);
    set_keep_alive_timeout(60);
  }

  std::string process(const Request& request, const Engine::Handler& handler) override {
    current_ = &request;
    handler_ = &handler;
    // Method, target and version only. Range, Accept-Encoding, Expect and the like would make
    // httplib change or refuse a response whose digest and signature are already made.
    MemoryStream stream(request.head.method + " " + request.head.target + " HTTP/1." +
                        std::to_string(request.head.minor_version) + "\r\n\r\n");
    bool closed = false;
    process_request(stream, !request.head.keep_alive, closed, nullptr);
    current_ = nullptr;
    handler_ = nullptr;
    return stream.take_output();
  }

 private:
  void answer(httplib::Response& out) const {
    Response response = (*handler_)(*current_);
    out.status = response.status;
    for (auto& [name, value] : response.fields) out.set_header(name, value);
    if (!response.body.empty()) out.set_header("Content-Type", response.content_type);
    out.body = std::move(response.body);
  }

  const Request* current_ = nullptr;
  const Engine::Handler* handler_ = nullptr;
};

}  // namespace

std::unique_ptr<Engine> Engine::create() { return std::make_unique<HttplibEngine>(); }

}  // namespace qc::http
