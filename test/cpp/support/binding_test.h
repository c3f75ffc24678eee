#ifndef WSUV_TEST_SUPPORT_BINDING_TEST_H_
#define WSUV_TEST_SUPPORT_BINDING_TEST_H_

#include <gtest/gtest.h>
#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "binding/context.h"
#include "binding/environment.h"
#include "binding/seam.h"
#include "support/fake_node_api.h"
#include "support/frames.h"
#include "transport/external_connection.h"

namespace wsuv::test {

/// An Environment with one Context, on a Node.js of the tests' own. What is delivered is noted (but
/// that there is output), and a handle is given back when the end of its connection is.
class BindingTest : public ::testing::Test {
 protected:
  struct Record {
    uint32_t handle;
    EventKind kind;
    uint32_t flags;
    bool operator==(const Record& other) const {
      return handle == other.handle && kind == other.kind && flags == other.flags;
    }
  };

  BindingTest() : node_(&uv_) {}

  void SetUp() override {
    uv_loop_init(&uv_);
    const size_t scope = node_.OpenScope();
    environment_ = Environment::Create(node_.env());
    environment_->loop();
    dispatch_->type = napi_function;
    dispatch_->call = [this](FakeValue*, const std::vector<FakeValue*>& arguments) {
      Dispatch(*arguments[0]);
      return true;
    };
    endpoints_->type = napi_object;
    auto context = std::make_unique<Context>(environment_, node_.Keep(dispatch_),
                                             node_.Keep(dispatch_), node_.Keep(endpoints_));
    ASSERT_TRUE(context->Prepare());
    context_ = environment_->AddContext(std::move(context));
    cursor_ = node_.Shared(context_->Cursor());
    ring_ = node_.Shared(context_->Ring());
    node_.CloseScope(scope);
  }

  void TearDown() override {
    bool is_done = false;
    node_.End([&is_done] { is_done = true; });
    uv_run(&uv_, UV_RUN_DEFAULT);
    EXPECT_TRUE(is_done);
    EXPECT_EQ(node_.references, 0u);
    EXPECT_EQ(uv_loop_close(&uv_), 0);
  }

  ExternalConnection* Connect() {
    auto* connection =
        ExternalConnection::Make(environment_->loop(), context_, settings_, Role::kServer);
    EXPECT_TRUE(environment_->AssignHandle(*connection));
    return connection;
  }

  static void Feed(Connection* connection, std::string bytes) {
    connection->Feed(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size());
  }

  /// Delivers what was reported.
  void Deliver() {
    const size_t scope = node_.OpenScope();
    environment_->loop()->RunRound();
    node_.CloseScope(scope);
  }

  /// Ends a connection, whose handle is given back then.
  void End(ExternalConnection* connection) {
    connection->FeedClosed();
    Deliver();
  }

  uv_loop_t uv_;
  FakeNode node_;
  Environment* environment_ = nullptr;
  Context* context_ = nullptr;
  std::shared_ptr<FakeValue> dispatch_ = std::make_shared<FakeValue>();
  std::shared_ptr<FakeValue> endpoints_ = std::make_shared<FakeValue>();
  std::shared_ptr<ConnectionSettings> settings_ = std::make_shared<ConnectionSettings>();
  std::vector<Record> records_;

 private:
  int32_t& Word(CursorWord word) {
    return reinterpret_cast<int32_t*>(cursor_->bytes())[static_cast<size_t>(word)];
  }

  void Dispatch(const FakeValue& given) {
    const FakeValue& ring = given.type == napi_object ? given : *ring_;
    const auto* words = reinterpret_cast<const int32_t*>(ring.bytes());
    const auto handle = static_cast<uint32_t>(Word(CursorWord::kHandle));
    const auto end = static_cast<size_t>(Word(CursorWord::kEnd));
    auto at = static_cast<size_t>(Word(CursorWord::kNext));
    Word(CursorWord::kNext) = kCursorDone;
    for (; at < end; at += kRecordWords) {
      const auto head = static_cast<uint32_t>(words[at]);
      const auto kind = static_cast<EventKind>(head & 0xFF);
      if (kind == EventKind::kNothing || kind == EventKind::kOutput) continue;
      records_.push_back({handle, kind, head >> 8 & 0xFF});
      if (kind == EventKind::kClosed) environment_->ReleaseHandle(handle);
    }
  }

  std::shared_ptr<FakeValue> cursor_;
  std::shared_ptr<FakeValue> ring_;
};

}  // namespace wsuv::test

#endif  // WSUV_TEST_SUPPORT_BINDING_TEST_H_
