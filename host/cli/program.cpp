#include "host/cli/commands.hpp"

namespace qc::cli {

int run_program(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  Program program;
  Command root = program.root();
  add_story(root, program.mode());
  add_wallet(root);
  add_bank(root);
  add_department(root);
  add_plugin(root);
  add_operator(root);
  add_governance(root);
  add_mandate(root);
  add_witness(root);
  add_regulator(root);
  add_key(root);
  add_receipt(root);
  add_ledger(root, program.mode());
  add_city(root);
  return program.run(arguments, out, err);
}

}  // namespace qc::cli
