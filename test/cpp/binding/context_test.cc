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

TEST(Environment, TellsJavaScriptHowMuchMemoryThereIs) {
  uv_loop_t uv;
  uv_loop_init(&uv);
  FakeNode node(&uv);
  Environment* const environment = Environment::Create(node.env());
  BlockPool& pool = environment->loop()->pool();
  WriteBlock* const block = pool.Take(2'000'000);
  EXPECT_TRUE(environment->Trim());
  EXPECT_EQ(node.external_memory, static_cast<int64_t>(pool.memory()));
  EXPECT_GE(node.external_memory, 2'000'000);
  pool.Give(block);
  EXPECT_FALSE(environment->Trim());
  EXPECT_EQ(node.external_memory, 0);

  WriteBlock* const last = pool.Take(1);
  environment->Trim();
  pool.Give(last);
  bool is_done = false;
  node.End([&is_done] { is_done = true; });
  EXPECT_EQ(node.external_memory, 0);
  while (!is_done) uv_run(&uv, UV_RUN_NOWAIT);
  EXPECT_EQ(uv_loop_close(&uv), 0);
}

}  // namespace
}  // namespace wsuv::test
