#include "transport/write_queue.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace wsuv {
namespace {

constexpr size_t kLargestBlock = size_t{1} << 30;

WriteBlock* Allocate(size_t capacity) {
  void* memory = std::malloc(sizeof(WriteBlock) + capacity);
  // Like operator new would: there is no way to go on without memory for what was promised.
  if (memory == nullptr) std::abort();
  auto* block = new (memory) WriteBlock();
  block->capacity = static_cast<uint32_t>(capacity);
  return block;
}

void FreeAll(WriteBlock* chain) {
  while (chain != nullptr) {
    WriteBlock* next = chain->next;
    std::free(chain);
    chain = next;
  }
}

// The first block of a list, emptied.
WriteBlock* Pop(WriteBlock*& list) {
  WriteBlock* block = list;
  list = block->next;
  block->next = nullptr;
  block->begin = block->end = 0;
  return block;
}

void Push(WriteBlock*& list, WriteBlock* block) {
  block->next = list;
  list = block;
}

}  // namespace

BlockPool::~BlockPool() {
  FreeAll(free_);
  FreeAll(free_staging_);
}

WriteBlock* BlockPool::Take(size_t size) {
  if (size > kBlockCapacity) {
    const bool can_stage = size <= kStagingCapacity && staging_in_use_ < kMaxStaging;
    return can_stage ? TakeStaging() : Allocate(size);
  }
  if (free_ == nullptr) return Allocate(kBlockCapacity);
  kept_--;
  return Pop(free_);
}

WriteBlock* BlockPool::TakeStaging() {
  staging_in_use_++;
  if (free_staging_ != nullptr) return Pop(free_staging_);
  WriteBlock* block = Allocate(kStagingCapacity);
  block->staging = true;
  return block;
}

void BlockPool::Give(WriteBlock* chain) {
  while (chain != nullptr) {
    WriteBlock* next = chain->next;
    if (chain->capacity == kBlockCapacity && kept_ < kMaxKept) {
      Push(free_, chain);
      kept_++;
    } else if (chain->staging) {
      Push(free_staging_, chain);
      staging_in_use_--;
    } else {
      std::free(chain);
    }
    chain = next;
  }
}

uint8_t* WriteQueue::Extend(size_t count, BlockPool& pool) {
  if (last_ == nullptr || last_->capacity - last_->end < count) {
    WriteBlock* block = pool.Take(count);
    (last_ != nullptr ? last_->next : first_) = block;
    last_ = block;
  }
  uint8_t* place = last_->data() + last_->end;
  last_->end += static_cast<uint32_t>(count);
  size_ += count;
  return place;
}

void WriteQueue::Append(const uint8_t* bytes, size_t count, BlockPool& pool) {
  while (count > 0) {
    const size_t piece = std::min(count, kLargestBlock);
    std::memcpy(Extend(piece, pool), bytes, piece);
    bytes += piece;
    count -= piece;
  }
}

size_t WriteQueue::Gather(uv_buf_t* buffers, size_t max) const {
  size_t used = 0;
  for (WriteBlock* block = first_; block != nullptr && used < max; block = block->next) {
    buffers[used++] = uv_buf_init(reinterpret_cast<char*>(block->data() + block->begin),
                                  block->end - block->begin);
  }
  return used;
}

std::vector<uv_buf_t> WriteQueue::GatherAll() const {
  size_t blocks = 0;
  for (const WriteBlock* block = first_; block != nullptr; block = block->next) blocks++;
  std::vector<uv_buf_t> buffers(blocks);
  Gather(buffers.data(), blocks);
  return buffers;
}

void WriteQueue::Consume(size_t count, BlockPool& pool) {
  size_ -= count;
  while (first_ != nullptr) {
    const size_t have = first_->end - first_->begin;
    if (count < have) {
      first_->begin += static_cast<uint32_t>(count);
      return;
    }
    count -= have;
    WriteBlock* done = first_;
    first_ = done->next;
    done->next = nullptr;
    pool.Give(done);
  }
  last_ = nullptr;
}

void WriteQueue::Settle(BlockPool& pool) {
  for (WriteBlock** link = &first_; *link != nullptr; link = &(*link)->next) {
    WriteBlock* block = *link;
    const uint32_t size = block->end - block->begin;
    const bool is_pooled = block->capacity == BlockPool::kBlockCapacity;
    if (!block->staging && (!is_pooled || size >= block->capacity / 2)) continue;
    WriteBlock* own = Allocate(size);
    std::memcpy(own->data(), block->data() + block->begin, size);
    own->end = size;
    own->next = block->next;
    *link = own;
    if (last_ == block) last_ = own;
    block->next = nullptr;
    pool.Give(block);
  }
}

WriteBlock* WriteQueue::TakeAll() {
  WriteBlock* chain = first_;
  first_ = last_ = nullptr;
  size_ = 0;
  return chain;
}

}  // namespace wsuv
