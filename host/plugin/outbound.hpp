// Internal: connections to the outside, made by the host for a plugin.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "host/plugin/name_lookup.hpp"
#include "sdk/base/file_descriptor.hpp"
#include "sdk/base/json.hpp"
#include "sdk/plugin/abi.h"

namespace qc::plugin {

/// "host:port" (a name, an IPv4 address or an IPv6 address in brackets) or the absolute path of a
/// UNIX socket; printable, at most 120 bytes, so that "outbound:" and it are one capability.
bool is_outbound_address(std::string_view address);

/// Whether the ledger's admission of a plugin grants a capability.
bool granted(const Json& admission, const std::string& capability);

/// Of the addresses that a manifest asks for those that the ledger's admission grants: the
/// capabilities "outbound:<address>".
std::vector<std::string> granted_addresses(const std::vector<std::string>& asked,
                                           const Json& admission);

/// The addresses that one plugin may reach. Immutable, any thread.
class Outbound {
 public:
  /// What is told when an address is refused, with the address in words for the operator.
  using Refused = std::function<void(const std::string& what)>;
  Outbound(std::vector<std::string> granted, Refused refused)
      : granted_(std::move(granted)), refused_(std::move(refused)) {}

  bool any() const { return !granted_.empty(); }
  /// A connected descriptor with FD_CLOEXEC, or a negative error number. Ends at the deadline,
  /// after 5 s, or when `hangup` (-1 = none) has nobody at its other end, be it while a name is
  /// looked up.
  int open(const std::string& address, std::int64_t deadline_ms, int hangup) const;

 private:
  const std::vector<std::string> granted_;
  const Refused refused_;
  const NameLookup names_;
};

/// The extension's table for a plugin inside the host; it and `outbound` must outlive the plugin.
qc_outbound outbound_table(const Outbound& outbound);

/// Answers the requests of one runner, one after the other, on a thread of its own.
class OutboundBroker {
 public:
  OutboundBroker(const Outbound& outbound, FileDescriptor socket);
  ~OutboundBroker();
  OutboundBroker(const OutboundBroker&) = delete;
  OutboundBroker& operator=(const OutboundBroker&) = delete;

 private:
  void serve() const;

  const Outbound& outbound_;
  const FileDescriptor socket_;
  std::thread thread_;
};

}  // namespace qc::plugin
