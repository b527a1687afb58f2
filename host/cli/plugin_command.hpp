// Internal: the parts of `quancheng plugin …`, one file each.
#pragma once

#include "host/cli/arguments.hpp"

namespace qc::cli {

void add_plugin_project(Command group);  ///< plugin_project.cpp: new, build
void add_plugin_check(Command group);    ///< plugin_check.cpp
void add_plugin_sign(Command group);     ///< plugin_sign.cpp
void add_plugin_pack(Command group);     ///< plugin_sign.cpp
void add_plugin_inspect(Command group);  ///< plugin_inspect.cpp

}  // namespace qc::cli
