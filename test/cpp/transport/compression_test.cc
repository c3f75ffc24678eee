#include "transport/compression.h"

#include <gtest/gtest.h>
#include <uv.h>

#include <memory>
#include <string>
#include <vector>

namespace wsuv {
namespace {

ByteView ViewOf(const std::string& text) { return ByteView(std::string_view(text)); }

class CompressionTest : public ::testing::Test, public CompressionObserver {
 protected:
  void SetUp() override {
    uv_loop_init(&uv_);
    pool_ = std::make_unique<CompressionPool>(&uv_);
  }

  void TearDown() override {
    uv_run(&uv_, UV_RUN_DEFAULT);
    EXPECT_EQ(pool_->work().running(), 0U);
    pool_.reset();
    EXPECT_EQ(uv_loop_close(&uv_), 0);
  }

  std::unique_ptr<Compression> Make(bool takeover = true) {
    auto settings = std::make_shared<CompressionSettings>();
    settings->outgoing.takeover = settings->incoming.takeover = takeover;
    settings->async_inflate_size = 1000;
    return std::make_unique<Compression>(pool_.get(), settings, this);
  }

  std::string Compress(Compression& compression, const std::string& text) {
    ByteView payload = ViewOf(text);
    EXPECT_TRUE(compression.Compress(&payload, true, true));
    return std::string(payload.text());
  }

  Compression::Result Inflate(Compression& compression, const std::string& packed, bool binary,
                              uint64_t limit = 0) {
    Message message;
    message.binary = binary;
    message.compressed = true;
    message.data = ViewOf(packed);
    ReaderLimits limits;
    limits.max_payload = limit;
    const char* sentence = "";
    ErrorCode error = ErrorCode::kNone;
    const auto result = compression.Inflate(&message, limits, &error, &sentence);
    if (result == Compression::Result::kReady) events_.push_back(std::string(message.data.text()));
    if (result == Compression::Result::kFailed) events_.push_back(DescribeError(error).name);
    return result;
  }

  uv_loop_t uv_;
  std::unique_ptr<CompressionPool> pool_;
  std::vector<std::string> events_;

 private:
  void OnCompressed(const FrameHeader&, const MessageBuffer* payload) override {
    events_.push_back("compressed " +
                      std::string(ByteView(payload->data(), payload->size()).text()));
  }
  void OnInflated(const Message* message, ErrorCode error, const char*) override {
    events_.push_back(message != nullptr ? "inflated " + std::to_string(message->data.size)
                                         : DescribeError(error).name);
  }
};

using Result = Compression::Result;

TEST_F(CompressionTest, SmallMessagesAreDoneAtOnce) {
  auto sender = Make();
  auto receiver = Make();
  for (int i = 0; i < 3; i++) {
    EXPECT_EQ(Inflate(*receiver, Compress(*sender, "hello"), false), Result::kReady);
  }
  EXPECT_EQ(events_, (std::vector<std::string>{"hello", "hello", "hello"}));
}

TEST_F(CompressionTest, LargeMessagesAreInflatedByTheThreadPool) {
  auto sender = Make();
  auto receiver = Make();
  const std::string packed = Compress(*sender, std::string(100'000, 'x'));
  EXPECT_EQ(Inflate(*receiver, packed, true), Result::kLater);
  EXPECT_TRUE(receiver->inflating());
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_FALSE(receiver->inflating());
  // With the history that the large one left.
  EXPECT_EQ(Inflate(*receiver, Compress(*sender, std::string(500, 'x')), true), Result::kReady);
  EXPECT_EQ(events_, (std::vector<std::string>{"inflated 100000", std::string(500, 'x')}));
}

TEST_F(CompressionTest, LargeMessagesAreCheckedByTheThreadPool) {
  auto sender = Make();
  const std::string text = std::string(50'000, 'x') + "\xFF";
  auto receiver = Make();
  EXPECT_EQ(Inflate(*receiver, Compress(*sender, text), false), Result::kLater);
  uv_run(&uv_, UV_RUN_DEFAULT);
  auto other = Make();
  EXPECT_EQ(Inflate(*other, Compress(*Make(), text), true, 5000), Result::kLater);
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_EQ(events_,
            (std::vector<std::string>{"WS_ERR_INVALID_UTF8", "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"}));
}

TEST_F(CompressionTest, TheThreadPoolCompressesTheSame) {
  auto at_once = Make();
  auto later = Make();
  const std::string text(100'000, 'y');
  FrameHeader header;
  EXPECT_TRUE(later->CompressLater(header, ViewOf(text), true));
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_EQ(events_, std::vector<std::string>{"compressed " + Compress(*at_once, text)});
  EXPECT_EQ(Compress(*later, text), Compress(*at_once, text));
}

TEST_F(CompressionTest, AConnectionMayGoWhileTheThreadPoolWorksForIt) {
  auto sender = Make();
  const std::string packed = Compress(*sender, std::string(3'000'000, 'x'));
  // More than run at once, so that some have not begun.
  std::vector<std::unique_ptr<Compression>> many;
  FrameHeader header;
  for (int i = 0; i < 30; i++) {
    many.push_back(Make());
    EXPECT_EQ(Inflate(*many.back(), packed, true), Result::kLater);
    EXPECT_TRUE(many.back()->CompressLater(header, ViewOf(packed), true));
  }
  many.clear();
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_TRUE(events_.empty());
}

TEST_F(CompressionTest, ShutdownWaitsForWhatRunsAndDropsTheRest) {
  std::vector<std::unique_ptr<Compression>> many;
  const std::string packed = Compress(*Make(), std::string(3'000'000, 'x'));
  for (int i = 0; i < 30; i++) {
    many.push_back(Make());
    EXPECT_EQ(Inflate(*many.back(), packed, true), Result::kLater);
  }
  bool idle = false;
  pool_->work().Shutdown([&idle] { idle = true; });
  EXPECT_GT(pool_->work().running(), 0U);
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_TRUE(idle);
  EXPECT_TRUE(events_.empty());
}

TEST_F(CompressionTest, OneMessageToManyIsCompressedOnce) {
  auto settings = std::make_shared<CompressionSettings>();
  settings->outgoing.takeover = false;
  Compression one(pool_.get(), settings, nullptr);
  Compression other(pool_.get(), settings, nullptr);
  const std::string text = "the same message for everybody";
  ByteView first = ViewOf(text);
  ByteView second = ViewOf(text);
  ASSERT_TRUE(one.Compress(&first, true, true));
  ASSERT_TRUE(other.Compress(&second, true, true));
  EXPECT_EQ(first.data, second.data);

  const std::string changed = "the same message for everybodY";
  ByteView third = ViewOf(changed);
  ASSERT_TRUE(other.Compress(&third, true, true));
  events_.clear();
  EXPECT_EQ(Inflate(*Make(), std::string(third.text()), false), Result::kReady);
  EXPECT_EQ(events_, std::vector<std::string>{changed});
}

}  // namespace
}  // namespace wsuv
