#include "tests/host/plugin/packages.hpp"

#include <unistd.h>

#include "sdk/base/files.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/proof/package_signature.hpp"

namespace qc::plugin {

Packages::Packages(Isolation isolation) : isolation_(isolation) {
  std::string name = (std::filesystem::temp_directory_path() / "qc-packages-XXXXXX").string();
  EXPECT_NE(mkdtemp(name.data()), nullptr);
  folder_ = name;
  std::filesystem::create_directory(folder_ / "plugins");
  std::filesystem::create_directory(folder_ / "config");
}

Packages::~Packages() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::filesystem::path Packages::library(const std::string& plugin) const {
  return folder_ / "plugins" / plugin / "library.so";
}

void Packages::install(const std::string& plugin, const std::string& name,
                       const std::string& version) {
  std::filesystem::create_directories(folder_ / "plugins" / plugin);
  const auto bytes = read_file(std::filesystem::path(QC_TEST_PLUGINS) / (name + ".so"));
  ASSERT_TRUE(bytes.ok()) << name;
  ASSERT_TRUE(write_file(library(plugin), *bytes, FileMode::kPublic).ok());
  const Json json = {{"plugin", plugin},
                     {"version", version},
                     {"kind", "department"},
                     {"abi", "1.0"},
                     {"owner", "t"},
                     {"library", "library.so"},
                     {"digest", to_hex(crypto::sm3(*bytes))}};
  write("plugins/" + plugin + "/manifest.json", json.dump());
  sign(plugin, publisher_);
  admit(plugin);
}

Json Packages::manifest(const std::string& plugin) const {
  const auto json = read_json_file(folder_ / "plugins" / plugin / "manifest.json");
  EXPECT_TRUE(json.ok());
  return json.ok() ? *json : Json::object();
}

void Packages::edit_manifest(const std::string& plugin, const std::string& member,
                             const Json& value) {
  Json json = manifest(plugin);
  if (value.is_null()) {
    json.erase(member);
  } else {
    json[member] = value;
  }
  write("plugins/" + plugin + "/manifest.json", json.dump());
  sign(plugin, publisher_);
}

void Packages::admit(const std::string& plugin) {
  Json entry = manifest(plugin);
  const Json jwk = publisher_.public_key().to_jwk();
  entry["publisher"] = {{"account", "t"}, {"kid", jwk.at("kid")}, {"jwk", jwk}};
  const std::lock_guard lock(mutex_);
  admitted_[plugin] = entry;
  history_[plugin + '/' + text_of(entry, "digest")] = entry;
}

void Packages::withdraw(const std::string& plugin) {
  const std::lock_guard lock(mutex_);
  admitted_.erase(plugin);
  std::erase_if(history_, [&](const auto& one) { return one.first.starts_with(plugin + '/'); });
}

Json& Packages::admission(const std::string& plugin) {
  const std::lock_guard lock(mutex_);
  std::erase_if(history_, [&](const auto& one) { return one.first.starts_with(plugin + '/'); });
  return admitted_[plugin];
}

void Packages::sign(const std::string& plugin, const crypto::PrivateKey& key,
                    const std::string& chain) {
  write("plugins/" + plugin + "/publisher.jws",
        proof::sign_package(key, {chain, "t", manifest(plugin)}) + "\n");
}

void Packages::write(const std::filesystem::path& relative, const std::string& text) const {
  ASSERT_TRUE(write_file(folder_ / relative, text, FileMode::kPrivate).ok()) << relative;
}

ManagerOptions Packages::options() {
  ManagerOptions options;
  options.plugins_dir = folder_ / "plugins";
  options.config_dir = folder_ / "config";
  options.chain = kChain;
  options.isolation.otherwise = isolation_;
  options.state_dir = folder_ / "state";
  options.admission = [this](const std::string& plugin,
                             const std::string& digest) -> std::optional<Json> {
    const std::lock_guard lock(mutex_);
    const auto exact = history_.find(plugin + '/' + digest);
    if (exact != history_.end()) return exact->second;
    const auto found = admitted_.find(plugin);
    if (found == admitted_.end()) return std::nullopt;
    return found->second;
  };
  return options;
}

std::unique_ptr<Manager> Packages::manager() { return manager(options()); }

std::unique_ptr<Manager> Packages::manager(ManagerOptions options) {
  auto made = Manager::create(std::move(options));
  EXPECT_TRUE(made.ok());
  EXPECT_TRUE((*made)->discover().ok());
  return std::move(made).value();
}

}  // namespace qc::plugin
