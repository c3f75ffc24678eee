#include "protocol/message_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "support/frames.h"
#include "support/inflating_sink.h"
#include "support/recording_sink.h"
#include "support/reference_reader.h"

namespace wsuv::test {
namespace {

using Events = std::vector<std::string>;

ReaderLimits Streaming(uint64_t threshold) {
  ReaderLimits limits;
  limits.stream_threshold = threshold;
  return limits;
}

std::string Compressed(const std::string& text, const DeflateSettings& settings = {}) {
  MessageBuffer out;
  EXPECT_TRUE(DeflateStream::Make(settings)->Compress(ByteView(std::string_view(text)), true, out));
  return std::string(ByteView(out.data(), out.size()).text());
}

std::string CompressedFrame(const std::string& packed, uint8_t opcode = 2, bool fin = true) {
  FrameSpec spec;
  spec.opcode = opcode;
  spec.fin = fin;
  spec.rsv = opcode == 0 ? 0 : 4;
  return MakeFrame(spec, packed);
}

// Reads `bytes` in pieces of `piece` bytes, going on where the sink stops.
void Read(MessageReader& reader, InflatingSink& sink, const ReaderLimits& limits,
          const std::string& bytes, size_t piece) {
  std::string input;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    input += bytes.substr(at, piece);
    while (!input.empty()) {
      const Progress progress =
          reader.Read(reinterpret_cast<uint8_t*>(input.data()), input.size(), limits, sink);
      input.erase(0, progress.used);
      ASSERT_TRUE(input.empty() || progress.flow == Flow::kStop);
    }
  }
}

// The same events come, whatever the bytes are cut into, and wherever the sink stops.
void ExpectEvents(Role role, const std::string& bytes, const Events& expected,
                  const ReaderLimits& limits) {
  for (size_t piece = 0; piece <= bytes.size() && piece < 100; piece++) {
    for (const bool stop : {false, true}) {
      EXPECT_EQ(ReadInPieces(role, bytes, piece, limits, true, stop), expected)
          << "in pieces of " << piece << (stop ? " with stops" : "");
    }
  }
}

TEST(MessageStream, NoMessageIsOneWithoutAThreshold) {
  RecordingSink sink;
  MessageReader reader(Role::kServer);
  std::string bytes = MakeFrame(Opcode::kBinary, std::string(100'000, 'x')) +
                      MakeFrame(Opcode::kText, "a", false) + MakeFrame(Opcode::kContinuation, "b");
  ReadWithStops(reader, reinterpret_cast<uint8_t*>(bytes.data()), bytes.size(), {}, sink);
  EXPECT_EQ(sink.events.size(), 2U);
  EXPECT_EQ(sink.pieces, 0U);
}

TEST(MessageStream, LongerMessagesComeInPiecesAndOthersDoNot) {
  for (const Role role : {Role::kServer, Role::kClient}) {
    for (const size_t size : {0U, 1U, 99U, 100U, 101U, 125U, 126U, 70'000U}) {
      RecordingSink sink;
      MessageReader reader(role);
      const std::string payload(size, 'p');
      std::string bytes = MakeFrame(Opcode::kText, payload, true, role == Role::kServer);
      ReadWithStops(reader, reinterpret_cast<uint8_t*>(bytes.data()), bytes.size(), Streaming(100),
                    sink);
      EXPECT_EQ(sink.events, Events{"text " + payload});
      EXPECT_EQ(sink.pieces, size <= 100 ? 0U : 2U) << size;
    }
  }
}

TEST(MessageStream, FragmentsArePassedOnAsTheyCome) {
  const std::string bytes =
      MakeFrame(Opcode::kText, "one ", false) + MakeFrame(Opcode::kPing, "p") +
      MakeFrame(Opcode::kContinuation, "", false) + MakeFrame(Opcode::kContinuation, "two") +
      MakeFrame(Opcode::kBinary, "", false) + MakeFrame(Opcode::kContinuation, "") +
      MakeFrame(Opcode::kText, "3");
  ExpectEvents(Role::kServer, bytes, {"ping p", "text one two", "binary ", "text 3"},
               Streaming(1'000'000));
}

TEST(MessageStream, HoldsNothing) {
  MessageReader reader(Role::kServer);
  RecordingSink sink;
  ReaderLimits limits = Streaming(1);
  // Neither of these is for it.
  limits.max_payload = 1000;
  limits.max_fragments = 3;
  limits.max_buffered_chunks = 5;
  const std::string payload(10'000, 'x');
  std::string bytes = MakeFrame(Opcode::kBinary, payload, false);
  for (int i = 0; i < 10; i++) bytes += MakeFrame(Opcode::kContinuation, payload, i == 9);
  for (char& c : bytes) {
    ReadWithStops(reader, reinterpret_cast<uint8_t*>(&c), 1, limits, sink);
    EXPECT_LE(reader.HeldBytes(), 256U);
    EXPECT_EQ(reader.DirectWindow(limits).size, 0U);
  }
  ASSERT_EQ(sink.events.size(), 1U);
  EXPECT_EQ(sink.events[0].size(), 7 + 110'000U);
  EXPECT_EQ(sink.pieces, 110'001U);
}

TEST(MessageStream, ALengthThatIsTooLongIsRefusedWhereItIsClaimed) {
  ReaderLimits limits = Streaming(10);
  limits.max_stream_length = 20;
  const Events refused{"error WS_ERR_UNSUPPORTED_MESSAGE_LENGTH 0"};
  const std::string twenty(20, 'x');
  ExpectEvents(Role::kServer, MakeFrame(Opcode::kBinary, twenty), {"binary " + twenty}, limits);
  ExpectEvents(Role::kServer, MakeFrame(Opcode::kBinary, twenty + "y"), refused, limits);
  ExpectEvents(Role::kServer,
               MakeFrame(Opcode::kBinary, twenty, false) + MakeFrame(Opcode::kContinuation, ""),
               {"binary " + twenty}, limits);
  ExpectEvents(Role::kServer,
               MakeFrame(Opcode::kBinary, twenty, false) + MakeFrame(Opcode::kContinuation, "y"),
               refused, limits);
  // The next one begins anew.
  ExpectEvents(Role::kServer, MakeFrame(Opcode::kBinary, twenty) + MakeFrame(Opcode::kText, twenty),
               {"binary " + twenty, "text " + twenty}, limits);
  // A header alone is enough.
  EXPECT_EQ(ReadInPieces(Role::kClient, std::string("\x82\x7F\x00\x10\x00\x00\x00\x00\x00\x00", 10),
                         0, limits),
            refused);
}

TEST(MessageStream, TextIsCheckedAsItComes) {
  const std::string text = "gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80 \xE6\x97\xA5!";
  const Events invalid{"error WS_ERR_INVALID_UTF8 0"};
  const ReaderLimits limits = Streaming(1);
  for (size_t cut = 0; cut <= text.size(); cut++) {
    const auto in_two = [&text, cut](const std::string& end) {
      return MakeFrame(Opcode::kText, text.substr(0, cut), false) +
             MakeFrame(Opcode::kContinuation, end);
    };
    ExpectEvents(Role::kServer, in_two(text.substr(cut)), {"text " + text}, limits);
    ExpectEvents(Role::kServer, in_two("\xFF" + text.substr(cut)), invalid, limits);
    bool is_complete = true;
    ASSERT_TRUE(ReferenceUtf8(text.substr(0, cut), &is_complete));
    ExpectEvents(Role::kServer, in_two(""),
                 is_complete ? Events{"text " + text.substr(0, cut)} : invalid, limits);
  }
  ReaderLimits unchecked = limits;
  unchecked.skip_utf8_validation = true;
  ExpectEvents(Role::kServer, MakeFrame(Opcode::kText, "\xFF\xFF"), {"text \xFF\xFF"}, unchecked);
}

TEST(MessageStream, ErrorsAndCloseFramesEndIt) {
  const ReaderLimits limits = Streaming(1);
  const std::string begin = MakeFrame(Opcode::kBinary, "abc", false);
  ExpectEvents(Role::kServer, begin + MakeFrame(Opcode::kClose, "\x03\xE8") + begin,
               {"close 1000 "}, limits);
  ExpectEvents(Role::kServer, begin + MakeFrame(Opcode::kBinary, "x"),
               {"error WS_ERR_INVALID_OPCODE 2"}, limits);
  ExpectEvents(Role::kServer, begin + MakeFrame(Opcode::kContinuation, "x", true, false),
               {"error WS_ERR_EXPECTED_MASK 0"}, limits);
  ExpectEvents(Role::kServer, begin + CompressedFrame("", 0).replace(0, 1, "\xC0"),
               {"error WS_ERR_UNEXPECTED_RSV_1 0"}, limits);
}

TEST(MessageStream, GoesStraightToWhereItIsToStay) {
  ProvidingSink sink;
  MessageReader reader(Role::kServer);
  std::string bytes = MakeFrame(Opcode::kBinary, std::string(300'000, 'x'));
  const size_t half = bytes.size() / 2;
  auto* data = reinterpret_cast<uint8_t*>(bytes.data());
  ReadWithStops(reader, data, half, Streaming(1), sink);
  ReadWithStops(reader, data + half, bytes.size() - half, Streaming(1), sink);
  EXPECT_EQ(sink.placed, 2U);
}

TEST(MessageStream, SaysWhetherMoreFramesFollow) {
  ProvidingSink sink;
  MessageReader reader(Role::kServer);
  std::string bytes = MakeFrame(Opcode::kBinary, "one", false) +
                      MakeFrame(Opcode::kContinuation, "more", false) +
                      MakeFrame(Opcode::kContinuation, "the last");
  ReadWithStops(reader, reinterpret_cast<uint8_t*>(bytes.data()), bytes.size(), Streaming(1), sink);
  EXPECT_EQ(sink.piece_places,
            (std::vector<std::pair<size_t, bool>>{{3, false}, {4, false}, {8, true}}));
}

TEST(MessageStream, WhatIsCompressedAndNotTakenComesAgain) {
  // Half of each piece, at most: the reference knows nothing of it.
  std::minstd_rand random(7);
  std::string noise(20'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  const std::string bytes =
      CompressedFrame(noise, 1, false) + MakeFrame(Opcode::kPing, "") + CompressedFrame("end", 0);
  const Events expected{"ping ", "compressed text " + noise + "end"};
  for (const size_t piece : {0U, 1U, 2U, 3U, 5U, 1000U, 4096U, 4097U, 10'000U}) {
    EXPECT_EQ(ReadInPieces(Role::kServer, bytes, piece, Streaming(1), true, true), expected);
  }
}

class InflatedStreamTest : public ::testing::Test {
 protected:
  InflatedStreamTest() { Begin(); }

  void Begin() {
    reader_ = std::make_unique<MessageReader>(Role::kServer);
    reader_->set_rsv1_allowed(true);
    sink_ = std::make_unique<InflatingSink>(reader_.get(), &limits_, &settings_);
  }
  Events Inflate(const std::string& bytes, size_t piece = SIZE_MAX / 2) {
    Read(*reader_, *sink_, limits_, bytes, piece);
    return std::exchange(sink_->events, {});
  }

  ReaderLimits limits_ = Streaming(1000);
  DeflateSettings settings_;
  std::unique_ptr<MessageReader> reader_;
  std::unique_ptr<InflatingSink> sink_;
};

TEST_F(InflatedStreamTest, IsTheSameForEverySplit) {
  std::minstd_rand random(3);
  std::string text;
  while (text.size() < 3000) text += random() % 3 == 0 ? "gr\xC3\xBC\xC3\x9F" : "abcdefghijkl";
  const std::string packed = Compressed(text);
  const std::string bytes = CompressedFrame(packed.substr(0, packed.size() / 3), 1, false) +
                            CompressedFrame("", 0, false) +
                            CompressedFrame(packed.substr(packed.size() / 3), 0);
  for (size_t piece = 1; piece <= bytes.size(); piece++) {
    for (const bool stops : {false, true}) {
      Begin();
      sink_->stops = [stops] { return stops; };
      EXPECT_EQ(Inflate(bytes, piece), Events{"text " + text}) << piece;
    }
  }
}

TEST_F(InflatedStreamTest, WhatIsShortIsAMessageHoweverLongItsFrame) {
  std::minstd_rand random(3);
  std::string noise(1000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  for (const bool by_bytes : {false, true}) {
    for (const size_t size : {0U, 1U, 999U, 1000U}) {
      const std::string text = noise.substr(0, size);
      EXPECT_EQ(Inflate(CompressedFrame(Compressed(text)), by_bytes ? 1 : 9999),
                Events{"binary " + text});
    }
  }
  EXPECT_EQ(sink_->messages, 8U);
  EXPECT_EQ(Inflate(CompressedFrame(Compressed(std::string(1001, 'x')))),
            Events{"binary " + std::string(1001, 'x')});
  EXPECT_EQ(sink_->messages, 8U);
}

TEST_F(InflatedStreamTest, ABombGivesNoMoreThanOneStepBetweenStops) {
  const size_t size = 50'000'000;
  std::string bytes = CompressedFrame(Compressed(std::string(size, 'x')));
  ASSERT_LT(bytes.size(), 60'000U);
  size_t steps = 0;
  sink_->stops = [&steps] { return ++steps > 0; };
  EXPECT_EQ(Inflate(bytes)[0].size(), 7 + size);
  EXPECT_LE(sink_->largest_step, PieceInflater::kStep);
  EXPECT_GE(steps, size / PieceInflater::kStep);
}

TEST_F(InflatedStreamTest, IsNoLongerThanItMayBe) {
  limits_.max_stream_length = 100'000;
  EXPECT_EQ(Inflate(CompressedFrame(Compressed(std::string(100'000, 'x')))).at(0).size(), 100'007U);
  EXPECT_EQ(Inflate(CompressedFrame(Compressed(std::string(100'001, 'x')))),
            Events{"error WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"});
  // A message that is held, since it may be short, is no longer than a message may be.
  limits_.max_payload = 500;
  for (const size_t piece : {size_t{1}, size_t{1} << 20}) {
    for (const size_t size : {501U, 1000U, 2000U}) {
      Begin();
      EXPECT_EQ(Inflate(CompressedFrame(Compressed(std::string(size, 'x'))), piece),
                Events{"error WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"});
    }
  }
}

TEST_F(InflatedStreamTest, ALimitIsForWhatIsInflated) {
  std::minstd_rand random(5);
  std::string noise(5000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  const std::string bytes = CompressedFrame(Compressed(noise));
  ASSERT_GT(bytes.size(), noise.size() + 8);
  limits_.max_stream_length = noise.size();
  EXPECT_EQ(Inflate(bytes), Events{"binary " + noise});
  // What is too long for a message is none.
  Begin();
  limits_.max_payload = limits_.stream_threshold;
  for (const size_t size : {1001U, 1002U, 3000U}) {
    EXPECT_EQ(Inflate(CompressedFrame(Compressed(noise.substr(0, size)))),
              Events{"binary " + noise.substr(0, size)});
  }
}

TEST_F(InflatedStreamTest, WhatComesInFramesIsNoMessageHoweverShort) {
  const std::string packed = Compressed("short");
  const std::string bytes =
      CompressedFrame(packed.substr(0, 3), 2, false) + CompressedFrame(packed.substr(3), 0);
  EXPECT_EQ(Inflate(bytes), Events{"binary short"});
  EXPECT_EQ(sink_->messages, 0U);
}

TEST_F(InflatedStreamTest, AStreamThatThePeerHasEndedBeginsAnew) {
  const std::string text(5000, 'f');
  std::string packed(1000, '\0');
  z_stream stream = {};
  ASSERT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  ASSERT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  for (int i = 0; i < 3; i++) EXPECT_EQ(Inflate(CompressedFrame(packed)), Events{"binary " + text});
}

TEST_F(InflatedStreamTest, SaysWhatIsWrong) {
  const std::string text = std::string(5000, 'x') + "\xC3\xBC";
  const std::string packed = Compressed(text);
  EXPECT_EQ(Inflate(CompressedFrame(Compressed(text + "\xFF"), 1)),
            Events{"error WS_ERR_INVALID_UTF8"});
  Begin();
  EXPECT_EQ(Inflate(CompressedFrame(Compressed(text.substr(0, text.size() - 1)), 1)),
            Events{"error WS_ERR_INVALID_UTF8"});
  Begin();
  EXPECT_EQ(Inflate(CompressedFrame(packed.substr(0, 9) + "garbage", 1)),
            Events{"error Z_DATA_ERROR"});
  Begin();
  EXPECT_EQ(Inflate(CompressedFrame(packed, 1)), Events{"text " + text});
  EXPECT_EQ(sink_->pool().at_work(), 0U);
}

TEST_F(InflatedStreamTest, RefersToTheMessagesBefore) {
  auto stream = DeflateStream::Make(settings_);
  const auto next = [&stream](const std::string& text) {
    MessageBuffer out;
    EXPECT_TRUE(stream->Compress(ByteView(std::string_view(text)), true, out));
    return CompressedFrame(std::string(ByteView(out.data(), out.size()).text()));
  };
  std::string text;
  for (int i = 0; i < 500; i++) text += std::to_string(i * 7919);
  for (int i = 0; i < 5; i++) {
    const std::string bytes = next(text);
    if (i > 0) {
      EXPECT_LT(bytes.size(), 100U);
    }
    EXPECT_EQ(Inflate(bytes, 10), Events{"binary " + text});
    sink_->pool().Trim();
    sink_->pool().Trim();
  }
}

TEST_F(InflatedStreamTest, AStreamThatWaitsForItsPeerDoesNotCount) {
  const std::string bytes = CompressedFrame(Compressed(std::string(5000, 'x')));
  Inflate(bytes.substr(0, 20));
  EXPECT_FALSE(sink_->is_idle());
  EXPECT_EQ(sink_->pool().size(), 0U);
  EXPECT_EQ(Inflate(bytes.substr(20)).size(), 1U);
  EXPECT_EQ(sink_->pool().size(), 1U);
  EXPECT_EQ(sink_->pool().at_work(), 0U);
  // Nor where it never ends.
  const std::string begin =
      CompressedFrame(Compressed(std::string(5000, 'x')).substr(0, 10), 2, false);
  EXPECT_EQ(Inflate(begin), Events{});
  EXPECT_EQ(sink_->pool().size(), 0U);
  EXPECT_EQ(Inflate(MakeFrame(Opcode::kClose, "")), Events{"close 1005"});
  EXPECT_EQ(sink_->pool().size(), 1U);
  EXPECT_EQ(sink_->pool().at_work(), 0U);
}

}  // namespace
}  // namespace wsuv::test
