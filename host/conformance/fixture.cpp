// Messages of the author's, which the plugin must answer: what reaches its own code.
#include <algorithm>

#include "host/conformance/checks.hpp"
#include "sdk/base/files.hpp"

namespace qc::conformance {
namespace {

constexpr std::size_t kMaxCalls = 64;
constexpr int kMaxShapeDepth = 16;

void add_shape(const Json& json, int depth, std::string& out) {
  if (json.is_object() && depth < kMaxShapeDepth) {
    out += '{';
    for (const auto& [name, value] : json.items()) {
      out += name + ':';
      add_shape(value, depth + 1, out);
      out += ',';
    }
    out += '}';
  } else if (json.is_array() && depth < kMaxShapeDepth) {
    out += '[';
    for (const Json& value : json) add_shape(value, depth + 1, out);
    out += ']';
  } else {
    out += json.type_name();
    out += ' ';
  }
}

}  // namespace

Result<Fixture> read_fixture(const std::filesystem::path& file) {
  QC_ASSIGN(const Json json, read_json_file(file));
  const JsonReader reader(json, "fixture");
  QC_TRY(reader.expect_only({"chain", "calls"}));
  Fixture fixture;
  if (reader.has("chain")) {
    QC_ASSIGN(fixture.chain, reader.text("chain", 64));
  }
  QC_ASSIGN(const Json* calls, reader.array("calls", kMaxCalls));
  for (const Json& entry : *calls) {
    const JsonReader call(entry, "calls");
    QC_TRY(call.expect_only({"method", "message"}));
    QC_ASSIGN(std::string method, call.text("method", 64));
    QC_ASSIGN(const Json* message, call.object("message"));
    fixture.calls.push_back({std::move(method), message->dump()});
  }
  return fixture;
}

std::vector<Message> spoiled(const Message& message) {
  std::vector<Message> out;
  const auto whole = parse_json(message.text);
  if (!whole.ok() || !whole->is_object()) return out;
  for (const auto& [name, value] : whole->items()) {
    for (const Json& other : {Json(), Json(-1), Json(""), Json(std::string(100'000, 'a')),
                              Json::array(), Json::object()}) {
      if (other == value) continue;
      Json changed = *whole;
      changed[name] = other;
      out.push_back({message.method, changed.dump()});
    }
    Json without = *whole;
    without.erase(name);
    out.push_back({message.method, without.dump()});
  }
  return out;
}

std::string shape_of(const Answer& answer) {
  std::string out = "status " + std::to_string(answer.status) + ' ';
  const auto json = parse_json(answer.text);
  if (!json.ok()) return out + "no JSON";
  // What is signed and salted anew differs each time; what kind of answer it is does not.
  add_shape(*json, 0, out);
  return answer.status == QC_OK ? out : out + text_of(*json, "code");
}

}  // namespace qc::conformance
