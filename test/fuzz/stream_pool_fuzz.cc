// More connections than there are streams, which compress messages and fragments, keep streams at
// work, go away and come back; what each has compressed is inflated by zlib used plainly.

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "protocol/stream_pool.h"
#include "support/plain_zlib.h"
#include "support/script.h"

namespace {

using wsuv::ByteView;
using wsuv::DeflateSettings;
using wsuv::DeflateStream;
using wsuv::MessageBuffer;
using wsuv::test::PlainInflater;
using wsuv::test::Script;
using Pool = wsuv::StreamPool<DeflateStream>;
using Lease = wsuv::StreamLease<DeflateStream>;
using Borrowed = wsuv::BorrowedStream<DeflateStream>;

void Check(bool holds) {
  if (!holds) std::abort();
}

struct User {
  User(Pool* pool, const DeflateSettings* settings)
      : lease(pool, settings), plain(settings->window_bits), takeover(settings->takeover) {}

  // One fragment, which the peer gets and inflates at once, or with the rest of its message.
  void Compress(const std::string& text, bool fin) {
    Borrowed stream = at_work ? std::move(at_work) : lease.Borrow();
    MessageBuffer out;
    Check(static_cast<bool>(stream));
    Check(stream->Compress(ByteView(std::string_view(text)), fin, out));
    lease.Return(std::move(stream), !fin, true);
    packed.append(reinterpret_cast<const char*>(out.data()), out.size());
    message += text;
    if (!fin) return;
    std::string inflated;
    bool ended = false;
    Check(plain.Inflate(packed, &inflated, &ended) && !ended && inflated == message);
    if (!takeover) plain.Reset();
    packed.clear();
    message.clear();
  }

  Lease lease;
  Borrowed at_work;
  PlainInflater plain;
  bool takeover;
  std::string packed;
  std::string message;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Script script(data, size);
  // Two kinds, small since there are many.
  DeflateSettings kinds[2];
  for (DeflateSettings& kind : kinds) {
    kind.window_bits = 9 + static_cast<int>(script.Below(2));
    kind.mem_level = 1;
    kind.level = static_cast<int>(script.Below(10));
    kind.takeover = script.Flag();
  }
  Pool pool;
  std::vector<std::unique_ptr<User>> users(Pool::kMaxStreams + 12);
  const auto user_at = [&](size_t index) -> User& {
    auto& user = users[index];
    if (user == nullptr) user = std::make_unique<User>(&pool, &kinds[index % 2]);
    return *user;
  };
  // As many as will have a stream of their own.
  for (size_t i = 0; i < Pool::kMaxStreams; i++) user_at(i).Compress("hello", i % 8 > 0);
  while (!script.empty()) {
    const uint8_t action = script.Byte();
    // Mostly those that have none, and a few others.
    const size_t index = script.Below(action % 2 == 0 ? 24 : users.size());
    const size_t user = (users.size() - 1 - index) % users.size();
    switch (action / 2 % 6) {
      case 0:
      case 1:
      case 2: {
        std::string text = script.Text(script.Below(40));
        for (size_t i = action >> 6; i > 0; i--) text += text;
        user_at(user).Compress(text, action % 16 != 0);
        break;
      }
      case 3: {
        const bool has_room = pool.HasRoom();
        if (has_room && !user_at(user).at_work)
          user_at(user).at_work = user_at(user).lease.Borrow();
        break;
      }
      case 4:
        users[user].reset();
        break;
      case 5:
        pool.Trim();
        break;
    }
    Check(pool.size() <= Pool::kMaxStreams);
    size_t at_work = 0;
    for (const auto& each : users) at_work += each != nullptr && each->at_work ? 1 : 0;
    Check(pool.at_work() == at_work);
    Check(pool.HasRoom() == (at_work < Pool::kMaxStreams));
  }
  return 0;
}
