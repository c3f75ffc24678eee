#include "transport/write_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace wsuv {
namespace {

// More is split: a block's places have 32 bits.
constexpr size_t kLargestBlock = size_t{1} << 30;

}  // namespace

void WriteQueue::Link(WriteBlock* block) {
  (last_ != nullptr ? last_->next : first_) = block;
  last_ = block;
}

uint8_t* WriteQueue::Extend(size_t count, BlockPool& pool) {
  if (last_ == nullptr || last_->capacity - last_->end < count) {
    WriteBlock* block = pool.Take(count);
    if (block == nullptr) return nullptr;
    Link(block);
  }
  uint8_t* place = last_->data() + last_->end;
  last_->end += static_cast<uint32_t>(count);
  size_ += count;
  return place;
}

bool WriteQueue::Append(const uint8_t* bytes, size_t count, BlockPool& pool) {
  while (count > 0) {
    const size_t piece = std::min(count, kLargestBlock);
    uint8_t* place = Extend(piece, pool);
    if (place == nullptr) return false;
    std::memcpy(place, bytes, piece);
    bytes += piece;
    count -= piece;
  }
  return true;
}

void WriteQueue::Add(WriteBlock* block, size_t skip) {
  block->begin += static_cast<uint32_t>(skip);
  size_ += block->end - block->begin;
  Link(block);
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
    WriteBlock* done = std::exchange(first_, first_->next);
    done->next = nullptr;
    pool.Give(done);
  }
  last_ = nullptr;
}

void WriteQueue::Settle(BlockPool& pool) {
  for (WriteBlock** link = &first_; *link != nullptr; link = &(*link)->next) {
    WriteBlock* block = *link;
    const uint32_t size = block->end - block->begin;
    // A frame that others refer to costs nothing more.
    if (block->frame != nullptr || size >= block->capacity / 2) continue;
    WriteBlock* own = pool.TakeExact(size);
    if (own == nullptr) continue;
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
  size_ = 0;
  last_ = nullptr;
  return std::exchange(first_, nullptr);
}

}  // namespace wsuv
