#include "binding/staging.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace wsuv::test {
namespace {

// Copies so many chunks full, and returns where they lie.
std::set<const uint8_t*> Fill(Staging* staging, size_t chunks) {
  const std::string bytes(Staging::kChunkSize, 'x');
  std::set<const uint8_t*> places;
  for (size_t i = 0; i < chunks; i++) {
    size_t offset = 1;
    const Staging::Chunk* chunk = staging->Copy(nullptr, ByteView(bytes), &offset);
    EXPECT_NE(chunk, nullptr);
    EXPECT_EQ(offset, 0u);
    places.insert(chunk->memory->data());
  }
  EXPECT_EQ(places.size(), chunks);
  return places;
}

TEST(Staging, ZeroesWhatRoundingUpAdds) {
  Staging staging;
  size_t offset = 0;
  Staging::Chunk* chunk = staging.Copy(nullptr, ByteView("12345678abc"), &offset);
  ASSERT_NE(chunk, nullptr);
  EXPECT_EQ(chunk->used, 16u);
  const auto* bytes = reinterpret_cast<const char*>(chunk->memory->data() + offset);
  EXPECT_EQ(std::string(bytes, 16), std::string("12345678abc\0\0\0\0\0", 16));
}

TEST(Staging, UsesTheSameMemoryEveryRound) {
  Staging staging;
  const auto places = Fill(&staging, 3);
  staging.Reset();
  EXPECT_EQ(Fill(&staging, 3), places);
}

TEST(Staging, FreesWhatNoRoundHasNeeded) {
  Staging staging;
  Fill(&staging, 3);
  staging.Reset();
  EXPECT_TRUE(staging.Trim());
  const auto one = Fill(&staging, 1);
  staging.Reset();
  EXPECT_TRUE(staging.Trim());
  EXPECT_EQ(staging.capacity(), Staging::kChunkSize);
  EXPECT_EQ(Fill(&staging, 1), one);
  staging.Reset();
  EXPECT_TRUE(staging.Trim());
  EXPECT_FALSE(staging.Trim());
  Fill(&staging, 1);
}

TEST(Staging, KeepsNoMoreThanAMebibyte) {
  Staging staging;
  Fill(&staging, 20);
  staging.Reset();
  EXPECT_TRUE(staging.Trim());
  EXPECT_EQ(staging.capacity(), size_t{1024} * 1024);
}

}  // namespace
}  // namespace wsuv::test
