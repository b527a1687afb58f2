// Build tool: compiles plugin.json into the library, and writes the manifest beside it.
#include <iostream>

#include "sdk/base/files.hpp"
#include "sdk/crypto/sm3.hpp"
#include "sdk/plugin/description.hpp"
#include "sdk/plugin/entry.hpp"

namespace {

using qc::plugin::Description;

constexpr std::size_t kMaxLiteralBytes = 8U << 10U;
constexpr std::size_t kMaxLibraryBytes = 256U << 20U;

/// The description as a C++ source. Adjacent literals: compilers limit the length of one.
qc::Status embed(const std::string& description_file, const std::string& out) {
  QC_ASSIGN(const std::string text, qc::read_file(description_file));
  QC_TRY(Description::parse(text));
  std::string source =
      "#include \"sdk/plugin/entry.hpp\"\n\n"
      "std::string_view qc::plugin::embedded_description() {\n  return\n";
  for (std::size_t i = 0; i < text.size(); i += kMaxLiteralBytes) {
    source += "R\"qc-json(" + text.substr(i, kMaxLiteralBytes) + ")qc-json\"\n";
  }
  source += ";\n}\n";
  return qc::write_file(out, source, qc::FileMode::kPublic);
}

qc::Status manifest(const std::string& description_file, const std::string& library,
                    const std::string& name, const std::string& out) {
  QC_ASSIGN(const std::string text, qc::read_file(description_file));
  QC_ASSIGN(const Description description, Description::parse(text));
  QC_ASSIGN(const std::string bytes, qc::read_file(library, kMaxLibraryBytes));
  const std::string abi = std::to_string(QC_ABI_MAJOR) + '.' + std::to_string(QC_ABI_MINOR);
  const qc::Json json = {{"plugin", description.plugin()},
                         {"version", description.version()},
                         {"kind", description.kind()},
                         {"abi", abi},
                         {"owner", description.owner()},
                         {"library", name},
                         {"digest", qc::to_hex(qc::crypto::sm3(bytes))},
                         {"capabilities", description.capabilities()}};
  return qc::write_file(out, json.dump(2) + '\n', qc::FileMode::kPublic);
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
  if (arguments.size() == 3 && arguments[0] == "embed") {
    return finish(embed(arguments[1], arguments[2]));
  }
  if (arguments.size() == 5 && arguments[0] == "manifest") {
    return finish(manifest(arguments[1], arguments[2], arguments[3], arguments[4]));
  }
  std::cerr << "usage: quancheng-plugin-pack embed <plugin.json> <out.cpp>\n"
               "       quancheng-plugin-pack manifest <plugin.json> <library> <file name> "
               "<manifest.json>\n";
  return 2;
}
