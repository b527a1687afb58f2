// The sample city: everything a network of synthetic members needs before its first start.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sdk/base/json.hpp"
#include "sdk/base/result.hpp"

namespace qc::samples {

struct CityOptions {
  std::filesystem::path directory;  ///< made by init_city; must be absent or empty
  /// Built plugin packages: <dir>/<id>/manifest.json. Those of the city that are there are copied
  /// into it and signed by their members.
  std::filesystem::path plugins_dir;
  std::filesystem::path sql_dir;   ///< the folder sql/ with the migrations
  std::filesystem::path page_dir;  ///< safe box page, or empty
  std::string listen = "127.0.0.1";
  int port = 8440;  ///< 0 = any free one
  int people = 200;
  std::uint64_t seed = 370199;
};

struct City {
  std::string chain;  ///< network id
  std::filesystem::path directory;
  std::vector<std::string> members;  ///< accounts with a file members/<account>.json
  int people = 0;
};

/// Makes keys, member descriptions, the founding transaction, the departments' databases, plugin
/// settings and host.toml; every path in the files is relative or absolute as host.toml documents.
/// The folder is built beside its place and renamed into it, so that a failure leaves nothing.
/// Errors: "city.exists", "city.invalid_option" (with field), "file.io", "keystore.io", errors of
/// write_population. Any thread.
///
/// Layout: host.toml, city.json, genesis.jws, host.jwk.json, keys/<account>.pem, keys/passphrase,
/// keys/pseudonym.key, members/<account>.json (body of member.admit), profiles/<account>.json (what
/// the program `quancheng` needs to act as that member), config/plugins/<id>.toml,
/// plugins/<id>/ (the signed packages), population/{people.json,*.db}, host/ (the host's own data,
/// made by the host).
Result<City> init_city(const CityOptions& options);

/// GB 32100-2015: appends the organisation code's check digit (GB 11714) and the final check digit.
/// `registration` = registration authority and kind of organisation (2 characters), `area` = GB/T
/// 2260 (6 digits), `serial` = 8 characters of the organisation code.
std::string make_uscc(std::string_view registration, std::string_view area,
                      std::string_view serial);

}  // namespace qc::samples
