// Build tool: compiles plugin.json into the library, and writes the manifest beside it; or makes a
// package out of plugin.json, mapping.json and the stock library.
#include <iostream>

#include "sdk/base/files.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/plugin/description.hpp"
#include "sdk/plugin/entry.hpp"
#include "sdk/plugin/mapping/mapping.hpp"
#include "sdk/plugin/mapping/stock_slot.hpp"

namespace {

using qc::plugin::Description;
using qc::plugin::Mapping;

constexpr std::size_t kMaxLiteralBytes = 8U << 10U;
constexpr std::size_t kMaxLibraryBytes = 256U << 20U;

/// The definition of a function of entry.hpp or mapped_department.hpp. Adjacent literals: compilers
/// limit the length of one.
std::string text_function(const std::string& name, const std::string& text) {
  std::string source = "std::string_view qc::plugin::" + name + "() {\n  return\n";
  for (std::size_t i = 0; i < text.size(); i += kMaxLiteralBytes) {
    source += "R\"qc-json(" + text.substr(i, kMaxLiteralBytes) + ")qc-json\"\n";
  }
  return source + ";\n}\n";
}

/// Errors say in which file the fault is.
template <typename T>
qc::Result<T> in_file(qc::Result<T> result, const std::string& file) {
  return result.ok() ? std::move(result) : qc::Result<T>(result.error().under(file));
}

qc::Status embed(const std::string& description_file, const std::string& out,
                 const std::string& mapping_file) {
  QC_ASSIGN(const std::string text, qc::read_file(description_file));
  QC_ASSIGN(const Description description, in_file(Description::parse(text), description_file));
  std::string source = "#include \"sdk/plugin/entry.hpp\"\n";
  if (!mapping_file.empty()) source += "#include \"sdk/plugin/mapping/mapped_department.hpp\"\n";
  source += '\n' + text_function("embedded_description", text);
  if (!mapping_file.empty()) {
    QC_ASSIGN(const std::string mapping, qc::read_file(mapping_file));
    QC_TRY(in_file(Mapping::parse(mapping, description), mapping_file));
    source += '\n' + text_function("embedded_mapping", mapping);
  }
  return qc::write_file(out, source, qc::FileMode::kPublic);
}

/// Of a package, beside its description.
struct LibraryText {
  const std::string& bytes;
  const std::string& name;
  std::vector<std::string> needed;  ///< libraries beside libc
};

qc::Status write_manifest(const Description& description, const LibraryText& library,
                          const std::string& out) {
  const std::string abi = std::to_string(QC_ABI_MAJOR) + '.' + std::to_string(QC_ABI_MINOR);
  qc::Json json = {{"plugin", description.plugin()},
                   {"version", description.version()},
                   {"kind", description.kind()},
                   {"abi", abi},
                   {"owner", description.owner()},
                   {"library", library.name},
                   {"digest", qc::to_hex(qc::crypto::sm3(library.bytes))}};
  if (!library.needed.empty()) json["libraries"] = library.needed;
  if (!description.capabilities().empty()) json["capabilities"] = description.capabilities();
  if (!description.outbound_hosts().empty()) json["outbound_hosts"] = description.outbound_hosts();
  return qc::write_file(out, json.dump(2) + '\n', qc::FileMode::kPublic);
}

qc::Status manifest(const std::string& description_file, const std::string& library,
                    const std::string& name, const std::string& out) {
  QC_ASSIGN(const std::string text, qc::read_file(description_file));
  QC_ASSIGN(const Description description, in_file(Description::parse(text), description_file));
  QC_ASSIGN(const std::string bytes, qc::read_file(library, kMaxLibraryBytes));
  return write_manifest(description, {bytes, name, {}}, out);
}

struct MappedFiles {
  std::string stock, package, description, mapping, dictionary;
};

/// A package without a compiler: the stock library with both texts in it.
qc::Status mapped(const MappedFiles& files) {
  QC_ASSIGN(const std::string text, qc::read_file(files.description));
  QC_ASSIGN(const Description description, in_file(Description::parse(text), files.description));
  if (!files.dictionary.empty()) {
    QC_ASSIGN(const qc::Json dictionary, qc::read_json_file(files.dictionary));
    const qc::Status same = qc::plugin::check_dictionary(description, dictionary);
    if (!same.ok()) return same.error().under(files.description);
  }
  QC_ASSIGN(const std::string mapping, qc::read_file(files.mapping));
  QC_TRY(in_file(Mapping::parse(mapping, description), files.mapping));
  QC_ASSIGN(std::string stock, qc::read_file(files.stock, kMaxLibraryBytes));
  QC_ASSIGN(const std::string library,
            in_file(qc::plugin::fill_stock(std::move(stock), text, mapping), files.mapping));
  std::error_code ignored;
  std::filesystem::create_directories(files.package, ignored);
  const std::string name = description.plugin() + ".so";
  QC_TRY(qc::write_file(files.package + '/' + name, library, qc::FileMode::kPublic));
  QC_ASSIGN(std::vector<std::string> needed, qc::plugin::stock_libraries(library));
  return write_manifest(description, {library, name, std::move(needed)},
                        files.package + "/manifest.json");
}

int finish(const qc::Status& status) {
  if (status.ok()) return 0;
  std::cerr << status.error().code << ' ' << status.error().field << ": " << status.error().message
            << '\n';
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const std::string command = arguments.empty() ? "" : arguments[0];
  const std::size_t count = arguments.size();
  const auto argument = [&](std::size_t i) { return i < count ? arguments[i] : std::string(); };
  if ((count == 3 || count == 4) && command == "embed") {
    return finish(embed(arguments[1], arguments[2], argument(3)));
  }
  if (count == 5 && command == "manifest") {
    return finish(manifest(arguments[1], arguments[2], arguments[3], arguments[4]));
  }
  if ((count == 5 || count == 6) && command == "mapped") {
    return finish(mapped({arguments[1], arguments[2], arguments[3], arguments[4], argument(5)}));
  }
  std::cerr << "usage: quancheng-plugin-pack embed <plugin.json> <out.cpp> [<mapping.json>]\n"
               "       quancheng-plugin-pack manifest <plugin.json> <library> <file name> "
               "<manifest.json>\n"
               "       quancheng-plugin-pack mapped <stock library> <package folder> <plugin.json> "
               "<mapping.json> [<dictionary.json>]\n";
  return 2;
}
