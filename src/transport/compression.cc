#include "transport/compression.h"

#include <cstring>
#include <utility>

#include "protocol/utf8.h"

namespace wsuv {
namespace {

// What an inflated message still has to pass.
ErrorCode Check(Message* message, const ReaderLimits& limits) {
  if (message->binary || limits.skip_utf8_validation) return ErrorCode::kNone;
  Utf8Validator validator;
  if (!validator.Push(message->data.data, message->data.size) || !validator.IsComplete()) {
    return ErrorCode::kInvalidUtf8;
  }
  message->ascii = validator.IsAscii();
  return ErrorCode::kNone;
}

ErrorCode ErrorOf(MessageInflation::Status status) {
  return status == MessageInflation::Status::kFailed ? ErrorCode::kInvalidDeflateData
                                                     : ErrorCode::kUnsupportedMessageLength;
}

void Describe(const MessageBuffer& buffer, const std::vector<size_t>& ends, Message* message) {
  message->compressed = false;
  message->data = {buffer.data(), buffer.size()};
  message->fragment_ends = ends.size() > 1 ? &ends : nullptr;
}

}  // namespace

bool CompressionPool::Trim() {
  if (scratch_.capacity() > 0) MessageBuffer(std::move(scratch_));
  const bool compressors_left = compressors_.Trim();
  return inflaters_.Trim() || compressors_left;
}

const MessageBuffer* CompressionPool::CompressShared(
    const std::shared_ptr<const CompressionSettings>& settings, StreamLease<DeflateStream>& lease,
    ByteView message) {
  if (shared_settings_ == settings && shared_input_.size() == message.size &&
      (message.size == 0 || std::memcmp(shared_input_.data(), message.data, message.size) == 0)) {
    return &shared_output_;
  }
  std::unique_ptr<DeflateStream> stream = lease.Borrow();
  if (stream == nullptr) return nullptr;
  shared_output_.Clear();
  const bool done = stream->Compress(message, true, shared_output_);
  lease.Return(std::move(stream), false, false);
  shared_settings_ = done ? settings : nullptr;
  shared_input_.assign(message.data, message.data + message.size);
  return done ? &shared_output_ : nullptr;
}

class Compression::DeflateWork final : public Work {
 public:
  DeflateWork(Compression* owner, const FrameHeader& header, bool fin)
      : owner_(owner), header_(header), fin_(fin) {
    if (header.masking_key != nullptr) {
      std::memcpy(key_, header.masking_key, sizeof(key_));
      header_.masking_key = key_;
    }
  }
  ~DeflateWork() override {
    if (owner_ != nullptr) owner_->deflating_ = nullptr;
  }

  bool Prepare(ByteView payload) {
    if (!input_.Reserve(payload.size, payload.size)) return false;
    std::memcpy(input_.data(), payload.data, payload.size);
    input_.Commit(payload.size);
    stream_ = owner_->outgoing_.Borrow();
    return stream_ != nullptr;
  }
  void Disown() { owner_ = nullptr; }

  void Run() override { done_ = stream_->Compress({input_.data(), input_.size()}, fin_, output_); }

  void Finish() override {
    Compression* owner = std::exchange(owner_, nullptr);
    if (owner == nullptr) return;
    owner->deflating_ = nullptr;
    owner->outgoing_.Return(std::move(stream_), !fin_, done_);
    owner->observer_->OnCompressed(header_, done_ ? &output_ : nullptr);
  }

 private:
  Compression* owner_;
  FrameHeader header_;
  uint8_t key_[4];
  std::unique_ptr<DeflateStream> stream_;
  MessageBuffer input_;
  MessageBuffer output_;
  bool fin_;
  bool done_ = false;
};

class Compression::InflateWork final : public Work {
 public:
  InflateWork(Compression* owner, const Message& message, const ReaderLimits& limits,
              MessageInflation inflation)
      : owner_(owner), message_(message), limits_(limits), inflation_(std::move(inflation)) {}
  ~InflateWork() override {
    if (owner_ != nullptr) owner_->inflating_ = nullptr;
  }

  /// Takes over the input, and what was inflated of it so far.
  bool Prepare(std::unique_ptr<InflateStream> stream, MessageBuffer* input, ByteView bytes,
               MessageBuffer& output) {
    stream_ = std::move(stream);
    MessageBuffer own = input != nullptr ? std::move(*input) : MessageBuffer();
    if (input == nullptr) {
      if (!own.Reserve(bytes.size, bytes.size)) return false;
      if (bytes.size > 0) std::memcpy(own.data(), bytes.data, bytes.size);
      own.Commit(bytes.size);
    }
    input_ = std::make_unique<MessageBuffer>(std::move(own));
    inflation_.Rebase(input_->data());
    output_ = std::make_unique<MessageBuffer>(std::move(output));
    return true;
  }
  void Disown() { owner_ = nullptr; }

