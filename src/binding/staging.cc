#include "binding/staging.h"

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
  if (chunks_.size() > kKeptChunks) chunks_.resize(kKeptChunks);
  for (const auto& chunk : chunks_) chunk->used = 0;
  filled_ = 0;
  current_ = chunks_.empty() ? nullptr : chunks_[0].get();
}

void Staging::Clear() {
  chunks_.clear();
  filled_ = 0;
  current_ = nullptr;
}

}  // namespace wsuv
