#include "samples/city/settings.hpp"

#include <cstdio>
#include <sstream>

namespace qc::samples {

std::string toml_text(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04X", byte);
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string host_settings(const HostSettings& settings) {
  const CityOptions& options = settings.options;
  std::ostringstream out;
  out << "# Host of a synthetic sample city. Relative paths start at this file's folder.\n"
      << "[network]\n"
      << "chain = " << toml_text(settings.chain) << "\n"
      << "genesis = \"genesis.jws\"\n\n"
      << "[host]\n"
      << "data = \"host\"\n"
      << "key = \"keys/host.pem\"\n"
      << "passphrase_file = \"keys/passphrase\"\n\n"
      << "[registrar]\n"
      << "key = \"keys/registrar.pem\"\n"
      << "passphrase_file = \"keys/passphrase\"\n\n"
      << "[http]\n"
      << "listen = " << toml_text(options.listen) << "\n"
      << "port = " << options.port << "\n\n"
      << "[plugins]\n"
      << "directory = \"plugins\"\n"
      << "config = \"config/plugins\"\n"
      << "identity = " << toml_text(kIdentityPlugin) << "\n\n"
      << "[sql]\n"
      << "url = \"sqlite:host/view.db\"\n"
      << "migrations = " << toml_text(options.sql_dir.string()) << "\n\n"
      << "[page]\n"
      << "directory = " << toml_text(options.page_dir.string()) << "\n";
  return out.str();
}

std::string plugin_settings(const PluginText& plugin, const std::filesystem::path& city) {
  std::ostringstream out;
  out << "# Settings of the plugin " << plugin.plugin << " of " << plugin.owner << ".\n"
      << "key = " << toml_text((city / "keys" / (std::string(plugin.key) + ".pem")).string())
      << "\n"
      << "passphrase_file = " << toml_text((city / "keys" / "passphrase").string()) << "\n";
  if (*plugin.source != '\0') {
    out << plugin.setting << " = " << toml_text((city / "population" / plugin.source).string())
        << "\n";
  }
  if (plugin.plugin == kIdentityPlugin) {
    out << "pseudonym_key_file = " << toml_text((city / "keys" / "pseudonym.key").string()) << "\n";
  }
  return out.str();
}

}  // namespace qc::samples
