// quancheng: the command line of the network.
#include <csignal>
#include <iostream>

#include "host/cli/commands.hpp"

int main(int argc, char** argv) {
  (void)std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error to handle, not an end
  return qc::cli::run_program({argv + 1, argv + argc}, std::cout, std::cerr);
}
