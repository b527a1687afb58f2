// The texts of host.toml and of the plugins' settings.
#pragma once

#include <filesystem>
#include <string>

#include "samples/city/city.hpp"
#include "samples/city/members.hpp"

namespace qc::samples {

struct HostSettings {
  std::string chain;
  const CityOptions& options;
};

/// host.toml as docs/formats.md and host/config.hpp describe it.
std::string host_settings(const HostSettings& settings);

/// `<config>/plugins/<id>.toml`. Paths are absolute: a plugin does not know where its settings lie.
std::string plugin_settings(const PluginText& plugin, const std::filesystem::path& city);

/// A TOML basic string (toml.io, v1.0.0, "String") in quotes.
std::string toml_text(std::string_view value);

}  // namespace qc::samples
