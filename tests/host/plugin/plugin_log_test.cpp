#include "host/plugin/plugin_log.hpp"

#include <sstream>

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "sdk/plugin/abi.h"

namespace qc::plugin {
namespace {

TEST(PluginLogTest, LinesCannotBeForgedOrEndless) {
  EXPECT_EQ(PluginLog::clean("a\nb\r\x1b[31m\x7f"), "a b  [31m ");
  EXPECT_EQ(PluginLog::clean(std::string(5000, 'x')).size(), PluginLog::kMaxLineBytes);
  // Cut at a character's border: 泉 has three bytes, and 512 is no multiple of three.
  std::string chinese;
  for (int i = 0; i < 300; ++i) chinese += "泉";
  EXPECT_EQ(PluginLog::clean(chinese).size(), 510U);
}

TEST(PluginLogTest, AFloodIsCut) {
  std::ostringstream out;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out)));
  PluginLog log("noisy");
  for (int i = 0; i < 5000; ++i) log.write(QC_LOG_ERROR, "again");
  spdlog::set_default_logger(before);
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), PluginLog::kMaxLinesPerWindow);
  EXPECT_NE(text.find("plugin noisy: again"), std::string::npos);
}

}  // namespace
}  // namespace qc::plugin
