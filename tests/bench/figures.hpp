// Figures as tests/bench/run.sh collects them: one JSON object a line.
#pragma once

#include <cstdlib>
#include <fstream>
#include <string>

#include "sdk/base/json.hpp"

namespace qc::bench {

/// One figure. `target` and `yardstick` are in `unit` too; 0 where there is none.
struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  double target = 0;
  double yardstick = 0;
  std::string notes;
};

/// Appends figures to the file that QC_FIGURES names; does nothing without one. Thread contract:
/// one thread.
class Figures {
 public:
  Figures() {
    const char* const path = std::getenv("QC_FIGURES");
    if (path != nullptr) out_.open(path, std::ios::app);
  }
  void add(const Figure& figure) {
    if (!out_.is_open()) return;
    const auto or_null = [](double number) { return number == 0 ? Json() : Json(number); };
    const double ratio = figure.yardstick == 0 ? 0 : figure.value / figure.yardstick;
    const Json line{{"name", figure.name},
                    {"value", figure.value},
                    {"unit", figure.unit},
                    {"target", or_null(figure.target)},
                    {"yardstick", or_null(figure.yardstick)},
                    {"ratio", or_null(ratio)},
                    {"notes", figure.notes}};
    out_ << line.dump() << '\n' << std::flush;
  }

 private:
  std::ofstream out_;
};

/// The value after `option` on the command line, or "".
inline std::string option_value(int argc, char** argv, std::string_view option) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (argv[i] == option) return argv[i + 1];
  }
  return {};
}
inline bool has_option(int argc, char** argv, std::string_view option) {
  for (int i = 1; i < argc; ++i) {
    if (argv[i] == option) return true;
  }
  return false;
}

}  // namespace qc::bench
