#include "sdk/base/at_once.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace qc {

void at_once(std::size_t count, const std::function<void(std::size_t)>& task) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) task(i);
  };
  const std::size_t processors = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 2, 8);
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < std::min(processors, count); ++i) others.emplace_back(work);
  work();
}

}  // namespace qc
