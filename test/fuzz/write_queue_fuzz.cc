// WriteQueue and BlockPool against the plain bytes: random frames, alone and shared by several
// queues, of which the kernel takes any part; blocks that wait, are taken, given back and trimmed.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "support/script.h"
#include "transport/write_queue.h"

namespace wsuv::test {
namespace {

void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

// Around the sizes of blocks, and of what is shared.
size_t SizeOf(Script& script) {
  static constexpr size_t kSizes[] = {1,     10,    100,    1000,   8000,    16330,
                                      16384, 32700, 131000, 262100, 1048520, 1100000};
  return kSizes[script.Below(std::size(kSizes))] + script.Below(64);
}

std::string BytesOf(Script& script, size_t size) {
  std::string bytes(size, static_cast<char>(script.Byte()));
  for (size_t i = 0; i < size; i += 97) bytes[i] = static_cast<char>(i / 97);
  return bytes;
}

const uint8_t* Address(const std::string& bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

// A queue, and the bytes that should be in it.
struct Pair {
  WriteQueue queue;
  std::string bytes;

  void CheckBytes() const {
    Check(queue.size() == bytes.size(), "the size is wrong");
    Check(queue.empty() == bytes.empty(), "a queue is empty or not");
    size_t at = 0;
    for (const uv_buf_t& buffer : queue.GatherAll()) {
      Check(at + buffer.len <= bytes.size(), "there are more bytes");
      Check(std::memcmp(buffer.base, bytes.data() + at, buffer.len) == 0, "other bytes are queued");
      at += buffer.len;
    }
    Check(at == bytes.size(), "there are fewer bytes");
  }
};

class Trial {
 public:
  Trial(const uint8_t* data, size_t size) : script_(data, size) {}
  ~Trial() {
    for (Pair& pair : pairs_) pool_.Give(pair.queue.TakeAll());
  }

  void Run() {
    while (!script_.empty()) {
      Pair& pair = pairs_[script_.Below(std::size(pairs_))];
      Step(pair);
      pair.CheckBytes();
      Check(pool_.kept() <= BlockPool::kMaxKept, "too much is kept");
    }
    for (Pair& pair : pairs_) {
      pair.CheckBytes();
      pool_.Give(pair.queue.TakeAll());
    }
    // What nobody has used since the last time goes back, all of it in the end.
    bool is_left = true;
    for (int i = 0; i < 3; i++) is_left = pool_.Trim();
    Check(!is_left && pool_.kept() == 0, "memory is kept for ever");
  }

 private:
  void Step(Pair& pair) {
    switch (script_.Below(10)) {
      case 0:
      case 1: {
        const std::string bytes = BytesOf(script_, SizeOf(script_));
        uint8_t* place = pair.queue.Extend(bytes.size(), pool_);
        std::memcpy(place, bytes.data(), bytes.size());
        pair.bytes += bytes;
        break;
      }
      case 2: {
        const std::string bytes = BytesOf(script_, SizeOf(script_));
        Check(pair.queue.Append(Address(bytes), bytes.size(), pool_), "there is memory");
        pair.bytes += bytes;
        break;
      }
      case 3:
        // The frame that all queues get; now and then another one.
        if (frame_.empty() || script_.Byte() % 8 == 1) {
          header_ = BytesOf(script_, 2 + script_.Below(9));
          frame_ = BytesOf(script_, SizeOf(script_));
        }
        Share(pair, script_.Flag() ? 0 : script_.Below(65536) % frame_.size());
        break;
      case 4:
      case 5:
        Consume(pair, script_.Below(65536));
        break;
      case 6:
        Consume(pair, pair.bytes.size());
        break;
      case 7:
        pair.queue.Settle(pool_);
        break;
      case 8: {
        WriteBlock* const chain = pair.queue.TakeAll();
        std::string taken;
        for (WriteBlock* block = chain; block != nullptr; block = block->next) {
          taken.append(reinterpret_cast<char*>(block->data()) + block->begin,
                       block->end - block->begin);
        }
        Check(taken == pair.bytes, "other bytes are taken");
        pool_.Give(chain);
        pair.bytes.clear();
        break;
      }
      default:
        pool_.Trim();
    }
  }

  void Share(Pair& pair, size_t skip) {
    const ByteView header(Address(header_), header_.size());
    const ByteView payload(Address(frame_), frame_.size());
    WriteBlock* block = pool_.TakeFrame(header, payload);
    Check(block != nullptr && pool_.IsLast(header, payload), "a frame is shared");
    pair.queue.Add(block, skip);
    pair.bytes += (header_ + frame_).substr(skip);
  }

  void Consume(Pair& pair, size_t count) {
    count = std::min(count, pair.bytes.size());
    // As much of it as a system call takes.
    uv_buf_t buffers[4];
    size_t gathered = 0;
    for (size_t i = 0; i < pair.queue.Gather(buffers, 4); i++) gathered += buffers[i].len;
    count = std::min(count, gathered);
    pair.queue.Consume(count, pool_);
    pair.bytes.erase(0, count);
  }

  Script script_;
  BlockPool pool_;
  Pair pairs_[3];
  std::string header_;
  std::string frame_;
};

}  // namespace
}  // namespace wsuv::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  wsuv::test::Trial(data, size).Run();
  return 0;
}
