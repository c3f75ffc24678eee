#ifndef WSUV_TRANSPORT_HEAP_TRIMMER_H_
#define WSUV_TRANSPORT_HEAP_TRIMMER_H_

#include <uv.h>

#include <cstdint>
#include <functional>

#include "transport/work_queue.h"

namespace wsuv {

/// Gives the system back, after a burst, the pages that the process's heap does not use any more.
///
/// glibc does that by itself only at the end of its heap; what a burst has freed lies between what
/// lives on (the windows of compressing connections, objects of the program's own), and would stay
/// with the process for ever. The whole heap is looked through once when it has been quiet for two
/// calls, by a thread of libuv's pool, since that can take milliseconds. Elsewhere than with glibc
/// this does nothing.
class HeapTrimmer {
 public:
  explicit HeapTrimmer(uv_loop_t* loop) : work_(loop) {}

  /// To be called every few seconds with the number of reads that there have been on the loop.
  /// Returns whether there was a burst whose end has not been seen yet.
  bool Observe(uint64_t reads);

  /// As WorkQueue has them.
  void Shutdown(std::function<void()> on_idle) { work_.Shutdown(std::move(on_idle)); }
  size_t running() const { return work_.running(); }
  /// How often looking through the heap was begun.
  uint64_t count() const { return count_; }

 private:
  // Fewer reads between two calls are no burst.
  static constexpr uint64_t kBurst = 256;
  // It is over when there are fewer by this factor.
  static constexpr uint64_t kQuiet = 8;

  WorkQueue work_;
  uint64_t reads_ = 0;      // So many there had been at the last call.
  uint64_t busiest_ = 0;    // The most between two calls since it was quiet.
  bool was_quiet_ = false;  // At the last call. Then pools free what they kept, too.
  uint64_t count_ = 0;
};

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_HEAP_TRIMMER_H_
