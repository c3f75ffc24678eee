#include "protocol/closing_handshake.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace wsuv::test {
namespace {

struct Output : FrameOutput {
  std::vector<std::string> frames;
  void WriteFrame(Opcode opcode, ByteView payload) override {
    frames.push_back(std::to_string(static_cast<int>(opcode)) + ":" + std::string(payload.text()));
  }
};

const std::string kNormal = std::string("\x03\xE8", 2);

TEST(ClosingHandshake, EndsWhenItsCloseFrameIsAnswered) {
  ClosingHandshake closing;
  Output output;
  closing.Close(1000, ByteView("bye"), output);
  EXPECT_FALSE(closing.wants_end());
  EXPECT_TRUE(closing.wants_deadline());
  closing.OnPeerClose(1000, {}, output);
  EXPECT_TRUE(closing.wants_end());
  EXPECT_TRUE(closing.was_clean());
  EXPECT_EQ(output.frames, std::vector<std::string>{"8:" + kNormal + "bye"});
}

TEST(ClosingHandshake, AnswersACloseFrameWithItsCodeAndReason) {
  ClosingHandshake closing;
  Output output;
  closing.OnPeerClose(1000, ByteView("done"), output);
  EXPECT_EQ(output.frames, std::vector<std::string>{"8:" + kNormal + "done"});
  EXPECT_TRUE(closing.wants_end());
}

TEST(ClosingHandshake, AnswersAnEmptyCloseFrameWithAnEmptyOne) {
  ClosingHandshake closing;
  Output output;
  closing.OnPeerClose(kNoCloseCode, {}, output);
  EXPECT_EQ(output.frames, std::vector<std::string>{"8:"});
}

TEST(ClosingHandshake, SendsOneCloseFrameOnly) {
  ClosingHandshake closing;
  Output output;
  closing.Close(1000, {}, output);
  closing.Close(1001, {}, output);
  closing.OnProtocolError(ErrorCode::kInvalidUtf8, output);
  EXPECT_EQ(output.frames.size(), 1u);
  EXPECT_TRUE(closing.wants_end());
}

TEST(ClosingHandshake, TellsThePeerWhichRuleItBroke) {
  for (size_t i = 1; i < kErrorCodeCount; i++) {
    const auto code = static_cast<ErrorCode>(i);
    ClosingHandshake closing;
    Output output;
    closing.OnProtocolError(code, output);
    const uint16_t close_code = DescribeError(code).close_code;
    const std::string payload = {static_cast<char>(close_code >> 8), static_cast<char>(close_code)};
    EXPECT_EQ(output.frames, std::vector<std::string>{"8:" + payload});
    EXPECT_TRUE(closing.wants_end());
    EXPECT_FALSE(closing.was_clean());
  }
}

TEST(ClosingHandshake, TakesNoMoreOfAReasonThanAFrameHolds) {
  for (const size_t size : {size_t{123}, size_t{124}, size_t{100000}}) {
    ClosingHandshake closing;
    Output output;
    const std::string reason(size, 'r');
    closing.Close(1000, ByteView(std::string_view(reason)), output);
    EXPECT_EQ(output.frames,
              std::vector<std::string>{"8:" + kNormal + std::string(kMaxCloseReason, 'r')});
  }
}

TEST(ClosingHandshake, EndsWithoutACloseFrameWhenThePeerIsGone) {
  ClosingHandshake closing;
  Output output;
  EXPECT_FALSE(closing.wants_deadline());
  closing.OnPeerEnd();
  EXPECT_TRUE(closing.wants_end());
  EXPECT_TRUE(closing.wants_deadline());
  closing.Close(1000, {}, output);
  EXPECT_TRUE(output.frames.empty());
}

}  // namespace
}  // namespace wsuv::test
