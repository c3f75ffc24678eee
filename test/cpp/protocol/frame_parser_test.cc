#include "protocol/frame_parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/frames.h"

namespace wsuv::test {
namespace {

using Events = std::vector<std::string>;

// Writes down frames: those that come in pieces as one that came whole.
struct FrameSink {
  Events events;
  std::string payload;
  uint64_t max_length = 1 << 20;
  size_t pieces = 0;
  bool stop_after_each = false;
  ErrorCode direct = ErrorCode::kNone;  // What is wrong with what is read directly.

  static std::string Name(Opcode opcode) { return std::to_string(static_cast<int>(opcode)); }

  ErrorCode CheckLength(DataFrame, bool, bool, uint64_t length) const {
    return length > max_length ? ErrorCode::kUnsupportedMessageLength : ErrorCode::kNone;
  }
  void OnFrame(DataFrame frame, bool is_first, bool rsv1, uint64_t) {
    if (!frame.fin || !is_first) {
      events.push_back((is_first ? "first " : "next ") + Name(frame.opcode) + (rsv1 ? " r" : ""));
    }
    payload.clear();
  }
  Verdict OnPayload(DataFrame, uint8_t* data, size_t* size, MaskingKey& key) {
    pieces++;
    key.Apply(data, data, *size);
    payload.append(reinterpret_cast<char*>(data), *size);
    return payload.find('!') == std::string::npos ? ErrorCode::kNone : ErrorCode::kInvalidUtf8;
  }
  bool HoldsPayload() const { return true; }
  ErrorCode OnDirectPayload(DataFrame, size_t, MaskingKey&) { return direct; }
  Verdict OnFrameEnd(DataFrame frame) { return Add((frame.fin ? "last " : "part ") + payload); }
  Verdict OnWholeMessage(Opcode, uint8_t* data, size_t size, MaskingKey key) {
    payload.clear();
    const Verdict verdict = OnPayload({}, data, &size, key);
    return verdict.failed() ? verdict : OnFrameEnd({Opcode::kText, true});
  }
  size_t MaxPlainMessage() const { return std::min<size_t>(1000, max_length); }
  Verdict OnControl(Opcode opcode, ByteView bytes) {
    return Add("control " + Name(opcode) + " " + std::string(bytes.text()));
  }
  void OnError(ErrorCode code, uint32_t detail) {
    Add(std::string(DescribeError(code).name) + " " + std::to_string(detail));
  }

