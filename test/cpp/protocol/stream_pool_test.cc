#include "protocol/stream_pool.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/plain_zlib.h"

namespace wsuv {
namespace {

using Pool = StreamPool<DeflateStream>;
using Lease = StreamLease<DeflateStream>;
using Borrowed = BorrowedStream<DeflateStream>;

ByteView ViewOf(const std::string& text) { return ByteView(std::string_view(text)); }

const std::string kText =
    "a text that is long enough for what refers back to it to be much shorter than it is itself";

std::string Compress(Lease& lease, const std::string& text, bool fin = true) {
  Borrowed stream = lease.Borrow();
  MessageBuffer out;
  EXPECT_TRUE(stream && stream->Compress(ViewOf(text), fin, out));
  lease.Return(std::move(stream), !fin, true);
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

class StreamPoolTest : public ::testing::Test {
 protected:
  Lease& Make() {
    leases_.push_back(std::make_unique<Lease>(&pool_, &settings_));
    return *leases_.back();
  }

  DeflateSettings settings_;
  Pool pool_;
  std::vector<std::unique_ptr<Lease>> leases_;
};

TEST_F(StreamPoolTest, AStreamIsTakenFromWhoeverUsedItLongestAgo) {
  std::vector<size_t> sizes;
  // Twice as many as there are streams, each with a history of its own.
  for (size_t i = 0; i < 2 * Pool::kMaxStreams; i++) {
    sizes.push_back(Compress(Make(), kText + std::to_string(i)).size());
    EXPECT_LE(pool_.size(), Pool::kMaxStreams);
  }
  for (int round = 0; round < 2; round++) {
    for (size_t i = 0; i < leases_.size(); i++) {
      EXPECT_LT(Compress(*leases_[i], kText + std::to_string(i)).size(), sizes[i] / 4);
      EXPECT_LE(pool_.size(), Pool::kMaxStreams);
    }
  }
}

TEST_F(StreamPoolTest, AStreamIsTakenBetweenTheFragmentsOfAMessage) {
  settings_.takeover = false;
  test::PlainInflater plain(settings_.window_bits);
  Lease& first = Make();
  std::string packed = Compress(first, kText, false);
  const size_t alone = packed.size();
  for (size_t i = 0; i < 2 * Pool::kMaxStreams; i++) {
    Compress(Make(), kText, false);
    EXPECT_LE(pool_.size(), Pool::kMaxStreams);
  }
  packed += Compress(first, kText);
  EXPECT_LT(packed.size(), alone + alone / 2) << "the second fragment refers to the first one";
  std::string text;
  bool ended = false;
  EXPECT_TRUE(plain.Inflate(packed, &text, &ended));
  EXPECT_EQ(text, kText + kText);
  // The next message has no history.
  plain.Reset();
  text.clear();
  EXPECT_TRUE(plain.Inflate(Compress(first, kText), &text, &ended));
  EXPECT_EQ(text, kText);
}

TEST_F(StreamPoolTest, ThereIsRoomUntilAllStreamsAreAtWork) {
  std::vector<Borrowed> borrowed;
  for (size_t i = 0; i < Pool::kMaxStreams; i++) {
    EXPECT_TRUE(pool_.HasRoom());
    borrowed.push_back(Make().Borrow());
    EXPECT_EQ(pool_.at_work(), i + 1);
  }
  EXPECT_FALSE(pool_.HasRoom());

  // Whoever gives it back at once gets one all the same, and does not keep it.
  Lease& lease = Make();
  const size_t first = Compress(lease, kText).size();
  EXPECT_EQ(pool_.size(), Pool::kMaxStreams);
  EXPECT_LT(Compress(lease, kText).size(), first / 4);
  EXPECT_EQ(pool_.size(), Pool::kMaxStreams);

  borrowed.pop_back();
  EXPECT_TRUE(pool_.HasRoom());
  borrowed.clear();
  EXPECT_EQ(pool_.at_work(), 0U);
  EXPECT_LE(pool_.size(), Pool::kMaxFree);
}

TEST_F(StreamPoolTest, WhoeverBorrowsTakesOneBeforeAnotherIsMade) {
  for (size_t i = 0; i < Pool::kMaxStreams; i++) Compress(Make(), kText);
  EXPECT_EQ(pool_.size(), Pool::kMaxStreams);
  const Borrowed stream = Make().Borrow();
  EXPECT_TRUE(stream);
  EXPECT_EQ(pool_.size(), Pool::kMaxStreams);
}

TEST_F(StreamPoolTest, ABorrowedStreamMayOutliveItsLease) {
  Borrowed borrowed = Make().Borrow();
  leases_.clear();
  EXPECT_EQ(pool_.at_work(), 1U);
  borrowed = {};
  EXPECT_EQ(pool_.at_work(), 0U);
}

TEST_F(StreamPoolTest, FreesWhatNobodyHasUsedForAnInterval) {
  Compress(Make(), kText);
  EXPECT_TRUE(pool_.Trim()) << "it was used in this interval";
  EXPECT_EQ(pool_.size(), 1U);
  EXPECT_FALSE(pool_.Trim());
  EXPECT_EQ(pool_.Trim(), false);
  EXPECT_EQ(pool_.size(), 0U);
}

TEST_F(StreamPoolTest, AStreamServesOthersWithTheSameParametersOnly) {
  settings_.takeover = false;
  Compress(Make(), kText);
  Compress(Make(), kText);
  EXPECT_EQ(pool_.size(), 1U);
  const auto vary = [this](auto change) {
    DeflateSettings others = settings_;
    change(others);
    Pool pool;
    Lease one(&pool, &settings_);
    Lease other(&pool, &others);
    Compress(one, kText);
    Compress(other, kText);
    return pool.size();
  };
  EXPECT_EQ(vary([](DeflateSettings&) {}), 1U);
  EXPECT_EQ(vary([](DeflateSettings& others) { others.level = 1; }), 2U);
  EXPECT_EQ(vary([](DeflateSettings& others) { others.window_bits = 10; }), 2U);
  EXPECT_EQ(vary([](DeflateSettings& others) { others.mem_level = 1; }), 2U);
  EXPECT_EQ(vary([](DeflateSettings& others) { others.strategy = Z_RLE; }), 2U);
}

}  // namespace
}  // namespace wsuv
