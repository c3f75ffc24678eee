#include "binding/staging.h"

#include <algorithm>
#include <utility>

namespace wsuv {

bool Staging::MakeRoom(napi_env env) {
  const size_t next = current_ == nullptr ? 0 : filled_ + 1;
  if (next == chunks_.size()) {
    auto chunk = std::make_unique<Chunk>();
    chunk->memory = SharedMemory::Create(env, kChunkSize);
    if (chunk->memory == nullptr) return false;
    chunks_.push_back(std::move(chunk));
  }
  filled_ = next;
  current_ = chunks_[next].get();
  return true;
}

void Staging::Reset() {
  if (current_ != nullptr && current_->used > 0) needed_ = std::max(needed_, filled_ + 1);
  for (const auto& chunk : chunks_) chunk->used = 0;
  FreeAllBut(kKeptChunks);
}

bool Staging::Trim() {
  FreeAllBut(needed_);
  needed_ = 0;
  return !chunks_.empty();
}

void Staging::FreeAllBut(size_t count) {
  if (chunks_.size() > count) chunks_.resize(count);
  filled_ = 0;
  current_ = chunks_.empty() ? nullptr : chunks_[0].get();
}

}  // namespace wsuv
