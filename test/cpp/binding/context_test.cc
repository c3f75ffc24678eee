#include "binding/context.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "support/context_model.h"

namespace wsuv::test {
namespace {

// test/fuzz/context_fuzz.cc looks for the scripts that matter; these are any.
TEST(Context, DeliversWhatPeersSayWhateverHandlersDo) {
  std::mt19937 random(20240229);
  size_t records = 0;
  size_t actions = 0;
  for (int i = 0; i < 150; i++) {
    std::vector<uint8_t> script(200 + random() % 1000);
    for (uint8_t& byte : script) byte = static_cast<uint8_t>(random());
    ContextModel model(script.data(), script.size());
    ASSERT_EQ(model.Run(), "") << "script " << i;
    records += model.records();
    actions += model.actions();
  }
  EXPECT_GT(records, 10000u);
  EXPECT_GT(actions, 10000u);
}

}  // namespace
}  // namespace wsuv::test
