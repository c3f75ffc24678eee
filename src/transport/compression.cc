#include "transport/compression.h"

#include <cstring>
#include <utility>

#include "protocol/assert.h"
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
  switch (status) {
    case MessageInflation::Status::kFailed:
      return ErrorCode::kInvalidDeflateData;
    case MessageInflation::Status::kTooLong:
      return ErrorCode::kUnsupportedMessageLength;
    default:
      return ErrorCode::kOutOfMemory;
  }
}

// A copy of `bytes`, in a buffer that holds nothing. False when there is no memory.
bool Copy(ByteView bytes, MessageBuffer* out) {
  if (!out->Reserve(bytes.size, bytes.size)) return false;
  if (bytes.size > 0) std::memcpy(out->data(), bytes.data, bytes.size);
  out->Commit(bytes.size);
  return true;
}

void Describe(const MessageBuffer& buffer, const OffsetList& ends, Message* message) {
  message->compressed = false;
  message->data = {buffer.data(), buffer.size()};
  message->fragment_ends = ends.size() > 1 ? &ends : nullptr;
}

}  // namespace

bool CompressionPool::Trim() {
  scratch_ = MessageBuffer();
  if (!shared_used_) {
    shared_input_ = MessageBuffer();
    shared_output_ = MessageBuffer();
    shared_settings_.reset();
  }
  const bool shared_left = std::exchange(shared_used_, false);
  const bool compressors_left = compressors_.Trim();
  const bool inflaters_left = inflaters_.Trim();
  trim_armed_ = shared_left || compressors_left || inflaters_left;
  return trim_armed_;
}

