#include "transport/held_input.h"

#include <gtest/gtest.h>

#include <string>

namespace wsuv::test {
namespace {

void Append(HeldInput& input, const std::string& text) {
  input.Append(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

TEST(HeldInput, GivesWhatWasNotWorkedOffInOrder) {
  HeldInput input;
  EXPECT_TRUE(input.empty());
  Append(input, "abcdefgh");
  input.Skip(2);
  Append(input, "ij");
  EXPECT_EQ(input.text(), "cdefghij");
  // More than half is worked off, and makes room.
  input.Skip(6);
  Append(input, "klm");
  EXPECT_EQ(input.text(), "ijklm");
  EXPECT_EQ(input.size(), 5u);
  input.Skip(5);
  EXPECT_TRUE(input.empty());
  Append(input, "n");
  EXPECT_EQ(input.text(), "n");
}

}  // namespace
}  // namespace wsuv::test
