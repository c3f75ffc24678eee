#include "transport/block_pool.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "transport/pages.h"

namespace wsuv {
namespace {

constexpr size_t kSmallest = 16384;
constexpr size_t kPageSize = 4096;

constexpr size_t SizeOf(size_t place) { return kSmallest << place; }

}  // namespace

// A block in so much memory; null where there is none.
WriteBlock* BlockPool::Make(size_t memory, size_t capacity, uint8_t kind) {
  void* const place = kind < kExact ? AllocatePages(memory) : std::malloc(memory);
  if (place == nullptr) return nullptr;
  auto* block = new (place) WriteBlock();
  block->memory = memory;
  block->capacity = static_cast<uint32_t>(capacity);
  block->kind = kind;
  memory_ += memory;
  return block;
}

void BlockPool::Free(WriteBlock* block) {
  memory_ -= block->memory;
  if (block->kind < kExact) {
    FreePages(block, block->memory);
  } else {
    std::free(block);
  }
}

BlockPool::~BlockPool() {
  if (last_ != nullptr) Unreference(std::exchange(last_, nullptr));
  for (WriteBlock* list : free_) {
    while (list != nullptr) {
      Free(std::exchange(list, list->next));
    }
  }
}

WriteBlock* BlockPool::Take(size_t size) {
  const size_t needed = size + sizeof(WriteBlock);
  size_t place = 0;
  while (place < kSizes && SizeOf(place) < needed) place++;
  if (place == kSizes) {
    const size_t memory = (needed + kPageSize - 1) / kPageSize * kPageSize;
    return Make(memory, size, kPages);
  }
  WriteBlock* block = free_[place];
  const size_t memory = SizeOf(place);
  if (block == nullptr) {
    return Make(memory, memory - sizeof(WriteBlock), static_cast<uint8_t>(place));
  }
  free_[place] = block->next;
  count_[place]--;
  least_[place] = std::min(least_[place], count_[place]);
  kept_ -= memory;
  block->next = nullptr;
  block->begin = block->end = 0;
  return block;
}

WriteBlock* BlockPool::TakeExact(size_t size) {
  const size_t memory = sizeof(WriteBlock) + size;
  // What is large goes back to the system when it is freed.
  if (memory >= SizeOf(0)) return Take(size);
  return Make(memory, size, kExact);
}

void BlockPool::Give(WriteBlock* chain) {
  while (chain != nullptr) GiveOne(std::exchange(chain, chain->next));
}

void BlockPool::GiveOne(WriteBlock* block) {
  if (block->kind == kReference) Unreference(block->frame);
  if (block->kind >= kPages || kept_ + block->memory > kMaxKept) {
    Free(block);
    return;
  }
  block->next = free_[block->kind];
  free_[block->kind] = block;
  count_[block->kind]++;
  kept_ += block->memory;
}

void BlockPool::Unreference(EncodedFrame* frame) {
  if (--frame->references > 0) return;
  GiveOne(frame->storage);
  delete frame;
}

bool BlockPool::IsLast(ByteView header, ByteView payload) const {
  if (last_ == nullptr || last_->storage->end != header.size + payload.size) return false;
  const uint8_t* bytes = last_->storage->own_bytes();
  return std::memcmp(bytes, header.data, header.size) == 0 &&
         std::memcmp(bytes + header.size, payload.data, payload.size) == 0;
}

WriteBlock* BlockPool::TakeFrame(ByteView header, ByteView payload) {
  WriteBlock* block = Make(sizeof(WriteBlock), 0, kReference);
  if (block == nullptr) return nullptr;
  const size_t size = header.size + payload.size;
  if (!IsLast(header, payload)) {
    if (last_ != nullptr) Unreference(std::exchange(last_, nullptr));
    WriteBlock* storage = Take(size);
    auto* frame = storage == nullptr ? nullptr : new (std::nothrow) EncodedFrame{storage, 1};
    if (frame == nullptr) {
      if (storage != nullptr) GiveOne(storage);
      Free(block);
      return nullptr;
    }
    uint8_t* bytes = storage->own_bytes();
    std::memcpy(bytes, header.data, header.size);
    std::memcpy(bytes + header.size, payload.data, payload.size);
    storage->end = static_cast<uint32_t>(size);
    last_ = frame;
  }
  last_was_used_ = true;
  last_->references++;
  block->frame = last_;
  block->capacity = block->end = static_cast<uint32_t>(size);
  return block;
}

bool BlockPool::Trim() {
  if (!last_was_used_ && last_ != nullptr) Unreference(std::exchange(last_, nullptr));
  last_was_used_ = false;
  for (size_t place = 0; place < kSizes; place++) {
    for (; least_[place] > 0 && count_[place] > 0; least_[place]--) {
      WriteBlock* block = std::exchange(free_[place], free_[place]->next);
      count_[place]--;
      kept_ -= block->memory;
      Free(block);
    }
    least_[place] = count_[place];
  }
  return kept_ > 0 || last_ != nullptr;
}

}  // namespace wsuv
