#ifndef WSUV_BENCH_CORE_HOT_PATHS_H_
#define WSUV_BENCH_CORE_HOT_PATHS_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace wsuv::bench {

/// Something that the core does for every message or handshake.
struct HotPath {
  std::string name;
  size_t bytes;  ///< That one run works on; 0 where that says nothing.
  std::function<void()> run;
  /// Whether it is the same work done by a plain loop, to compare with.
  bool is_baseline = false;
};

/// All of them. What they need is made here, once.
std::vector<HotPath> HotPaths();

}  // namespace wsuv::bench

#endif  // WSUV_BENCH_CORE_HOT_PATHS_H_
