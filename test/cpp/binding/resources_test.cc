#include "binding/resources.h"

#include <memory>

#include "support/binding_test.h"

namespace wsuv::test {
namespace {

class ResourcesTest : public BindingTest {
 protected:
  std::shared_ptr<FakeValue> AddEndpoint(uint32_t slot) {
    auto& elements = endpoints_->elements;
    if (elements.size() <= slot) elements.resize(slot + 1);
    elements[slot] = std::make_shared<FakeValue>();
    elements[slot]->type = napi_object;
    return elements[slot];
  }

  FakeValue* Of(Resources& resources, uint32_t handle) {
    return FakeNode::Value(resources.Of(handle));
  }
};

// More connections than there are places for what is remembered: each keeps its own.
TEST_F(ResourcesTest, NobodyGetsTheEndpointOfAnother) {
  constexpr uint32_t kPlaces = 1024;
  const auto one = AddEndpoint(5);
  const auto other = AddEndpoint(5 + kPlaces);
  const size_t scope = node_.OpenScope();
  {
    Resources resources(node_.env(), node_.Keep(endpoints_));
    for (int i = 0; i < 3; i++) {
      EXPECT_EQ(Of(resources, 5), one.get());
      EXPECT_EQ(Of(resources, 5), one.get()) << "it is remembered";
      EXPECT_EQ(Of(resources, 5 + kPlaces), other.get());
      EXPECT_EQ(Of(resources, 5 + kPlaces), other.get());
    }
    resources.Forget(5);
    EXPECT_EQ(Of(resources, 5 + kPlaces), other.get());
  }
  node_.CloseScope(scope);
}

TEST_F(ResourcesTest, WhatIsForgottenIsLookedForAnew) {
  AddEndpoint(5);
  const size_t scope = node_.OpenScope();
  {
    Resources resources(node_.env(), node_.Keep(endpoints_));
    for (int i = 0; i < 3; i++) Of(resources, 5);
    resources.Forget(5);
    const auto next = AddEndpoint(5);
    EXPECT_EQ(Of(resources, 5), next.get());
    endpoints_->elements[5].reset();
    resources.Forget(5);
    EXPECT_NE(Of(resources, 5), nullptr) << "an object of nobody";
  }
  node_.CloseScope(scope);
}

}  // namespace
}  // namespace wsuv::test
