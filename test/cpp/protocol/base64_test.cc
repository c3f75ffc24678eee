#include "protocol/base64.h"

#include <gtest/gtest.h>

namespace wsuv::test {
namespace {

// RFC 4648 10.
TEST(Base64, EncodesTheExamplesOfTheRfc) {
  EXPECT_EQ(Base64Encode(ByteView("")), "");
  EXPECT_EQ(Base64Encode(ByteView("f")), "Zg==");
  EXPECT_EQ(Base64Encode(ByteView("fo")), "Zm8=");
  EXPECT_EQ(Base64Encode(ByteView("foo")), "Zm9v");
  EXPECT_EQ(Base64Encode(ByteView("foobar")), "Zm9vYmFy");
  EXPECT_EQ(Base64Encode(ByteView("\xFB\xFF\xBF")), "+/+/");
}

TEST(Base64, KnowsTheFormOfSixteenBytes) {
  EXPECT_TRUE(IsBase64Of16Bytes("dGhlIHNhbXBsZSBub25jZQ=="));
  EXPECT_TRUE(IsBase64Of16Bytes("++//AAAAAAAAAAAAAAAAzz=="));
  EXPECT_FALSE(IsBase64Of16Bytes("dGhlIHNhbXBsZSBub25jZQ="));
  EXPECT_FALSE(IsBase64Of16Bytes("dGhlIHNhbXBsZSBub25jZQ==="));
  EXPECT_FALSE(IsBase64Of16Bytes("dGhlIHNhbXBsZSBub25jZQaa"));
  EXPECT_FALSE(IsBase64Of16Bytes("dGhlIHNhbXBsZSBub2-jZQ=="));
  EXPECT_FALSE(IsBase64Of16Bytes(""));
}

}  // namespace
}  // namespace wsuv::test
