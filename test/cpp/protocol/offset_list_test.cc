#include "protocol/offset_list.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace wsuv {
namespace {

std::vector<size_t> Of(const OffsetList& list) { return {list.begin(), list.end()}; }

TEST(OffsetList, GrowsCopiesAndMoves) {
  OffsetList list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.last(), 0U);
  std::vector<size_t> expected;
  for (size_t i = 0; i < 100; i++) {
    ASSERT_TRUE(list.Append(3 * i));
    expected.push_back(3 * i);
    EXPECT_EQ(list.last(), 3 * i);
  }
  EXPECT_EQ(Of(list), expected);
  EXPECT_LE(list.capacity(), 2 * list.size());

  OffsetList copy;
  ASSERT_TRUE(copy.Append(1000));
  ASSERT_TRUE(copy.CopyFrom(list));
  EXPECT_EQ(Of(copy), expected);
  ASSERT_TRUE(list.CopyFrom(OffsetList()));
  EXPECT_TRUE(list.empty());

  list = std::move(copy);
  EXPECT_EQ(Of(list), expected);
  EXPECT_TRUE(copy.empty());  // NOLINT(bugprone-use-after-move)
}

}  // namespace
}  // namespace wsuv
