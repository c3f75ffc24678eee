#include "transport/compression.h"

#include <gtest/gtest.h>
#include <uv.h>

#include <algorithm>
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
    pool_ = std::make_unique<CompressionPool>(&uv_, [this] { armed_++; });
  }

  void TearDown() override {
    uv_run(&uv_, UV_RUN_DEFAULT);
    EXPECT_EQ(pool_->work().running(), 0U);
    pool_.reset();
    EXPECT_EQ(uv_loop_close(&uv_), 0);
  }

  static constexpr size_t kMaxStreams = StreamPool<DeflateStream>::kMaxStreams;

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
  std::string key_;  // The masking key of the last frame that was compressed.
  int armed_ = 0;    // How often a Trim() was asked for.

 private:
  void OnCompressed(const FrameHeader& header, const MessageBuffer* payload) override {
    if (header.masking_key != nullptr) {
      key_.assign(reinterpret_cast<const char*>(header.masking_key), 4);
    }
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
  int idle = 0;
  pool_->work().Shutdown([&] {
    idle++;
    EXPECT_EQ(pool_->work().running(), 0U);
  });
  EXPECT_GT(pool_->work().running(), 0U);
  EXPECT_EQ(pool_->inflaters().at_work(), pool_->work().running()) << "what waited is gone";
  EXPECT_TRUE(Make()->CompressLater(FrameHeader(), ViewOf(packed), true));
  EXPECT_EQ(pool_->compressors().at_work(), 0U) << "nothing begins any more";
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_EQ(idle, 1);
  EXPECT_TRUE(events_.empty());
}

