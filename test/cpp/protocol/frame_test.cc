#include "protocol/frame.h"

#include <gtest/gtest.h>

#include <string>

#include "support/frames.h"

namespace wsuv::test {
namespace {

TEST(Frame, EncodesHeadersInTheirShortestForm) {
  for (const uint64_t size : {0, 1, 125, 126, 127, 65535, 65536, 100000}) {
    for (const bool masked : {false, true}) {
      const uint8_t key[4] = {0x12, 0xC4, 0x5F, 0x81};
      FrameHeader header;
      header.opcode = Opcode::kText;
      header.masking_key = masked ? key : nullptr;
      uint8_t out[kMaxFrameHeaderSize];
      const size_t count = EncodeFrameHeader(header, size, out);
      EXPECT_EQ(FrameHeaderSize(header, size), count);
      const std::string whole = MakeFrame(Opcode::kText, std::string(size, 'x'), true, masked);
      EXPECT_EQ(std::string(reinterpret_cast<char*>(out), count), whole.substr(0, count));
      EXPECT_EQ(whole.size(), count + size);
    }
  }
}

TEST(Frame, EncodesFinAndRsv1) {
  uint8_t out[kMaxFrameHeaderSize];
  FrameHeader header;
  header.opcode = Opcode::kContinuation;
  header.fin = false;
  header.rsv1 = true;
  EncodeFrameHeader(header, 0, out);
  EXPECT_EQ(out[0], 0x40);
}

TEST(Frame, EncodesLengthsOf64Bits) {
  uint8_t out[kMaxFrameHeaderSize];
  FrameHeader header;
  EXPECT_EQ(EncodeFrameHeader(header, 0x0102030405060708, out), 10u);
  for (uint8_t i = 0; i < 8; i++) EXPECT_EQ(out[2 + i], i + 1);
}

}  // namespace
}  // namespace wsuv::test
