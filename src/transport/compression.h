#ifndef WSUV_TRANSPORT_COMPRESSION_H_
#define WSUV_TRANSPORT_COMPRESSION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "protocol/deflate.h"
#include "protocol/frame.h"
#include "protocol/message_sink.h"
#include "protocol/piece_inflater.h"
#include "protocol/stream_pool.h"
#include "transport/work_queue.h"

namespace wsuv {

/// What was negotiated of permessage-deflate, seen from our side, and how we go about it.
struct CompressionSettings {
  DeflateSettings outgoing;
  DeflateSettings incoming;
  /// Messages that inflate to more than this many bytes are inflated by libuv's thread pool.
  size_t async_inflate_size = 256 * 1024;
};

/// What the compressing connections of one loop share.
class CompressionPool {
 public:
  /// `arm_trim` has to see to it that Trim() is called after some seconds.
  CompressionPool(uv_loop_t* loop, std::function<void()> arm_trim)
      : work_(loop), arm_trim_(std::move(arm_trim)) {}

  StreamPool<DeflateStream>& compressors() { return compressors_; }
  StreamPool<InflateStream>& inflaters() { return inflaters_; }
  WorkQueue& work() { return work_; }
  /// Memory for one result, until the next one.
  MessageBuffer& scratch() { return scratch_; }
  /// Bytes of memory that CompressShared() has.
  size_t shared_bytes() const { return shared_input_.capacity() + shared_output_.capacity(); }
  /// About how many bytes of memory all of it has.
  size_t memory() const {
    return compressors_.size() * DeflateStream::kMemory +
           inflaters_.size() * InflateStream::kMemory + scratch_.capacity() + shared_bytes();
  }
  /// There is something now that Trim() has to free some day.
  void WantTrim() {
    if (!trim_armed_) arm_trim_();
    trim_armed_ = true;
  }
  /// Frees what was not used lately. Returns whether it is to be called again.
  bool Trim();

  /// A whole message, compressed without context takeover: the same as the last time if it is the
  /// same message, which is what sending one message to many connections comes to. Null when
  /// there is no memory.
  const MessageBuffer* CompressShared(const std::shared_ptr<const CompressionSettings>& settings,
                                      StreamLease<DeflateStream>& lease, ByteView message);

 private:
  StreamPool<DeflateStream> compressors_;
  StreamPool<InflateStream> inflaters_;
  WorkQueue work_;
  MessageBuffer scratch_;
  std::shared_ptr<const CompressionSettings> shared_settings_;  // Null: there is no last time.
  MessageBuffer shared_input_;
  MessageBuffer shared_output_;
  bool shared_used_ = false;  // Since the last Trim().
  std::function<void()> arm_trim_;
  bool trim_armed_ = false;
};

/// Is told when work that Compression passed to the thread pool is done.
class CompressionObserver {
 public:
  /// `payload` is null when there was no memory.
  virtual void OnCompressed(const FrameHeader& header, const MessageBuffer* payload) = 0;
  /// Exactly one of the two: a message, or what is wrong, with zlib's sentence (or an empty one).
  virtual void OnInflated(const Message* message, ErrorCode error, const char* sentence) = 0;

 protected:
  ~CompressionObserver() = default;
};

/// permessage-deflate (RFC 7692) on one connection. It owns no zlib stream while it is idle.
class Compression {
 public:
  /// `pool` must outlive it.
  Compression(CompressionPool* pool, std::shared_ptr<const CompressionSettings> settings,
              CompressionObserver* observer);
  ~Compression();
  Compression(const Compression&) = delete;
  Compression& operator=(const Compression&) = delete;

  /// Compresses (a fragment of) a message. `payload` becomes a view that is valid until the next
  /// call of anything here. False when there is no memory, or CompressLater() is not done.
  bool Compress(ByteView* payload, bool first, bool fin);
  /// The same by the thread pool, which gets a copy; OnCompressed() follows. Until then nothing
  /// else can be compressed. False as above.
  bool CompressLater(const FrameHeader& header, ByteView payload, bool fin);

  enum class Result : uint8_t { kReady, kFailed, kLater };
  /// Inflates and checks a message in place: on kReady it is whole (valid until the next call of
  /// anything here), on kFailed the other two say why, and on kLater OnInflated() follows: it is
  /// large, or all streams are at work. Not while inflating().
  Result Inflate(Message* message, const ReaderLimits& limits, ErrorCode* error,
                 const char** sentence);
  bool inflating() const { return inflating_ != nullptr; }

  /// Inflates some of a message that is passed on as it comes: see PieceInflater. In the place of
  /// Inflate(), and not while inflating().
  InflatedStep InflatePiece(const MessagePiece& piece, const ReaderLimits& limits);
  /// No more of it comes: for now, or ever.
  void RestPieces() {
    if (pieces_ != nullptr) pieces_->Rest();
  }
  void DropPieces() { pieces_.reset(); }

 private:
  class DeflateWork;
  class InflateWork;

  Result InflateLater(const Message& message, const ReaderLimits& limits,
                      MessageInflation inflation, BorrowedStream<InflateStream> stream,
                      ErrorCode* error);

  CompressionPool* pool_;
  std::shared_ptr<const CompressionSettings> settings_;
  CompressionObserver* observer_;
  StreamLease<DeflateStream> outgoing_;
  StreamLease<InflateStream> incoming_;
  DeflateWork* deflating_ = nullptr;
  InflateWork* inflating_ = nullptr;
  OffsetList fragment_ends_;               // Of the message that Inflate() gave.
  std::unique_ptr<PieceInflater> pieces_;  // While there is such a message.
};

}  // namespace wsuv

#endif  // WSUV_TRANSPORT_COMPRESSION_H_