// The pool takes one at a time, so that the others have begun and wait.
TEST_F(CompressionTest, NoMoreStreamsThanThereMayBeHoweverManyWaitForTheThreadPool) {
  pool_->work().set_limit(1);
  const std::string large(3'000, 'x');
  const std::string packed = Compress(*Make(), large);
  std::vector<std::unique_ptr<Compression>> many;
  FrameHeader header;
  for (int i = 0; i < 1'200; i++) {
    many.push_back(Make());
    EXPECT_TRUE(many.back()->CompressLater(header, ViewOf(large), true));
    EXPECT_EQ(Inflate(*many.back(), packed, true), Result::kLater);
    ASSERT_LE(pool_->compressors().size(), kMaxStreams);
    ASSERT_LE(pool_->inflaters().size(), kMaxStreams);
  }
  EXPECT_EQ(pool_->inflaters().at_work(), kMaxStreams);
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_LE(pool_->compressors().size(), kMaxStreams);
  EXPECT_LE(pool_->inflaters().size(), kMaxStreams);
  EXPECT_EQ(pool_->inflaters().at_work(), 0U);
  EXPECT_EQ(std::count(events_.begin(), events_.end(), "compressed " + packed), 1'200);
  EXPECT_EQ(std::count(events_.begin(), events_.end(), "inflated 3000"), 1'200);

  // Each has its history.
  events_.clear();
  for (auto& compression : many) {
    EXPECT_EQ(Inflate(*compression, Compress(*compression, "xxx"), true), Result::kReady);
  }
  EXPECT_EQ(std::count(events_.begin(), events_.end(), "xxx"), 1'200);
}

TEST_F(CompressionTest, AllStreamsMayRunAtOnceAndTheRestWaits) {
  pool_->work().set_limit(1'000);
  const std::string large(3'000, 'x');
  std::vector<std::unique_ptr<Compression>> many;
  FrameHeader header;
  for (int i = 0; i < 300; i++) {
    many.push_back(Make());
    EXPECT_TRUE(many.back()->CompressLater(header, ViewOf(large), true));
  }
  EXPECT_EQ(pool_->work().running(), kMaxStreams);
  EXPECT_EQ(pool_->compressors().size(), kMaxStreams);
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_EQ(events_.size(), 300U);
}

TEST_F(CompressionTest, AllStreamsMayInflateAtOnceAndTheRestWaits) {
  pool_->work().set_limit(1'000);
  const std::string packed = Compress(*Make(), std::string(3'000, 'x'));
  std::vector<std::unique_ptr<Compression>> many;
  for (int i = 0; i < 300; i++) {
    many.push_back(Make());
    EXPECT_EQ(Inflate(*many.back(), packed, true), Result::kLater);
  }
  EXPECT_EQ(pool_->work().running(), kMaxStreams);
  EXPECT_EQ(pool_->inflaters().size(), kMaxStreams);
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_EQ(std::count(events_.begin(), events_.end(), "inflated 3000"), 300);
}

TEST_F(CompressionTest, WhatHasAStreamComesBeforeWhatWaitsForOne) {
  pool_->work().set_limit(1);
  const std::string packed = Compress(*Make(), std::string(3'000, 'x'));
  auto one = Make();
  auto other = Make();
  FrameHeader header;
  EXPECT_TRUE(one->CompressLater(header, ViewOf(packed), true));
  EXPECT_TRUE(other->CompressLater(header, ViewOf(packed), true));
  EXPECT_EQ(Inflate(*one, packed, true), Result::kLater);
  uv_run(&uv_, UV_RUN_DEFAULT);
  ASSERT_EQ(events_.size(), 3U);
  EXPECT_EQ(events_[1], "inflated 3000");
}

// RFC 7692 7.2.3.4: a last block with BFINAL, behind which nothing of the stream can be gone on
// with.
TEST_F(CompressionTest, AStreamThatThePeerHasEndedBeginsAnew) {
  for (const size_t size : {size_t{100}, size_t{5'000}}) {
    const std::string text(size, 'f');
    z_stream stream = {};
    ASSERT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string packed(1'000, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(size);
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    ASSERT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);

    auto receiver = Make();
    events_.clear();
    for (int i = 0; i < 3; i++) {
      Inflate(*receiver, packed, true);
      uv_run(&uv_, UV_RUN_DEFAULT);
    }
    EXPECT_EQ(events_, std::vector<std::string>(3, size == 100 ? text : "inflated 5000"));
  }
}

TEST_F(CompressionTest, TheMaskingKeyIsKeptWhileTheThreadPoolCompresses) {
  auto compression = Make();
  uint8_t key[] = {1, 2, 3, 4};
  FrameHeader header;
  header.masking_key = key;
  EXPECT_TRUE(compression->CompressLater(header, ViewOf(std::string("text")), true));
  key[0] = key[1] = key[2] = key[3] = 0;
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_EQ(key_, std::string("\x01\x02\x03\x04"));
}

TEST_F(CompressionTest, ASmallMessageWaitsWhereAllStreamsAreAtWork) {
  pool_->work().set_limit(1);
  const std::string packed = Compress(*Make(), std::string(3'000, 'x'));
  std::vector<std::unique_ptr<Compression>> many;
  for (size_t i = 0; i < kMaxStreams; i++) {
    many.push_back(Make());
    EXPECT_EQ(Inflate(*many.back(), packed, true), Result::kLater);
  }
  auto small = Make();
  EXPECT_EQ(Inflate(*small, Compress(*Make(), "small"), false), Result::kLater);
  EXPECT_TRUE(small->inflating());
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_FALSE(small->inflating());
  EXPECT_EQ(std::count(events_.begin(), events_.end(), "inflated 5"), 1);
}

TEST_F(CompressionTest, WhatWaitsForAConnectionThatIsGoneHoldsNothing) {
  pool_->work().set_limit(1);
  const std::string packed = Compress(*Make(), std::string(3'000, 'x'));
  std::vector<std::unique_ptr<Compression>> many;
  for (int i = 0; i < 50; i++) {
    many.push_back(Make());
    EXPECT_EQ(Inflate(*many.back(), packed, true), Result::kLater);
  }
  EXPECT_EQ(pool_->inflaters().at_work(), 50U);
  many.clear();
  EXPECT_EQ(pool_->inflaters().at_work(), 1U) << "the one that runs";
}

TEST_F(CompressionTest, NothingElseIsCompressedWhileTheThreadPoolCompresses) {
  auto compression = Make();
  FrameHeader header;
  const std::string text = "text";
  EXPECT_TRUE(compression->CompressLater(header, ViewOf(text), true));
  ByteView payload = ViewOf(text);
  EXPECT_FALSE(compression->Compress(&payload, true, true));
  EXPECT_FALSE(compression->CompressLater(header, ViewOf(text), true));
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_TRUE(compression->Compress(&payload, true, true));
}

TEST_F(CompressionTest, WorkRunsInNoMoreThreadsThanTheLimit) {
  std::vector<std::unique_ptr<Compression>> many;
  FrameHeader header;
  pool_->work().set_limit(3);
  for (int i = 0; i < 10; i++) {
    many.push_back(Make());
    EXPECT_TRUE(many.back()->CompressLater(header, ViewOf("text"), true));
  }
  EXPECT_EQ(pool_->work().running(), 3U);
  EXPECT_EQ(pool_->compressors().size(), 3U);
  uv_run(&uv_, UV_RUN_DEFAULT);
  EXPECT_EQ(events_.size(), 10U);
}

TEST_F(CompressionTest, KeepsNoMemoryOnceItIsIdle) {
  EXPECT_EQ(armed_, 0);
  auto takeover = Make();
  auto shared = Make(false);
  for (int round = 1; round <= 2; round++) {
    Compress(*takeover, std::string(5'000, 'x'));
    const std::string packed = Compress(*shared, std::string(900, 'x'));
    EXPECT_EQ(Inflate(*shared, packed, true), Result::kReady);
    EXPECT_EQ(armed_, round) << "asked for once";
    EXPECT_TRUE(pool_->Trim()) << "used in this interval";
    EXPECT_FALSE(pool_->Trim());
    EXPECT_EQ(pool_->scratch().capacity(), 0U);
    EXPECT_EQ(pool_->shared_bytes(), 0U);
    EXPECT_EQ(pool_->compressors().size() + pool_->inflaters().size(), 0U);
  }
}

TEST_F(CompressionTest, OneMessageToManyIsCompressedOnce) {
  auto settings = std::make_shared<CompressionSettings>();
  settings->outgoing.takeover = false;
  Compression one(pool_.get(), settings, nullptr);
  Compression other(pool_.get(), settings, nullptr);
  const std::string text = "the same message for everybody, the same message for everybody";
  ByteView first = ViewOf(text);
  ByteView second = ViewOf(text);
  ASSERT_TRUE(one.Compress(&first, true, true));
  ASSERT_TRUE(other.Compress(&second, true, true));
  EXPECT_EQ(first.data, second.data);

  // With other settings it is another message.
  auto lower = std::make_shared<CompressionSettings>(*settings);
  lower->outgoing.level = 0;
  Compression uncompressed(pool_.get(), lower, nullptr);
  ByteView plain = ViewOf(text);
  ASSERT_TRUE(uncompressed.Compress(&plain, true, true));
  EXPECT_GT(plain.size, text.size());

  const std::string beginning = text.substr(0, 30);
  ByteView part = ViewOf(beginning);
  ByteView again = ViewOf(text);
  ASSERT_TRUE(one.Compress(&again, true, true));
  ASSERT_TRUE(one.Compress(&part, true, true));
  EXPECT_EQ(Inflate(*Make(), std::string(part.text()), false), Result::kReady);
  EXPECT_EQ(events_, std::vector<std::string>{beginning});

  const std::string changed = "the same message for everybodY";
  ByteView third = ViewOf(changed);
  ASSERT_TRUE(other.Compress(&third, true, true));
  events_.clear();
  EXPECT_EQ(Inflate(*Make(), std::string(third.text()), false), Result::kReady);
  EXPECT_EQ(events_, std::vector<std::string>{changed});
}

// A fragment refers to those before it, so it is no message for others.
TEST_F(CompressionTest, TheLastFragmentOfAMessageIsNotShared) {
  auto settings = std::make_shared<CompressionSettings>();
  settings->outgoing.takeover = false;
  Compression one(pool_.get(), settings, nullptr);
  Compression other(pool_.get(), settings, nullptr);
  const std::string text = "the same words for everybody, and many of them";
  ByteView first = ViewOf(text);
  ASSERT_TRUE(one.Compress(&first, true, false));
  std::string fragments(first.text());
  ByteView last = ViewOf(text);
  ASSERT_TRUE(one.Compress(&last, false, true));
  fragments += last.text();
  EXPECT_EQ(Inflate(*Make(), fragments, false), Result::kReady);
  EXPECT_EQ(Inflate(*Make(), Compress(other, text), false), Result::kReady);
  EXPECT_EQ(events_, (std::vector<std::string>{text + text, text}));
}

}  // namespace
}  // namespace wsuv
