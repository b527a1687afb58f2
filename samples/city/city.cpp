#include "samples/city/city.hpp"

#include <chrono>
#include <map>
#include <system_error>

#include "samples/city/members.hpp"
#include "samples/city/settings.hpp"
#include "samples/population/population.hpp"
#include "sdk/base/bytes.hpp"
#include "sdk/base/files.hpp"
#include "sdk/base/identity_numbers.hpp"
#include "sdk/crypto/keystore.hpp"
#include "sdk/proof/package_signature.hpp"
#include "sdk/proof/transaction.hpp"

namespace qc::samples {
namespace {

namespace fs = std::filesystem;

// Assigned to nobody (GB/T 2260), so that no synthetic organisation or person meets a real number.
constexpr std::string_view kSampleArea = "370199";

char organisation_check(std::string_view serial) {
  constexpr int kWeights[] = {3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (std::size_t i = 0; i < serial.size() && i < 8; ++i) {
    const char c = serial[i];
    sum += (c >= '0' && c <= '9' ? c - '0' : c - 'A' + 10) * kWeights[i];
  }
  const int check = 11 - sum % 11;
  if (check == 10) return 'X';
  return static_cast<char>('0' + check % 11);
}

using Keys = std::map<std::string, crypto::PrivateKey>;

/// The folder under construction.
struct Site {
  fs::path root;   ///< where files are written now
  fs::path place;  ///< where the folder will stand
  std::string chain;
  std::string passphrase;
  Keys keys;
  const CityOptions& options;

  std::string url() const {
    return "http://" + options.listen + ":" + std::to_string(options.port);
  }
};

Status check_options(const CityOptions& options) {
  if (options.directory.empty()) {
    return invalid("city.invalid_option", "a folder is needed", "dir");
  }
  if (options.port < 0 || options.port > 65535) {
    return invalid("city.invalid_option", "expected 0 to 65535", "port");
  }
  if (options.people < 1 || options.people > 100000) {
    return invalid("city.invalid_option", "expected 1 to 100000", "people");
  }
  std::error_code failure;
  if (fs::exists(options.directory, failure) &&
      !(fs::is_directory(options.directory, failure) && fs::is_empty(options.directory, failure))) {
    return conflict("city.exists",
                    options.directory.string() + " is there already; nothing was changed")
        .at("dir");
  }
  return {};
}

Status make_keys(Site& site) {
  const fs::path keys = site.root / "keys";
  QC_TRY(make_private_directory(keys));
  site.passphrase = to_base64url(random_bytes(24));
  QC_TRY(write_file(keys / "passphrase", site.passphrase + "\n", FileMode::kPrivate));
  QC_TRY(write_file(keys / "pseudonym.key", to_hex(random_bytes(32)) + "\n", FileMode::kPrivate));
  std::vector<std::string> names = {"host", kOperator.account};
  for (const MemberText& member : kMembers) names.emplace_back(member.account);
  for (const PluginText& plugin : kPlugins) names.emplace_back(plugin.key);
  for (const std::string& name : names) {
    if (site.keys.contains(name)) continue;  // a department and its plugin share one key
    const auto key = crypto::PrivateKey::generate();
    QC_TRY(crypto::save_key(keys / (name + ".pem"), key, site.passphrase,
                            crypto::PassphraseKind::kRandom));
    QC_TRY(write_file(keys / (name + ".jwk.json"), key.public_key().to_jwk().dump(2) + "\n",
                      FileMode::kPublic));
    site.keys.emplace(name, key);
  }
  return {};
}

Json member_body(const Site& site, const MemberText& member) {
  return {{"account", member.account},
          {"kind", member.kind},
          {"code", member.code},
          {"name_zh", member.name_zh},
          {"name_en", member.name_en},
          {"uscc", make_uscc(member.registration, kSampleArea, member.serial)},
          {"contact", std::string(member.account) + "@quancheng.example"},
          {"jwk", site.keys.at(member.account).public_key().to_jwk()}};
}

Status write_members(const Site& site) {
  QC_TRY(make_private_directory(site.root / "members"));
  for (const MemberText& member : kMembers) {
    QC_TRY(write_file(site.root / "members" / (std::string(member.account) + ".json"),
                      member_body(site, member).dump(2) + "\n", FileMode::kPublic));
  }
  return {};
}

Status write_profiles(const Site& site) {
  QC_TRY(make_private_directory(site.root / "profiles"));
  std::vector<std::string> accounts = {kOperator.account};
  for (const MemberText& member : kMembers) accounts.emplace_back(member.account);
  const Json host_jwk = site.keys.at("host").public_key().to_jwk();
  for (const std::string& account : accounts) {
    const Json profile = {{"account", account},
                          {"url", site.url()},
                          {"chain", site.chain},
                          {"host_jwk", host_jwk},
                          {"key", "../keys/" + account + ".pem"},
                          {"passphrase_file", "../keys/passphrase"}};
    QC_TRY(write_file(site.root / "profiles" / (account + ".json"), profile.dump(2) + "\n",
                      FileMode::kPrivate));
  }
  return {};
}

Status write_genesis(const Site& site) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const Json body = {{"name", "泉城链示例网络 Quancheng Chain sample network"},
                     {"host_jwk", site.keys.at("host").public_key().to_jwk()},
                     {"operator",
                      {{"account", kOperator.account},
                       {"name_zh", kOperator.name_zh},
                       {"name_en", kOperator.name_en},
                       {"uscc", make_uscc(kOperator.registration, kSampleArea, kOperator.serial)},
                       {"jwk", site.keys.at(kOperator.account).public_key().to_jwk()}}}};
  const std::string tx =
      proof::make_transaction(site.keys.at(kOperator.account), site.chain, "network.found", body,
                              std::chrono::duration_cast<std::chrono::seconds>(now).count());
  return write_file(site.root / "genesis.jws", tx + "\n", FileMode::kPublic);
}

/// The built packages, each signed by its department or bank. The city has copies of its own: the
/// signature is by keys of this city, for its network.
Status sign_packages(const Site& site) {
  const fs::path plugins = site.root / "plugins";
  QC_TRY(make_private_directory(plugins));
  for (const PluginText& plugin : kPlugins) {
    const fs::path built = site.options.plugins_dir / plugin.plugin;
    std::error_code failure;
    if (!fs::exists(built / "manifest.json", failure)) continue;
    const fs::path folder = plugins / plugin.plugin;
    fs::copy(built, folder, fs::copy_options::recursive, failure);
    if (failure) {
      return unavailable("file.io", "cannot copy " + built.string() + ": " + failure.message());
    }
    QC_ASSIGN(const Json manifest, read_json_file(folder / "manifest.json"));
    const std::string signature =
        proof::sign_package(site.keys.at(plugin.owner), {site.chain, plugin.owner, manifest});
    QC_TRY(write_file(folder / proof::kPackageSignatureFile, signature + "\n", FileMode::kPublic));
  }
  return {};
}

/// What `quancheng story` needs to know of the city.
Status write_summary(const Site& site) {
  Json summary = {{"chain", site.chain},
                  {"url", site.url()},
                  {"plugins_dir", (site.place / "plugins").string()},
                  {"members", Json::array()},
                  {"plugins", Json::array()}};
  for (const MemberText& member : kMembers) summary["members"].push_back(member.account);
  for (const PluginText& plugin : kPlugins) {
    summary["plugins"].push_back(
        {{"plugin", plugin.plugin}, {"owner", plugin.owner}, {"key", plugin.key}});
  }
  return write_file(site.root / "city.json", summary.dump(2) + "\n", FileMode::kPublic);
}

Status write_settings(const Site& site) {
  const fs::path folder = site.root / "config" / "plugins";
  QC_TRY(make_private_directory(folder));
  for (const PluginText& plugin : kPlugins) {
    QC_TRY(write_file(folder / (std::string(plugin.plugin) + ".toml"),
                      plugin_settings(plugin, site.place), FileMode::kPrivate));
  }
  const HostSettings host = {site.chain, site.options};
  return write_file(site.root / "host.toml", host_settings(host), FileMode::kPrivate);
}

Status build(Site& site) {
  QC_TRY(make_keys(site));
  QC_TRY(write_members(site));
  QC_TRY(write_profiles(site));
  QC_TRY(make_private_directory(site.root / "population"));
  QC_TRY(write_population(site.root / "population", site.options.people, site.options.seed));
  QC_TRY(write_genesis(site));
  QC_TRY(sign_packages(site));
  QC_TRY(make_private_directory(site.root / "host"));
  QC_TRY(write_settings(site));
  QC_TRY(write_summary(site));
  QC_TRY(write_file(site.root / "host.jwk.json",
                    site.keys.at("host").public_key().to_jwk().dump(2) + "\n", FileMode::kPublic));
  std::error_code failure;
  fs::rename(site.root, site.place, failure);
  if (failure) {
    return unavailable("file.io",
                       "cannot put the city at " + site.place.string() + ": " + failure.message());
  }
  return {};
}

}  // namespace

std::string make_uscc(std::string_view registration, std::string_view area,
                      std::string_view serial) {
  std::string code = std::string(registration) + std::string(area) + std::string(serial);
  code += organisation_check(serial);
  code += uscc_check(code);
  return code;
}

Result<City> init_city(const CityOptions& given) {
  CityOptions options = given;
  QC_TRY(check_options(options));
  for (fs::path* path : {&options.directory, &options.plugins_dir, &options.sql_dir}) {
    *path = fs::absolute(*path).lexically_normal();
  }
  if (!options.directory.has_filename()) options.directory = options.directory.parent_path();
  if (!options.page_dir.empty()) options.page_dir = fs::absolute(options.page_dir);
  Site site{options.directory.string() + ".making-" + to_hex(random_bytes(4)),
            options.directory,
            "quancheng-sample-" + to_hex(random_bytes(4)),
            {},
            {},
            options};
  QC_TRY(make_private_directory(site.root));
  if (const Status built = build(site); !built.ok()) {
    std::error_code ignored;
    fs::remove_all(site.root, ignored);
    return built.error();
  }
  City city{site.chain, options.directory, {}, options.people};
  for (const MemberText& member : kMembers) city.members.emplace_back(member.account);
  return city;
}

}  // namespace qc::samples
