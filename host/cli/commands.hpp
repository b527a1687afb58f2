// The command groups. Each adds its commands to the program's root.
#pragma once

#include "host/cli/arguments.hpp"

namespace qc::cli {

void add_city(Command root);
void add_operator(Command root);
void add_plugin_operation(Command group);  ///< below "operator"
void add_governance(Command root);
void add_department(Command root);
void add_bank(Command root);
void add_plugin(Command root);
void add_wallet(Command root);
void add_key(Command root);
void add_receipt(Command root);
void add_ledger(Command root, const RunMode& mode);
void add_mandate(Command root);
void add_witness(Command root);
void add_regulator(Command root);
void add_story(Command root, const RunMode& mode);

/// The whole program with every group. Returns the exit code.
int run_program(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace qc::cli
