#include "transport/heap_trimmer.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <memory>

namespace wsuv {
namespace {

class TrimHeap final : public Work {
 public:
  Turn Begin() override { return Turn::kRun; }
  void Run() override {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
  }
  void Finish() override {}
};

}  // namespace

bool HeapTrimmer::Observe(uint64_t reads) {
  const uint64_t recent = reads - reads_;
  reads_ = reads;
  busiest_ = std::max(busiest_, recent);
  if (busiest_ < kBurst) {
    busiest_ = 0;
  } else if (recent >= busiest_ / kQuiet) {
    was_quiet_ = false;
  } else if (!was_quiet_) {
    was_quiet_ = true;
  } else {
    was_quiet_ = false;
    busiest_ = 0;
    count_++;
    work_.Submit(std::make_unique<TrimHeap>());
  }
  return busiest_ > 0;
}

}  // namespace wsuv
