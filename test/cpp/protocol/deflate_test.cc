#include "protocol/deflate.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "protocol/stream_pool.h"
#include "support/plain_zlib.h"

namespace wsuv {
namespace {

using Status = MessageInflation::Status;

ByteView ViewOf(const std::string& text) { return ByteView(std::string_view(text)); }

std::string TextOf(const MessageBuffer& buffer) {
  return {reinterpret_cast<const char*>(buffer.data()), buffer.size()};
}

// Both ends of one direction.
class Direction {
 public:
  explicit Direction(const DeflateSettings& settings)
      : settings_(settings),
        outgoing_(&compressors, &settings_),
        incoming_(&inflaters, &settings_) {}

  std::string Compress(const std::string& message) {
    auto stream = outgoing_.Borrow();
    MessageBuffer out;
    EXPECT_TRUE(stream->Compress(ViewOf(message), true, out));
    outgoing_.Return(std::move(stream), false, true);
    return TextOf(out);
  }

  Status Inflate(const std::string& packed, std::string* message, uint64_t limit = 0,
                 size_t step = SIZE_MAX) {
    auto stream = incoming_.Borrow();
    MessageInflation inflation(ViewOf(packed), nullptr, limit);
    MessageBuffer out;
    Status status = Status::kBudget;
    for (size_t budget = step; status == Status::kBudget; budget += step) {
      status = inflation.Run(*stream, out, budget);
    }
    incoming_.Return(std::move(stream), false, status == Status::kDone);
    *message = TextOf(out);
    return status;
  }

  StreamPool<DeflateStream> compressors;
  StreamPool<InflateStream> inflaters;

