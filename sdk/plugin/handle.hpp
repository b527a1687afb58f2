// Internal: by what a department finds a record again when its subject is away (docs/formats.md,
// Fresh issue).
#pragma once

#include "sdk/plugin/context.hpp"

namespace qc::plugin {

/// What stands behind an asset. The host keeps it sealed beside the asset and learns nothing of it.
struct Handle {
  std::string subject;  ///< account
  std::string kid;      ///< the key that the subject proved to hold when the asset was issued
  std::string item, asset;
  std::string id_no;  ///< what the source is asked with
};

/// Signed by the plugin, so that nobody makes or bends one, and encrypted to the plugin, so that
/// nobody reads one: JWE over JWS typ "qc-handle+jws".
Result<std::string> seal_handle(const Own& own, const Handle& handle);

/// Errors: "issue.bad_handle" (not of this plugin and network, or damaged).
Result<Handle> open_handle(const Own& own, std::string_view jwe);

}  // namespace qc::plugin
