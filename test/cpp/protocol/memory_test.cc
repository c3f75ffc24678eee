#include "protocol/memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "protocol/stream_pool.h"
#include "support/frames.h"
#include "support/recording_sink.h"

#ifdef WSUV_ASSERTIONS

namespace wsuv::test {
namespace {

// Runs `scenario` with the first allocation failing, then with the second one, and so on, until
// none fails. Returns how often one did.
long FailEach(const std::function<void()>& scenario) {
  for (long n = 0;; n++) {
    g_allocations_until_failure = n;
    scenario();
    const bool none_failed = g_allocations_until_failure >= 0;
    g_allocations_until_failure = -1;
    if (none_failed) return n;
  }
}

using Events = std::vector<std::string>;

const std::string kOutOfMemory = "error WS_ERR_OUT_OF_MEMORY 0";

// What comes before the failure is delivered, then comes the error, and nothing is held.
TEST(Memory, AReaderSaysThatThereIsNone) {
  std::string bytes = MakeFrame(Opcode::kText, "before");
  for (int i = 0; i < 40; i++)
    bytes +=
        MakeFrame(i == 0 ? Opcode::kBinary : Opcode::kContinuation, std::string(100, 'f'), i == 39);
  bytes += MakeFrame(Opcode::kBinary, std::string(200000, 'l'));
  for (const size_t piece : {size_t{100}, size_t{5000}, bytes.size()}) {
    const Events whole = ReadInPieces(Role::kServer, bytes, piece);
    size_t errors = 0;
    const long failures = FailEach([&] {
      MessageReader reader(Role::kServer);
      RecordingSink sink;
      ReadAsATransport(reader, bytes, piece, {}, sink);
      if (sink.events == whole) return;
      errors++;
      ASSERT_GE(sink.events.size(), 2U);
      EXPECT_EQ(sink.events.back(), kOutOfMemory);
      sink.events.pop_back();
      EXPECT_TRUE(std::equal(sink.events.begin(), sink.events.end(), whole.begin()));
      EXPECT_TRUE(reader.ended());
      EXPECT_EQ(reader.HeldBytes(), 0U);
    });
    EXPECT_GT(failures, 8) << "in pieces of " << piece;
    EXPECT_GT(errors, 8U) << "in pieces of " << piece;
  }
}

TEST(Memory, DeflateAndInflateSayThatThereIsNone) {
  std::mt19937 random(1);
  std::string message;
  while (message.size() < 100000) message += static_cast<char>(random() % 64);
  const ByteView view{std::string_view(message)};
  const DeflateSettings settings;
  MessageBuffer packed;
  ASSERT_TRUE(DeflateStream::Make(settings)->Compress(view, true, packed));
  OffsetList ends;
  for (size_t at = 100; at < packed.size(); at += 100) ASSERT_TRUE(ends.Append(at));
  ASSERT_TRUE(ends.Append(packed.size()));

  size_t refused = 0;
  EXPECT_GT(FailEach([&] {
              MessageBuffer out;
              if (DeflateStream::Make(settings)->Compress(view, true, out)) {
                EXPECT_EQ(out.size(), packed.size());
              } else {
                refused++;
              }
            }),
            0);
  EXPECT_GT(refused, 0U);

  refused = 0;
  const long failures = FailEach([&] {
    MessageInflation inflation({packed.data(), packed.size()}, &ends, 0);
    MessageBuffer out;
    const auto status = inflation.Run(*InflateStream::Make(settings), out, SIZE_MAX);
    if (status == MessageInflation::Status::kDone) {
      EXPECT_EQ(out.size(), message.size());
    } else {
      EXPECT_EQ(status, MessageInflation::Status::kNoMemory);
      refused++;
    }
  });
  EXPECT_EQ(static_cast<long>(refused), failures);
  EXPECT_GT(failures, 10);
}

TEST(Memory, AConnectionWhoseHistoryIsLostCompressesNoMore) {
  StreamPool<DeflateStream> pool;
  const DeflateSettings settings;
  StreamLease<DeflateStream> lease(&pool, &settings);
  MessageBuffer out;
  auto stream = lease.Borrow();
  ASSERT_TRUE(stream->Compress(ByteView(std::string_view("text")), true, out));
  lease.Return(std::move(stream), false, true);
  pool.Trim();
  g_allocations_until_failure = 0;
  pool.Trim();
  g_allocations_until_failure = -1;
  EXPECT_EQ(pool.size(), 0U);
  EXPECT_FALSE(lease.Borrow());
}

}  // namespace
}  // namespace wsuv::test

#endif  // WSUV_ASSERTIONS
