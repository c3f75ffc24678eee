#include "protocol/session.h"

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

TEST(Session, EndsWhenItsCloseFrameIsAnswered) {
  Session session(Role::kServer);
  Output output;
  session.Open();
  session.Close(1000, ByteView("bye"), output);
  EXPECT_EQ(session.state(), ReadyState::kClosing);
  EXPECT_FALSE(session.wants_end());
  EXPECT_TRUE(session.wants_close_deadline());
  session.OnPeerClose(1000, {}, output);
  EXPECT_TRUE(session.wants_end());
  EXPECT_TRUE(session.was_clean());
  EXPECT_EQ(output.frames, std::vector<std::string>{"8:" + kNormal + "bye"});
}

TEST(Session, AnswersACloseFrameWithItsCodeAndReason) {
  Session session(Role::kServer);
  Output output;
  session.Open();
  session.OnPeerClose(1000, ByteView("done"), output);
  EXPECT_EQ(output.frames, std::vector<std::string>{"8:" + kNormal + "done"});
  EXPECT_TRUE(session.wants_end());
}

TEST(Session, AnswersAnEmptyCloseFrameWithAnEmptyOne) {
  Session session(Role::kServer);
  Output output;
  session.Open();
  session.OnPeerClose(kNoCloseCode, {}, output);
  EXPECT_EQ(output.frames, std::vector<std::string>{"8:"});
}

TEST(Session, SendsOneCloseFrameOnly) {
  Session session(Role::kServer);
  Output output;
  session.Open();
  session.Close(1000, {}, output);
  session.Close(1001, {}, output);
  session.OnProtocolError(ErrorCode::kInvalidUtf8, output);
  EXPECT_EQ(output.frames.size(), 1u);
  EXPECT_TRUE(session.wants_end());
}

TEST(Session, TellsThePeerWhichRuleItBroke) {
  for (size_t i = 1; i < kErrorCodeCount; i++) {
    const auto code = static_cast<ErrorCode>(i);
    Session session(Role::kClient);
    Output output;
    session.Open();
    session.OnProtocolError(code, output);
    const uint16_t close_code = DescribeError(code).close_code;
    const std::string payload = {static_cast<char>(close_code >> 8), static_cast<char>(close_code)};
    EXPECT_EQ(output.frames, std::vector<std::string>{"8:" + payload});
    EXPECT_TRUE(session.wants_end());
    EXPECT_FALSE(session.was_clean());
  }
}

TEST(Session, EndsWithoutACloseFrameWhenThePeerIsGone) {
  Session session(Role::kServer);
  Output output;
  session.Open();
  session.OnPeerEnd();
  EXPECT_TRUE(session.wants_end());
  session.Close(1000, {}, output);
  EXPECT_TRUE(output.frames.empty());
}

}  // namespace
}  // namespace wsuv::test