 private:
  DeflateSettings settings_;
  StreamLease<DeflateStream> outgoing_;
  StreamLease<InflateStream> incoming_;
};

std::string Json(int i) {
  std::string text = "{\"id\":" + std::to_string(i) + ",\"name\":\"somebody\",\"tags\":[";
  for (int j = 0; j < i % 40; j++) text += "\"tag" + std::to_string(j * i) + "\",";
  return text + "null]}";
}

TEST(Deflate, RoundTripsWithEveryWindowAndLevelInBothModes) {
  for (int window_bits = 8; window_bits <= 15; window_bits++) {
    for (int level = 0; level <= 9; level++) {
      for (const bool takeover : {true, false}) {
        DeflateSettings settings;
        settings.window_bits = window_bits;
        settings.level = level;
        settings.takeover = takeover;
        Direction direction(settings);
        test::PlainInflater plain(window_bits);
        for (int i = 0; i < 60; i++) {
          const std::string message = Json(i * 7);
          const std::string packed = direction.Compress(message);
          std::string inflated;
          ASSERT_EQ(direction.Inflate(packed, &inflated, 0, 100), Status::kDone);
          ASSERT_EQ(inflated, message);
          std::string expected;
          bool ended = false;
          ASSERT_TRUE(plain.Inflate(packed, &expected, &ended));
          ASSERT_EQ(expected, message);
          if (!takeover) plain.Reset();
          if (i % 10 == 9) {
            direction.compressors.Trim();
            direction.compressors.Trim();
            direction.inflaters.Trim();
            direction.inflaters.Trim();
          }
        }
      }
    }
  }
}

TEST(Deflate, AnEmptyMessageIsAnEmptyBlock) {
  Direction direction({});
  for (int i = 0; i < 3; i++) {
    const std::string packed = direction.Compress("");
    EXPECT_EQ(packed, std::string(1, '\0'));
    std::string inflated = "x";
    EXPECT_EQ(direction.Inflate(packed, &inflated), Status::kDone);
    EXPECT_EQ(inflated, "");
  }
}

TEST(Deflate, MessagesReferToEarlierOnesEvenWhenTheStreamWasLentToOthers) {
  Direction direction({});
  const std::string message = Json(39);
  const size_t first = direction.Compress(message).size();
  EXPECT_LT(direction.Compress(message).size(), first / 4);
  direction.compressors.Trim();
  EXPECT_FALSE(direction.compressors.Trim());
  EXPECT_LT(direction.Compress(message).size(), first / 4);
}

TEST(Deflate, WithoutTakeoverEveryMessageIsTheSame) {
  DeflateSettings settings;
  settings.takeover = false;
  Direction direction(settings);
  EXPECT_EQ(direction.Compress(Json(39)), direction.Compress(Json(39)));
}

TEST(Deflate, StopsAtTheLimit) {
  Direction direction({});
  const std::string bomb = direction.Compress(std::string(10'000'000, 'x'));
  std::string inflated;
  EXPECT_EQ(direction.Inflate(bomb, &inflated, 1000), Status::kTooLong);
  EXPECT_LE(inflated.size(), 1001U);

  Direction exact({});
  EXPECT_EQ(exact.Inflate(exact.Compress(std::string(1000, 'x')), &inflated, 1000), Status::kDone);
  EXPECT_EQ(inflated.size(), 1000U);
}

TEST(Deflate, SaysWhatIsWrong) {
  const DeflateSettings settings;
  auto stream = InflateStream::Make(settings);
  const std::string garbage = "\xFF\xFF\xFF";
  MessageInflation inflation(ViewOf(garbage), nullptr, 0);
  MessageBuffer out;
  EXPECT_EQ(inflation.Run(*stream, out, SIZE_MAX), Status::kFailed);
  EXPECT_STREQ(inflation.error(), "invalid block type");
}

TEST(Deflate, NoticesTheEndOfTheStream) {
  const DeflateSettings settings;
  auto stream = InflateStream::Make(settings);
  const std::string final_block("\x03\x00", 2);
  MessageInflation inflation(ViewOf(final_block), nullptr, 0);
  MessageBuffer out;
  EXPECT_EQ(inflation.Run(*stream, out, SIZE_MAX), Status::kDone);
  EXPECT_TRUE(inflation.stream_ended());
}

TEST(Deflate, TellsWhichFrameGaveWhat) {
  auto deflate = DeflateStream::Make({});
  auto inflate = InflateStream::Make({});
  MessageBuffer packed;
  OffsetList ends;
  for (const char* part : {"first ", "second ", "third"}) {
    ASSERT_TRUE(deflate->Compress(ViewOf(part), std::string(part) == "third", packed));
    ASSERT_TRUE(ends.Append(packed.size()));
  }
  MessageInflation inflation({packed.data(), packed.size()}, &ends, 0);
  MessageBuffer out;
  ASSERT_EQ(inflation.Run(*inflate, out, SIZE_MAX), Status::kDone);
  EXPECT_EQ(TextOf(out), "first second third");
  const OffsetList& found = inflation.fragment_ends();
  EXPECT_EQ(std::vector<size_t>(found.begin(), found.end()), (std::vector<size_t>{6, 13, 18}));
}

// What a message gives only with the tail belongs to its last frame: here a stored block, whose own
// last bytes are what a sender takes off.
TEST(Deflate, TheTailBelongsToTheLastFrame) {
  auto inflate = InflateStream::Make({});
  const std::string packed(
      "\x00\x05\x00\xFA\xFF"
      "a",
      6);
  OffsetList ends;
  ASSERT_TRUE(ends.Append(5));
  ASSERT_TRUE(ends.Append(6));
  MessageInflation inflation(ViewOf(packed), &ends, 0);
  MessageBuffer out;
  ASSERT_EQ(inflation.Run(*inflate, out, SIZE_MAX), Status::kDone);
  EXPECT_EQ(TextOf(out), std::string("a\0\0\xFF\xFF", 5));
  const OffsetList& found = inflation.fragment_ends();
  EXPECT_EQ(std::vector<size_t>(found.begin(), found.end()), std::vector<size_t>{5});
}

TEST(Deflate, RefusesParametersThatZlibRefuses) {
  DeflateSettings settings;
  settings.level = 99;
  EXPECT_EQ(DeflateStream::Make(settings), nullptr);
}

}  // namespace
}  // namespace wsuv
