#ifndef WSUV_PROTOCOL_STREAM_POOL_H_
#define WSUV_PROTOCOL_STREAM_POOL_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "protocol/assert.h"
#include "protocol/bytes.h"
#include "protocol/deflate.h"
#include "protocol/message_buffer.h"

namespace wsuv {

template <typename Stream>
class StreamLease;
template <typename Stream>
class BorrowedStream;

/// The zlib streams of one loop, for one direction: never more than kMaxStreams, but for those that
/// are exempt. They are lent to the connections that use them. When there is none left, the
/// connection that has not used its own for the longest gives it back, and keeps only the bytes
/// that its next message may refer to. So memory follows what is busy, not what is connected; and
/// connections without context takeover share one stream.
template <typename Stream>
class StreamPool {
 public:
  /// Some 35 MiB of compressors at the default parameters.
  static constexpr size_t kMaxStreams = 128;
  /// Streams that nobody has, kept for the next one who needs one.
  static constexpr size_t kMaxFree = 4;

  StreamPool() = default;
  StreamPool(const StreamPool&) = delete;
  StreamPool& operator=(const StreamPool&) = delete;

  /// How many streams there are.
  size_t size() const { return size_; }
  /// How many of them are borrowed at this moment.
  size_t at_work() const { return size_ - idle_ - free_.size(); }
  /// Whether one may be borrowed for longer than the current call. For that long it may be had in
  /// any case: it is then one more than kMaxStreams.
  bool HasRoom() const { return at_work() < kMaxStreams; }

  /// Call at intervals: takes back the streams that were not used since the call before, and
  /// frees those that nobody has. Returns whether it is to be called again.
  bool Trim();

 private:
  friend class StreamLease<Stream>;
  friend class BorrowedStream<Stream>;
  using Lease = StreamLease<Stream>;

  std::unique_ptr<Stream> Take(const DeflateSettings& settings);
  void Give(std::unique_ptr<Stream> stream);
  void Link(Lease* lease);
  void Unlink(Lease* lease);

  std::vector<std::unique_ptr<Stream>> free_;
  // Leases that hold a stream and are not at work, in the order of their last use.
  Lease* newest_ = nullptr;
  Lease* oldest_ = nullptr;
  size_t idle_ = 0;  // The number of those.
  size_t size_ = 0;
  uint32_t epoch_ = 0;
};

/// A stream that is at work. Return() it to its lease; otherwise it goes back to the pool, which
/// must outlive it.
template <typename Stream>
class BorrowedStream {
 public:
  BorrowedStream() = default;
  BorrowedStream(BorrowedStream&& other) noexcept
      : pool_(other.pool_), stream_(std::move(other.stream_)), is_exempt_(other.is_exempt_) {}
  BorrowedStream& operator=(BorrowedStream&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(stream_, other.stream_);
    std::swap(is_exempt_, other.is_exempt_);
    return *this;
  }
  ~BorrowedStream() {
    if (stream_ != nullptr) pool_->Give(Take());
  }

  explicit operator bool() const { return stream_ != nullptr; }
  Stream& operator*() const { return *stream_; }
  Stream* operator->() const { return stream_.get(); }

  /// It is kept for as long as a peer takes to send something, and does not count for that long: or
  /// 128 peers that are slow would be all that are served.
  void Exempt() {
    if (!is_exempt_) pool_->size_--;
    is_exempt_ = true;
  }

 private:
  friend class StreamLease<Stream>;

  // Counts again.
  std::unique_ptr<Stream> Take() {
    if (is_exempt_) pool_->size_++;
    is_exempt_ = false;
    return std::move(stream_);
  }

  BorrowedStream(StreamPool<Stream>* pool, std::unique_ptr<Stream> stream)
      : pool_(pool), stream_(std::move(stream)) {}

  StreamPool<Stream>* pool_ = nullptr;
  std::unique_ptr<Stream> stream_;
  bool is_exempt_ = false;
};

/// One direction of a connection: a stream while it is at work and for some time after that, and
/// what has to be remembered between messages.
template <typename Stream>
class StreamLease {
 public:
  /// Both must outlive the lease.
  StreamLease(StreamPool<Stream>* pool, const DeflateSettings* settings)
      : pool_(pool), settings_(settings) {}
  ~StreamLease() {
    if (is_linked_) pool_->Unlink(this);
    if (stream_ != nullptr) pool_->Give(std::move(stream_));
  }
  StreamLease(const StreamLease&) = delete;
  StreamLease& operator=(const StreamLease&) = delete;

