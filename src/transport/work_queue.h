#ifndef WSUV_TRANSPORT_WORK_QUEUE_H_
#define WSUV_TRANSPORT_WORK_QUEUE_H_

#include <uv.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace wsuv {

/// Something that takes long, to be done by a thread of libuv's pool.
class Work {
 public:
  /// What is to become of work whose turn it is.
  enum class Turn {
    kRun,
    kWait,  ///< What it needs is lent to other work; ask again when some of that is done.
    kDrop,  ///< Nobody wants it any more.
  };

  virtual ~Work() = default;
  /// Asked in the loop's thread before Run().
  virtual Turn Begin() = 0;
  /// Runs in a thread of the pool: may touch nothing but what belongs to this object.
  virtual void Run() = 0;
  /// Runs in the loop's thread, after Run(). Not called once the loop is shutting down.
  virtual void Finish() = 0;
};

/// The work of one loop, a limited number at a time, so that it leaves the pool's threads to others
/// (file system, DNS) as well.
class WorkQueue {
 public:
  explicit WorkQueue(uv_loop_t* loop) : loop_(loop) {}

  /// How much work may be in the pool at once; at least 1.
  void set_limit(size_t limit) { limit_ = limit; }
  /// `is_urgent`: it holds what others may wait for, and comes before them.
  void Submit(std::unique_ptr<Work> work, bool is_urgent = false);

  /// Drops what has not begun. What runs must be waited for: `on_idle` is called when it ended.
  void Shutdown(std::function<void()> on_idle);
  size_t running() const { return requests_.size(); }

 private:
  struct Request;

  void StartWaiting();
  static void OnRun(uv_work_t* request);
  static void OnDone(uv_work_t* request, int status);

  uv_loop_t* loop_;
  std::deque<std::unique_ptr<Work>> urgent_;
  std::deque<std::unique_ptr<Work>> waiting_;
  std::function<void()> on_idle_;
  std::vector<Request*> requests_;  // In the pool.
  size_t limit_ = 10;
};

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_WORK_QUEUE_H_