const MessageBuffer* CompressionPool::CompressShared(
    const std::shared_ptr<const CompressionSettings>& settings, StreamLease<DeflateStream>& lease,
    ByteView message) {
  shared_used_ = true;
  if (shared_settings_ == settings && shared_input_.size() == message.size &&
      (message.size == 0 || std::memcmp(shared_input_.data(), message.data, message.size) == 0)) {
    return &shared_output_;
  }
  shared_settings_ = nullptr;
  const BorrowedStream<DeflateStream> stream = lease.Borrow();
  if (!stream) return nullptr;
  shared_output_.Clear();
  if (!stream->Compress(message, true, shared_output_)) return nullptr;
  shared_input_.Clear();
  // Without a copy, it is not the same the next time.
  if (Copy(message, &shared_input_)) shared_settings_ = settings;
  return &shared_output_;
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

  bool Prepare(ByteView payload) { return Copy(payload, &input_); }

  /// The connection is gone. What has not begun never will.
  void Disown() {
    owner_ = nullptr;
    if (!is_running_) input_ = MessageBuffer();
  }

  // A stream is borrowed no sooner, since many may wait.
  Turn Begin() override {
    if (owner_ == nullptr) return Turn::kDrop;
    if (!owner_->outgoing_.pool().HasRoom()) return Turn::kWait;
    stream_ = owner_->outgoing_.Borrow();
    is_running_ = true;
    return Turn::kRun;
  }

  void Run() override {
    done_ = stream_ && stream_->Compress({input_.data(), input_.size()}, fin_, output_);
  }

  void Finish() override {
    Compression* owner = std::exchange(owner_, nullptr);
    if (owner == nullptr) return;
    owner->deflating_ = nullptr;
    if (done_) owner->outgoing_.Return(std::move(stream_), !fin_, true);
    owner->observer_->OnCompressed(header_, done_ ? &output_ : nullptr);
  }

 private:
  Compression* owner_;
  FrameHeader header_;
  uint8_t key_[4];
  BorrowedStream<DeflateStream> stream_;
  MessageBuffer input_;
  MessageBuffer output_;
  bool fin_;
  bool is_running_ = false;
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

  /// Takes over the input.
  bool Prepare() {
    if (message_.buffer != nullptr) {
      input_ = std::move(*message_.buffer);
    } else if (!Copy(message_.data, &input_)) {
      return false;
    }
    inflation_.Rebase(input_.data());
    return true;
  }
  /// What was inflated of it already, and the stream that goes on with it.
  void GoOnWith(BorrowedStream<InflateStream> stream, MessageBuffer output) {
    stream_ = std::move(stream);
    output_ = std::move(output);
  }

  /// The connection is gone. What has not begun never will.
  void Disown() {
    owner_ = nullptr;
    if (is_running_) return;
    stream_ = {};
    input_ = MessageBuffer();
    output_ = MessageBuffer();
  }

  // A stream is borrowed no sooner, since many may wait.
  Turn Begin() override {
    if (owner_ == nullptr) return Turn::kDrop;
    if (!stream_) {
      if (!owner_->incoming_.pool().HasRoom()) return Turn::kWait;
      stream_ = owner_->incoming_.Borrow();
    }
    is_running_ = true;
    return Turn::kRun;
  }

  void Run() override {
    if (!stream_) return;
    status_ = inflation_.Run(*stream_, output_, SIZE_MAX);
    if (status_ != MessageInflation::Status::kDone) return;
    Describe(output_, inflation_.fragment_ends(), &message_);
    message_.buffer = &output_;
    check_ = Check(&message_, limits_);
  }

  void Finish() override {
    Compression* owner = std::exchange(owner_, nullptr);
    if (owner == nullptr) return;
    owner->inflating_ = nullptr;
    const bool done = status_ == MessageInflation::Status::kDone;
    if (done) owner->incoming_.Return(std::move(stream_), false, !inflation_.stream_ended());
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
  BorrowedStream<InflateStream> stream_;
  MessageBuffer input_;
  MessageBuffer output_;
  MessageInflation::Status status_ = MessageInflation::Status::kNoMemory;
  ErrorCode check_ = ErrorCode::kNone;
  bool is_running_ = false;
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
  if (deflating_ != nullptr) return false;
  pool_->WantTrim();
  if (first && fin && !settings_->outgoing.takeover) {
    const MessageBuffer* shared = pool_->CompressShared(settings_, outgoing_, *payload);
    if (shared == nullptr) return false;
    *payload = {shared->data(), shared->size()};
    return true;
  }
  BorrowedStream<DeflateStream> stream = outgoing_.Borrow();
  MessageBuffer& out = pool_->scratch();
  out.Clear();
  if (!stream || !stream->Compress(*payload, fin, out)) return false;
  outgoing_.Return(std::move(stream), !fin, true);
  *payload = {out.data(), out.size()};
  return true;
}

bool Compression::CompressLater(const FrameHeader& header, ByteView payload, bool fin) {
  if (deflating_ != nullptr) return false;
  auto work = std::make_unique<DeflateWork>(this, header, fin);
  if (!work->Prepare(payload)) return false;
  pool_->WantTrim();
  deflating_ = work.get();
  pool_->work().Submit(std::move(work));
  return true;
}

Compression::Result Compression::Inflate(Message* message, const ReaderLimits& limits,
                                         ErrorCode* error, const char** sentence) {
  WSUV_ASSERT(inflating_ == nullptr);
  *sentence = "";
  pool_->WantTrim();
  MessageInflation inflation(message->data, message->fragment_ends, limits.max_payload);
  if (!pool_->inflaters().HasRoom()) {
    return InflateLater(*message, limits, std::move(inflation), {}, error);
  }
  BorrowedStream<InflateStream> stream = incoming_.Borrow();
  if (!stream) {
    *error = ErrorCode::kOutOfMemory;
    return Result::kFailed;
  }
  MessageBuffer& out = pool_->scratch();
  out.Clear();
  const MessageInflation::Status status =
      inflation.Run(*stream, out, settings_->async_inflate_size);
  if (status == MessageInflation::Status::kBudget) {
    return InflateLater(*message, limits, std::move(inflation), std::move(stream), error);
  }
  const bool done = status == MessageInflation::Status::kDone;
  incoming_.Return(std::move(stream), false, done && !inflation.stream_ended());
  if (!done) {
    *error = ErrorOf(status);
    *sentence = inflation.error();
    return Result::kFailed;
  }
  fragment_ends_ = std::move(inflation.fragment_ends());
  Describe(out, fragment_ends_, message);
  message->buffer = nullptr;
  *error = Check(message, limits);
  return *error == ErrorCode::kNone ? Result::kReady : Result::kFailed;
}

InflatedStep Compression::InflatePiece(const MessagePiece& piece, const ReaderLimits& limits) {
  WSUV_ASSERT(inflating_ == nullptr);
  if (pieces_ == nullptr) {
    pieces_ = std::make_unique<PieceInflater>(&incoming_, &pool_->scratch());
    pool_->WantTrim();
  }
  InflatedStep step = pieces_->Step(piece, limits);
  const bool is_over = step.result == InflatedStep::Result::kFailed || (piece.last && !step.more);
  if (is_over) pieces_.reset();
  return step;
}

// `stream` is empty where nothing was inflated yet; otherwise the scratch memory has what was.
Compression::Result Compression::InflateLater(const Message& message, const ReaderLimits& limits,
                                              MessageInflation inflation,
                                              BorrowedStream<InflateStream> stream,
                                              ErrorCode* error) {
  auto work = std::make_unique<InflateWork>(this, message, limits, std::move(inflation));
  if (!work->Prepare()) {
    *error = ErrorCode::kOutOfMemory;
    return Result::kFailed;
  }
  const bool has_begun = static_cast<bool>(stream);
  if (has_begun) work->GoOnWith(std::move(stream), std::move(pool_->scratch()));
  inflating_ = work.get();
  pool_->work().Submit(std::move(work), has_begun);
  return Result::kLater;
}

}  // namespace wsuv
