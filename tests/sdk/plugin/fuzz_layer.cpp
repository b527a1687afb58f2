// Any bytes as any message of a configured department and a configured product.
#include "tests/sdk/plugin/support.hpp"

namespace {

using namespace qc::plugin;  // NOLINT: one function

struct Rigs {
  std::shared_ptr<ScriptedDepartment::Script> script =
      std::make_shared<ScriptedDepartment::Script>();
  Rig department{department_description(),
                 make_service(std::unique_ptr<Department>(new ScriptedDepartment(script))), "t"};
  Rig product{product_description(),
              make_service(std::unique_ptr<Product>(new ScriptedProduct(
                  [](const Request&) -> qc::Result<Decision> { return qc::internal("t", "t"); }))),
              "bank"};
  Rigs() {
    script->fetch = [](const Subject&, const Item&) -> qc::Result<Record> {
      return Record{good_record()};
    };
    department.configure();
    product.configure();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Rigs rigs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  rigs.department.call_raw("issue", text);
  rigs.department.call_raw("issue_fresh", text);
  rigs.product.call_raw("decide", text);
  (void)Description::parse(text);
  return 0;
}
