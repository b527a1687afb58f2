// The safe box page as a citizen uses it: real Chromium, real host, real plugins.
#include <gtest/gtest.h>

#include "tests/e2e/live_city.hpp"
#include "tests/paths.hpp"

namespace qc::tests {
namespace {

TEST(SafeboxPage, ACitizensSession) {
  auto city = LiveCity::make({qc::tests::binary_dir(), qc::tests::source_dir(), 40});
  ASSERT_TRUE(city.ok()) << city.error().message;
  const Status started = (*city)->start();
  ASSERT_TRUE(started.ok()) << started.error().message;
  int status = -1;
  const Json story = (*city)->story(&status);  // founds the network, admits plugins and product
  ASSERT_EQ(status, 0) << story.dump().substr(0, 2000);
  const auto pictures = (*city)->scratch() / "pictures";
  const auto finished = cli::run_process(
      {QC_NODE, QC_DRIVER, (*city)->url(), ((*city)->dir() / "population/people.json").string(),
       qc::tests::binary_dir() + "/bin/quancheng", (*city)->profile("qc-bank").string(),
       pictures.string(), qc::tests::binary_dir() + "/gui/safebox/work/src"},
      {}, 300000);
  ASSERT_TRUE(finished.ok()) << finished.error().message;
  EXPECT_EQ(finished->exit_code, 0) << finished->out << finished->err;
  EXPECT_NE(finished->out.find("page session passed"), std::string::npos);
}

}  // namespace
}  // namespace qc::tests
