#ifndef WSUV_PROTOCOL_STREAM_LEASE_H_
#define WSUV_PROTOCOL_STREAM_LEASE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "protocol/deflate.h"

namespace wsuv {

template <typename Stream>
class StreamLease;

/// The zlib streams of one loop. They are lent to the connections that use them, at most kMaxLent
/// at a time: the connection that has not used its own for the longest gives it back, and keeps
/// only the bytes that its next message may refer to. So memory follows what is busy, not what is
/// connected; and connections without context takeover share one stream.
template <typename Stream>
class StreamPool {
 public:
  /// Some 35 MiB of compressors at the default parameters.
  static constexpr size_t kMaxLent = 128;
  /// Streams that nobody has, kept for the next one who needs one.
  static constexpr size_t kMaxFree = 4;

  StreamPool() = default;
  StreamPool(const StreamPool&) = delete;
  StreamPool& operator=(const StreamPool&) = delete;

  /// Call at intervals: takes back the streams that were not used since the call before, and
  /// frees those that nobody has. Returns whether it is to be called again.
  bool Trim();

 private:
  friend class StreamLease<Stream>;
  using Lease = StreamLease<Stream>;

  std::unique_ptr<Stream> Take(const DeflateSettings& settings);
  void Give(std::unique_ptr<Stream> stream);
  void Link(Lease* lease);
  void Unlink(Lease* lease);

  std::vector<std::unique_ptr<Stream>> free_;
  // Leases that hold a stream and are not at work, in the order of their last use.
  Lease* newest_ = nullptr;
  Lease* oldest_ = nullptr;
  size_t lent_ = 0;
  uint32_t epoch_ = 0;
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

  /// A stream that goes on where the last message ended; null when there is no memory. Return()
  /// it.
  std::unique_ptr<Stream> Borrow() {
    if (is_linked_) pool_->Unlink(this);
    if (stream_ != nullptr) return std::move(stream_);
    std::unique_ptr<Stream> stream = pool_->Take(*settings_);
    if (stream == nullptr) return nullptr;
    const std::vector<uint8_t>& past = history_.empty() ? settings_->dictionary : history_;
    stream->Reset({past.data(), past.size()});
    std::vector<uint8_t>().swap(history_);
    return stream;
  }

  /// `in_message`: the message goes on with the next fragment. `has_history`: false where the peer
  /// ended the stream, or it failed.
  void Return(std::unique_ptr<Stream> stream, bool in_message, bool has_history) {
    if (in_message) {
      stream_ = std::move(stream);
    } else if (has_history && settings_->takeover) {
      stream_ = std::move(stream);
      pool_->Link(this);
    } else {
      pool_->Give(std::move(stream));
    }
  }

 private:
  friend class StreamPool<Stream>;

  // The pool needs the stream for somebody else.
  void Evict() {
    pool_->Unlink(this);
    history_ = stream_->History();
    pool_->Give(std::move(stream_));
  }

  StreamPool<Stream>* pool_;
  const DeflateSettings* settings_;
  std::unique_ptr<Stream> stream_;
  std::vector<uint8_t> history_;
  StreamLease* newer_ = nullptr;
  StreamLease* older_ = nullptr;
  uint32_t used_ = 0;
  bool is_linked_ = false;
};

template <typename Stream>
std::unique_ptr<Stream> StreamPool<Stream>::Take(const DeflateSettings& settings) {
  if (lent_ >= kMaxLent) oldest_->Evict();
  for (auto& stream : free_) {
    if (!stream->Fits(settings)) continue;
    std::unique_ptr<Stream> found = std::move(stream);
    stream = std::move(free_.back());
    free_.pop_back();
    return found;
  }
  return Stream::Make(settings);
}

template <typename Stream>
void StreamPool<Stream>::Give(std::unique_ptr<Stream> stream) {
  if (free_.size() < kMaxFree) free_.push_back(std::move(stream));
}

template <typename Stream>
void StreamPool<Stream>::Link(Lease* lease) {
  lease->is_linked_ = true;
  lease->used_ = epoch_;
  lease->newer_ = nullptr;
  lease->older_ = newest_;
  (newest_ != nullptr ? newest_->newer_ : oldest_) = lease;
  newest_ = lease;
  lent_++;
}

template <typename Stream>
void StreamPool<Stream>::Unlink(Lease* lease) {
  (lease->newer_ != nullptr ? lease->newer_->older_ : newest_) = lease->older_;
  (lease->older_ != nullptr ? lease->older_->newer_ : oldest_) = lease->newer_;
  lease->is_linked_ = false;
  lent_--;
}

template <typename Stream>
bool StreamPool<Stream>::Trim() {
  while (oldest_ != nullptr && oldest_->used_ != epoch_) oldest_->Evict();
  free_.clear();
  epoch_++;
  return oldest_ != nullptr;
}

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_STREAM_LEASE_H_
