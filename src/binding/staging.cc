#include "binding/staging.h"

#include <utility>

namespace wsuv {

bool Staging::MakeRoom(napi_env env) {
  const size_t next = current_ == chunks_.size() ? current_ : current_ + 1;
  if (next == chunks_.size()) {
    auto chunk = std::make_unique<Chunk>();
    chunk->memory = SharedMemory::Create(env, kChunkSize);
    if (chunk->memory == nullptr) return false;
    chunks_.push_back(std::move(chunk));
  }
  current_ = next;
  return true;
}

void Staging::Reset() {
  if (chunks_.size() > kKeptChunks) chunks_.resize(kKeptChunks);
  for (const auto& chunk : chunks_) chunk->used = 0;
  current_ = 0;
}

void Staging::Clear() {
  chunks_.clear();
  current_ = 0;
}

}  // namespace wsuv