  StreamPool<Stream>& pool() const { return *pool_; }

  /// A stream that goes on where the last message ended; empty when there is no memory. Not while
  /// another one is borrowed.
  BorrowedStream<Stream> Borrow() {
    if (is_lost_) return {};
    if (is_linked_) {
      pool_->Unlink(this);
      return {pool_, std::move(stream_)};
    }
    std::unique_ptr<Stream> stream = pool_->Take(*settings_);
    if (stream == nullptr) return {};
    if (history_.size() > 0) {
      stream->Reset({history_.data(), history_.size()});
    } else {
      stream->Reset({settings_->dictionary.data(), settings_->dictionary.size()});
    }
    history_ = MessageBuffer();
    return {pool_, std::move(stream)};
  }

  /// `in_message`: the message goes on with the next fragment, which may refer to this one also
  /// without context takeover. `has_history`: false where the peer ended the stream, or it failed.
  void Return(BorrowedStream<Stream> borrowed, bool in_message, bool has_history) {
    WSUV_ASSERT(borrowed && stream_ == nullptr);
    if (!in_message && !(has_history && settings_->takeover)) return;
    stream_ = borrowed.Take();
    pool_->Link(this);
  }

 private:
  friend class StreamPool<Stream>;

  // The pool needs the stream for somebody else.
  void Evict() {
    pool_->Unlink(this);
    uint8_t history[kHistorySize];
    const size_t size = stream_->History(history);
    pool_->Give(std::move(stream_));
    if (size == 0) return;
    is_lost_ = !history_.Reserve(size, size);
    if (is_lost_) return;
    std::memcpy(history_.data(), history, size);
    history_.Commit(size);
  }

  StreamPool<Stream>* pool_;
  const DeflateSettings* settings_;
  std::unique_ptr<Stream> stream_;
  MessageBuffer history_;  // Of messages so far, while there is no stream.
  StreamLease* newer_ = nullptr;
  StreamLease* older_ = nullptr;
  uint32_t used_ = 0;
  bool is_linked_ = false;
  bool is_lost_ = false;  // There was no memory for the history.
};

template <typename Stream>
std::unique_ptr<Stream> StreamPool<Stream>::Take(const DeflateSettings& settings) {
  if (size_ >= kMaxStreams && free_.empty() && oldest_ != nullptr) oldest_->Evict();
  for (auto& stream : free_) {
    if (!stream->Fits(settings)) continue;
    std::unique_ptr<Stream> found = std::move(stream);
    stream = std::move(free_.back());
    free_.pop_back();
    return found;
  }
  if (size_ >= kMaxStreams && !free_.empty()) {
    free_.pop_back();
    size_--;
  }
  std::unique_ptr<Stream> made = Stream::Make(settings);
  if (made != nullptr) size_++;
  return made;
}

template <typename Stream>
void StreamPool<Stream>::Give(std::unique_ptr<Stream> stream) {
  if (size_ <= kMaxStreams && free_.size() < kMaxFree) {
    free_.push_back(std::move(stream));
  } else {
    size_--;
  }
}

template <typename Stream>
void StreamPool<Stream>::Link(Lease* lease) {
  lease->is_linked_ = true;
  lease->used_ = epoch_;
  lease->newer_ = nullptr;
  lease->older_ = newest_;
  (newest_ != nullptr ? newest_->newer_ : oldest_) = lease;
  newest_ = lease;
  idle_++;
  if (size_ > kMaxStreams) oldest_->Evict();
}

template <typename Stream>
void StreamPool<Stream>::Unlink(Lease* lease) {
  (lease->newer_ != nullptr ? lease->newer_->older_ : newest_) = lease->older_;
  (lease->older_ != nullptr ? lease->older_->newer_ : oldest_) = lease->newer_;
  lease->is_linked_ = false;
  idle_--;
}

template <typename Stream>
bool StreamPool<Stream>::Trim() {
  while (oldest_ != nullptr && oldest_->used_ != epoch_) oldest_->Evict();
  size_ -= free_.size();
  free_.clear();
  epoch_++;
  return oldest_ != nullptr;
}

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_STREAM_POOL_H_
