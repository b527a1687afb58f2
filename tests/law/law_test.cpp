// The law of the house as checked data: who may include whom, how long a file and a line may be.
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sdk/base/json.hpp"
#include "tests/paths.hpp"

namespace fs = std::filesystem;

namespace {

using Rooms = std::map<std::string, std::set<std::string>>;

std::string read_file(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Rooms load_rooms() {
  const auto parsed =
      qc::parse_json(read_file(fs::path(qc::tests::source_dir()) / "tests/law/rooms.json"));
  Rooms rooms;
  for (const auto& [room, allowed] : parsed.value().at("rooms").items()) {
    for (const auto& other : allowed) rooms[room].insert(other.get<std::string>());
    rooms[room];
  }
  return rooms;
}

/// The longest room that is a folder above `file`, or "".
std::string room_of(const std::string& file, const Rooms& rooms) {
  std::string best;
  for (const auto& [room, allowed] : rooms) {
    if (file.rfind(room + "/", 0) == 0 && room.size() > best.size()) best = room;
  }
  return best;
}

bool is_source(const fs::path& path) {
  const auto extension = path.extension();
  return extension == ".cpp" || extension == ".hpp" || extension == ".h" || extension == ".c";
}

std::vector<std::string> sources(const std::vector<std::string>& tops) {
  std::vector<std::string> files;
  for (const auto& top : tops) {
    const fs::path base = fs::path(qc::tests::source_dir()) / top;
    for (const auto& entry : fs::recursive_directory_iterator(base)) {
      if (!entry.is_regular_file() || !is_source(entry.path())) continue;
      const std::string name = fs::relative(entry.path(), qc::tests::source_dir()).string();
      if (name.find("node_modules") == std::string::npos) files.push_back(name);
    }
  }
  return files;
}

std::vector<std::string> includes_of(const std::string& text) {
  static const std::regex kInclude("^\\s*#\\s*include\\s+\"([^\"]+)\"");
  std::vector<std::string> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_search(line, match, kInclude)) out.push_back(match[1]);
  }
  return out;
}

std::vector<std::string> violations(const std::string& file, const std::string& text,
                                    const Rooms& rooms) {
  std::vector<std::string> out;
  const std::string room = room_of(file, rooms);
  if (room.empty()) return {file + ": belongs to no room of tests/law/rooms.json"};
  for (const auto& include : includes_of(text)) {
    const std::string other = room_of(include, rooms);
    if (other == room) continue;
    if (other.empty()) {
      out.push_back(file + ": \"" + include + "\" is not a path from the root into a room");
    } else if (rooms.at(room).count(other) == 0) {
      out.push_back(file + ": " + room + " may not use " + other + " (" + include + ")");
    }
  }
  return out;
}

TEST(Law, IncludesFollowTheRooms) {
  const Rooms rooms = load_rooms();
  std::size_t checked = 0;
  for (const auto& file : sources({"sdk", "host", "plugins", "gui", "samples"})) {
    const auto found = violations(file, read_file(fs::path(qc::tests::source_dir()) / file), rooms);
    for (const auto& violation : found) ADD_FAILURE() << violation;
    ++checked;
  }
  EXPECT_GT(checked, 50U);
}

TEST(Law, CheckerSeesAViolation) {
  const Rooms rooms = load_rooms();
  EXPECT_TRUE(violations("sdk/crypto/a.cpp", "#include \"sdk/base/json.hpp\"\n", rooms).empty());
  EXPECT_EQ(violations("sdk/crypto/a.cpp", "#include \"host/chain/ledger.hpp\"\n", rooms).size(),
            1U);
  EXPECT_EQ(violations("sdk/crypto/a.cpp", "#include \"jose.hpp\"\n", rooms).size(), 1U);
  EXPECT_EQ(violations("elsewhere/a.cpp", "", rooms).size(), 1U);
}

TEST(Law, RoomsHaveNoCycle) {
  const Rooms rooms = load_rooms();
  std::map<std::string, int> seen;  // 1 = on the path, 2 = done
  std::function<void(const std::string&)> visit = [&](const std::string& room) {
    ASSERT_NE(seen[room], 1) << "cycle through " << room;
    if (seen[room] == 2) return;
    seen[room] = 1;
    for (const auto& other : rooms.at(room)) {
      ASSERT_TRUE(rooms.count(other) != 0) << room << " names an unknown room " << other;
      visit(other);
    }
    seen[room] = 2;
  };
  for (const auto& [room, allowed] : rooms) visit(room);
}

TEST(Law, FilesAreOfASizeToLiveIn) {
  // Built up at run time so that this file does not find itself.
  const std::regex leftover("\\b(" + std::string("TO") + "DO|FIX" + "ME|X" + "XX|HA" + "CK)\\b");
  for (const auto& file : sources({"sdk", "host", "plugins", "gui", "samples", "tests"})) {
    std::istringstream lines(read_file(fs::path(qc::tests::source_dir()) / file));
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line);) {
      ++count;
      EXPECT_FALSE(std::regex_search(line, leftover)) << file << ":" << count << ": leftover";
    }
    EXPECT_LE(count, 800U) << file << " is too long: give each concern its own file";
  }
}

}  // namespace
