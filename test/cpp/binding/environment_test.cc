#include "binding/environment.h"

#include "support/binding_test.h"

namespace wsuv::test {
namespace {

class EnvironmentTest : public BindingTest {};

TEST_F(EnvironmentTest, ASlotThatIsUsedAgainHasAnotherHandle) {
  ExternalConnection* connection = Connect();
  const uint32_t first = connection->id();
  EXPECT_EQ(environment_->Find(first), connection);
  End(connection);
  EXPECT_EQ(environment_->Find(first), nullptr);
  connection = Connect();
  const uint32_t second = connection->id();
  EXPECT_EQ(Environment::SlotOf(second), Environment::SlotOf(first));
  EXPECT_NE(second, first);
  EXPECT_EQ(environment_->Find(first), nullptr);
  // Nor does whoever still has the first one do anything with it.
  environment_->AllowRelease(first);
  environment_->ReleaseHandle(first);
  EXPECT_EQ(environment_->Find(second), connection);
  End(connection);
}

TEST_F(EnvironmentTest, TheSlotThatIsFreeForTheLongestIsUsedFirst) {
  ExternalConnection* one = Connect();
  ExternalConnection* other = Connect();
  const uint32_t first = Environment::SlotOf(one->id());
  const uint32_t second = Environment::SlotOf(other->id());
  EXPECT_NE(first, second);
  End(one);
  End(other);
  one = Connect();
  other = Connect();
  EXPECT_EQ(Environment::SlotOf(one->id()), first);
  EXPECT_EQ(Environment::SlotOf(other->id()), second);
}

TEST_F(EnvironmentTest, AHandleIsGivenBackBehindTheEndOnly) {
  ExternalConnection* connection = Connect();
  const uint32_t handle = connection->id();
  environment_->ReleaseHandle(handle);
  EXPECT_EQ(environment_->Find(handle), connection);
  connection->FeedClosed();
  environment_->ReleaseHandle(handle);
  EXPECT_EQ(environment_->Find(handle), connection);
  Deliver();
  EXPECT_EQ(environment_->Find(handle), nullptr);
  EXPECT_EQ(records_, (std::vector<Record>{{handle, EventKind::kClosed, 0}}));
}

TEST_F(EnvironmentTest, TextIsWantedOfNoOtherConnectionInTheSlot) {
  ExternalConnection* connection = Connect();
  environment_->SetWantsText(connection->id());
  EXPECT_TRUE(environment_->WantsText(connection->id()));
  End(connection);
  EXPECT_FALSE(environment_->WantsText(Connect()->id()));
}

}  // namespace
}  // namespace wsuv::test
