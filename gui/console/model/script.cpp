#include "gui/console/model/script.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "gui/console/model/snapshot.hpp"
#include "gui/console/model/strings.hpp"

namespace qc::console {
namespace {

struct Shape {
  std::string_view name;
  std::size_t min_arguments;
  std::size_t max_arguments;
};

constexpr std::size_t kAny = 1000;
constexpr std::array kShapes = {
    Shape{"view", 1, 1},   Shape{"select", 1, 1}, Shape{"filter", 0, kAny},  Shape{"trace", 1, 1},
    Shape{"tab", 1, 1},    Shape{"click", 1, 1},  Shape{"action", 1, 1},     Shape{"confirm", 0, 0},
    Shape{"cancel", 0, 0}, Shape{"key", 1, 1},    Shape{"type", 1, kAny},    Shape{"lang", 1, 1},
    Shape{"theme", 1, 1},  Shape{"wait", 1, 2},   Shape{"screenshot", 1, 1}, Shape{"dump", 1, 1},
};

bool digits(const std::string& text) {
  return !text.empty() && text.size() < 7 &&
         text.find_first_not_of("0123456789") == std::string::npos;
}

bool good_wait(const Step& step) {
  const std::string& what = step.arguments[0];
  if (what == "state") return step.arguments.size() == 2;
  if (step.arguments.size() != 1) return false;
  return what == "ready" || what == "signed-in" || what == "failed" || what == "idle" ||
         digits(what);
}

bool good_arguments(const Step& step) {
  if (step.name == "view") return view_from(step.arguments[0]).has_value();
  if (step.name == "action") return verb_from(step.arguments[0]).has_value();
  if (step.name == "lang") return lang_from(step.arguments[0]).has_value();
  if (step.name == "theme") return step.arguments[0] == "light" || step.arguments[0] == "dark";
  if (step.name == "tab") return step.arguments[0] == "flows" || step.arguments[0] == "subject";
  if (step.name == "wait") return good_wait(step);
  return true;
}

}  // namespace

Result<std::vector<Step>> parse_script(std::string_view text) {
  std::vector<Step> steps;
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream words(line);
    Step step;
    step.line = number;
    if (!(words >> step.name) || step.name.starts_with("#")) continue;
    std::getline(words >> std::ws, step.rest);
    while (!step.rest.empty() && (step.rest.back() == ' ' || step.rest.back() == '\r')) {
      step.rest.pop_back();
    }
    std::istringstream rest(step.rest);
    for (std::string word; rest >> word;) step.arguments.push_back(word);
    const std::string where = "line " + std::to_string(number);
    const auto* shape = std::find_if(kShapes.begin(), kShapes.end(),
                                     [&](const Shape& s) { return s.name == step.name; });
    if (shape == kShapes.end()) {
      return invalid("script.unknown_step", "no such step: " + step.name, where);
    }
    if (step.arguments.size() < shape->min_arguments ||
        step.arguments.size() > shape->max_arguments || !good_arguments(step)) {
      return invalid("script.bad_argument", "wrong arguments of " + step.name, where);
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

Result<std::vector<Step>> load_script(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return not_found("script.io", "cannot read " + file.string());
  std::stringstream text;
  text << in.rdbuf();
  return parse_script(text.str());
}

}  // namespace qc::console
