#include "transport/work_queue.h"

#include <algorithm>
#include <utility>

namespace wsuv {

struct WorkQueue::Request {
  uv_work_t request;
  WorkQueue* queue;
  std::unique_ptr<Work> work;
};

void WorkQueue::Submit(std::unique_ptr<Work> work, bool is_urgent) {
  if (on_idle_ != nullptr) return;
  (is_urgent ? urgent_ : waiting_).push_back(std::move(work));
  StartWaiting();
}

void WorkQueue::StartWaiting() {
  while (requests_.size() < limit_) {
    std::deque<std::unique_ptr<Work>>& from = urgent_.empty() ? waiting_ : urgent_;
    if (from.empty()) return;
    const Work::Turn turn = from.front()->Begin();
    if (turn == Work::Turn::kWait) return;
    std::unique_ptr<Work> next = std::move(from.front());
    from.pop_front();
    if (turn == Work::Turn::kDrop) continue;
    auto* request = new Request{{}, this, std::move(next)};
    request->request.data = request;
    requests_.push_back(request);
    uv_queue_work(loop_, &request->request, OnRun, OnDone);
  }
}

void WorkQueue::OnRun(uv_work_t* request) { static_cast<Request*>(request->data)->work->Run(); }

void WorkQueue::OnDone(uv_work_t* request, int) {
  std::unique_ptr<Request> done(static_cast<Request*>(request->data));
  WorkQueue* queue = done->queue;
  queue->requests_.erase(std::find(queue->requests_.begin(), queue->requests_.end(), done.get()));
  if (queue->on_idle_ != nullptr) {
    // What it holds goes first: the last one may take the queue along, and all that belongs to it.
    done.reset();
    const std::function<void()> on_idle = queue->on_idle_;
    if (queue->requests_.empty()) on_idle();
    return;
  }
  done->work->Finish();
  queue->StartWaiting();
}

void WorkQueue::Shutdown(std::function<void()> on_idle) {
  urgent_.clear();
  waiting_.clear();
  on_idle_ = std::move(on_idle);
  // What waits for a thread is over at once. (It is told so by the loop, later.)
  for (Request* request : requests_) uv_cancel(reinterpret_cast<uv_req_t*>(&request->request));
}

}  // namespace wsuv
