#include "transport/work_queue.h"

#include <utility>

namespace wsuv {

struct WorkQueue::Request {
  uv_work_t request;
  WorkQueue* queue;
  std::unique_ptr<Work> work;
};

void WorkQueue::Submit(std::unique_ptr<Work> work) {
  if (on_idle_ != nullptr) return;
  if (running_ < limit_) {
    Start(std::move(work));
  } else {
    waiting_.push_back(std::move(work));
  }
}

void WorkQueue::Start(std::unique_ptr<Work> work) {
  auto* request = new Request{{}, this, std::move(work)};
  request->request.data = request;
  running_++;
  uv_queue_work(loop_, &request->request, OnRun, OnDone);
}

void WorkQueue::OnRun(uv_work_t* request) { static_cast<Request*>(request->data)->work->Run(); }

void WorkQueue::OnDone(uv_work_t* request, int) {
  const std::unique_ptr<Request> done(static_cast<Request*>(request->data));
  WorkQueue* queue = done->queue;
  queue->running_--;
  if (queue->on_idle_ != nullptr) {
    // The last one may take the queue along.
    const std::function<void()> on_idle = queue->on_idle_;
    if (queue->running_ == 0) on_idle();
    return;
  }
  if (!queue->waiting_.empty()) {
    std::unique_ptr<Work> next = std::move(queue->waiting_.front());
    queue->waiting_.pop_front();
    queue->Start(std::move(next));
  }
  done->work->Finish();
}

void WorkQueue::Shutdown(std::function<void()> on_idle) {
  waiting_.clear();
  on_idle_ = std::move(on_idle);
}

}  // namespace wsuv