  void Run() override {
    status_ = inflation_.Run(*stream_, *output_, SIZE_MAX);
    if (status_ != MessageInflation::Status::kDone) return;
    Describe(*output_, inflation_.fragment_ends(), &message_);
    message_.buffer = output_.get();
    check_ = Check(&message_, limits_);
  }

  void Finish() override {
    Compression* owner = std::exchange(owner_, nullptr);
    if (owner == nullptr) return;
    owner->inflating_ = nullptr;
    const bool done = status_ == MessageInflation::Status::kDone;
    owner->incoming_.Return(std::move(stream_), false, done && !inflation_.stream_ended());
    if (!done) {
      owner->observer_->OnInflated(nullptr, ErrorOf(status_), inflation_.error());
    } else if (check_ != ErrorCode::kNone) {
      owner->observer_->OnInflated(nullptr, check_, "");
    } else {
      owner->observer_->OnInflated(&message_, ErrorCode::kNone, "");
    }
  }

 private:
  Compression* owner_;
  Message message_;
  ReaderLimits limits_;
  MessageInflation inflation_;
  std::unique_ptr<InflateStream> stream_;
  std::unique_ptr<MessageBuffer> input_;
  std::unique_ptr<MessageBuffer> output_;
  MessageInflation::Status status_ = MessageInflation::Status::kBudget;
  ErrorCode check_ = ErrorCode::kNone;
};

Compression::Compression(CompressionPool* pool, std::shared_ptr<const CompressionSettings> settings,
                         CompressionObserver* observer)
    : pool_(pool),
      settings_(std::move(settings)),
      observer_(observer),
      outgoing_(&pool->compressors(), &settings_->outgoing),
      incoming_(&pool->inflaters(), &settings_->incoming) {}

Compression::~Compression() {
  if (deflating_ != nullptr) deflating_->Disown();
  if (inflating_ != nullptr) inflating_->Disown();
}

bool Compression::Compress(ByteView* payload, bool first, bool fin) {
  if (first && fin && !settings_->outgoing.takeover) {
    const MessageBuffer* shared = pool_->CompressShared(settings_, outgoing_, *payload);
    if (shared == nullptr) return false;
    *payload = {shared->data(), shared->size()};
    return true;
  }
  std::unique_ptr<DeflateStream> stream = outgoing_.Borrow();
  if (stream == nullptr) return false;
  MessageBuffer& out = pool_->scratch();
  out.Clear();
  const bool done = stream->Compress(*payload, fin, out);
  outgoing_.Return(std::move(stream), !fin, done);
  *payload = {out.data(), out.size()};
  return done;
}

bool Compression::CompressLater(const FrameHeader& header, ByteView payload, bool fin) {
  auto work = std::make_unique<DeflateWork>(this, header, fin);
  if (!work->Prepare(payload)) return false;
  deflating_ = work.get();
  pool_->work().Submit(std::move(work));
  return true;
}

Compression::Result Compression::Inflate(Message* message, const ReaderLimits& limits,
                                         ErrorCode* error, const char** sentence) {
  *sentence = "";
  std::unique_ptr<InflateStream> stream = incoming_.Borrow();
  if (stream == nullptr) {
    *error = ErrorCode::kUnsupportedMessageLength;
    return Result::kFailed;
  }
  MessageInflation inflation(message->data, message->fragment_ends, limits.max_payload);
  MessageBuffer& out = pool_->scratch();
  out.Clear();
  const MessageInflation::Status status =
      inflation.Run(*stream, out, settings_->async_inflate_size);
  if (status == MessageInflation::Status::kBudget) {
    auto work = std::make_unique<InflateWork>(this, *message, limits, std::move(inflation));
    if (!work->Prepare(std::move(stream), message->buffer, message->data, out)) {
      *error = ErrorCode::kUnsupportedMessageLength;
      return Result::kFailed;
    }
    inflating_ = work.get();
    pool_->work().Submit(std::move(work));
    return Result::kLater;
  }
  const bool done = status == MessageInflation::Status::kDone;
  incoming_.Return(std::move(stream), false, done && !inflation.stream_ended());
  if (!done) {
    *error = ErrorOf(status);
    *sentence = inflation.error();
    return Result::kFailed;
  }
  fragment_ends_ = inflation.fragment_ends();
  Describe(out, fragment_ends_, message);
  message->buffer = nullptr;
  *error = Check(message, limits);
  return *error == ErrorCode::kNone ? Result::kReady : Result::kFailed;
}

}  // namespace wsuv