  Verdict Add(std::string event) {
    events.push_back(std::move(event));
    return stop_after_each ? Flow::kStop : Flow::kContinue;
  }
};

// In pieces of every size, without stops and with one behind each frame.
void ExpectFrames(const std::string& bytes, const Events& expected, uint64_t max_length = 1 << 20) {
  for (size_t piece = 1; piece <= bytes.size(); piece++) {
    for (const bool stop : {false, true}) {
      FrameParser parser(Role::kServer);
      parser.set_rsv1_allowed(true);
      FrameSink sink;
      sink.stop_after_each = stop;
      sink.max_length = max_length;
      std::string copy = bytes;
      for (size_t at = 0; at < copy.size();) {
        const size_t size = std::min(piece, copy.size() - at);
        const Progress progress =
            parser.Read(reinterpret_cast<uint8_t*>(copy.data()) + at, size, 0, sink);
        at += progress.used;
        if (progress.flow == Flow::kContinue) {
          ASSERT_EQ(progress.used, size);
        }
      }
      EXPECT_EQ(sink.events, expected) << "in pieces of " << piece;
      EXPECT_EQ(parser.HeldBytes(), 0u);
    }
  }
}

TEST(FrameParser, GivesEachFrameAndStopsBehindIt) {
  FrameSpec deflated;
  deflated.opcode = 1;
  deflated.fin = false;
  deflated.rsv = 4;
  ExpectFrames(MakeFrame(deflated, "one") + MakeFrame(Opcode::kPing, "two") +
                   MakeFrame(Opcode::kContinuation, "", false) +
                   MakeFrame(Opcode::kContinuation, "three") + MakeFrame(Opcode::kBinary, "four") +
                   MakeFrame(Opcode::kText, "") + MakeFrame(Opcode::kClose, ""),
               {"first 1 r", "part one", "control 9 two", "next 1", "part ", "next 1", "last three",
                "last four", "last ", "control 8 "});
}

TEST(FrameParser, HandsAPayloadOnAsItComes) {
  FrameParser parser(Role::kServer);
  FrameSink sink;
  std::string bytes = MakeFrame(Opcode::kBinary, "0123456789");
  for (char& byte : bytes) parser.Read(reinterpret_cast<uint8_t*>(&byte), 1, 0, sink);
  EXPECT_EQ(sink.pieces, 10u);
  EXPECT_EQ(sink.events, Events{"last 0123456789"});
}

TEST(FrameParser, EndsWithTheErrorsOfItsSink) {
  const std::string before = MakeFrame(Opcode::kText, "fine");
  ExpectFrames(before + MakeFrame(Opcode::kText, "what!") + MakeFrame(Opcode::kText, "late"),
               {"last fine", "WS_ERR_INVALID_UTF8 0"});
  ExpectFrames(before + MakeFrame(Opcode::kText, "too long") + MakeFrame(Opcode::kText, "late"),
               {"last fine", "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH 0"}, 7);
}

TEST(FrameParser, CountsTheReadsOfOneFrame) {
  for (const uint32_t max_chunks : {4u, 5u}) {
    FrameParser parser(Role::kServer);
    FrameSink sink;
    std::string bytes = MakeFrame(Opcode::kBinary, "0123");
    parser.Read(reinterpret_cast<uint8_t*>(bytes.data()), 6, max_chunks, sink);
    for (size_t at = 6; at < bytes.size(); at++) {
      parser.Read(reinterpret_cast<uint8_t*>(bytes.data()) + at, 1, max_chunks, sink);
    }
    EXPECT_EQ(sink.events,
              Events{max_chunks == 5 ? "last 0123" : "WS_ERR_TOO_MANY_BUFFERED_PARTS 0"});
  }
}

// The steps in which ws takes a header in: two bytes, the extended length, the key. What ends with
// one of them is not held.
TEST(FrameParser, CountsNoReadThatEndsWithAStepOfTheHeader) {
  const struct {
    size_t length;
    std::vector<size_t> steps;
  } kinds[] = {{10, {2}}, {200, {2, 4}}, {70000, {2, 10}}};
  for (const auto& kind : kinds) {
    const std::string payload(kind.length, 'p');
    const std::string bytes = MakeFrame(Opcode::kBinary, payload);
    for (size_t split = 1; split <= 15; split++) {
      FrameParser parser(Role::kServer);
      FrameSink sink;
      std::string copy = bytes;
      auto* data = reinterpret_cast<uint8_t*>(copy.data());
      parser.Read(data, split, 1, sink);
      parser.Read(data + split, copy.size() - split, 1, sink);
      const bool is_step =
          std::find(kind.steps.begin(), kind.steps.end(), split) != kind.steps.end();
      EXPECT_EQ(sink.events,
                Events{is_step ? "last " + payload : "WS_ERR_TOO_MANY_BUFFERED_PARTS 0"})
          << split << " bytes first";
    }
  }
}

TEST(FrameParser, SaysHowMuchMayBeReadDirectly) {
  FrameParser parser(Role::kServer);
  FrameSink sink;
  std::string bytes = MakeFrame(Opcode::kBinary, "0123456789");
  auto* data = reinterpret_cast<uint8_t*>(bytes.data());
  EXPECT_EQ(parser.DirectlyReadable(0), 0u);
  parser.Read(data, 6, 0, sink);
  EXPECT_EQ(parser.DirectlyReadable(0), 0u) << "nothing of the payload has come";
  parser.Read(data + 6, 4, 0, sink);
  EXPECT_EQ(parser.DirectlyReadable(0), 6u);
  EXPECT_EQ(parser.DirectlyReadable(2), 0u) << "the third read would be too many";
  EXPECT_EQ(parser.DirectlyReadable(3), 6u);
  EXPECT_EQ(parser.ReadDirect(5, sink), Flow::kContinue);
  EXPECT_EQ(parser.DirectlyReadable(0), 1u);
  EXPECT_EQ(parser.DirectlyReadable(3), 0u) << "that was the third one";
  EXPECT_EQ(parser.DirectlyReadable(4), 1u);
  sink.stop_after_each = true;
  EXPECT_EQ(parser.ReadDirect(1, sink), Flow::kStop);
  EXPECT_EQ(parser.DirectlyReadable(0), 0u);
  EXPECT_EQ(sink.events, Events{"last 0123"});

  std::string next = MakeFrame(Opcode::kBinary, "0123456789");
  parser.Read(reinterpret_cast<uint8_t*>(next.data()), 6, 0, sink);
  EXPECT_EQ(parser.DirectlyReadable(0), 0u) << "nothing of the next payload has come";
}

TEST(FrameParser, EndsNoFrameInWhoseLastBytesAnErrorIsFound) {
  FrameParser parser(Role::kServer);
  FrameSink sink;
  std::string bytes = MakeFrame(Opcode::kBinary, "0123456789");
  parser.Read(reinterpret_cast<uint8_t*>(bytes.data()), 10, 0, sink);
  sink.direct = ErrorCode::kInvalidUtf8;
  parser.ReadDirect(6, sink);
  EXPECT_EQ(sink.events, Events{"WS_ERR_INVALID_UTF8 0"});
  EXPECT_TRUE(parser.ended());
}

TEST(FrameParser, RefusesRsv1OnControlFramesAlsoWhereItIsNegotiated) {
  FrameSpec spec;
  spec.opcode = 9;
  spec.rsv = 4;
  ExpectFrames(MakeFrame(Opcode::kText, "fine") + MakeFrame(spec, "p"),
               {"last fine", "WS_ERR_UNEXPECTED_RSV_1 0"});
}

}  // namespace
}  // namespace wsuv::test
