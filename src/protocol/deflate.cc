#include "protocol/deflate.h"

#include <algorithm>

#include "protocol/assert.h"

namespace wsuv {
namespace {

// zlib counts in 32 bits.
constexpr size_t kLargestPiece = size_t{1} << 30;
// Room for what Z_SYNC_FLUSH adds, and for a first look at a stream of unknown length.
constexpr size_t kFlushRoom = 64;

// zlib refuses 8 bits for raw streams, and they are not needed: what it compresses with 9 refers
// back at most 250 bytes (512 less the look-ahead), which a window of 256 holds.
int CompressionWindow(int window_bits) { return std::max(window_bits, 9); }

}  // namespace

DeflateStream::DeflateStream(const DeflateSettings& settings)
    : window_bits_(settings.window_bits),
      level_(settings.level),
      mem_level_(settings.mem_level),
      strategy_(settings.strategy) {}

std::unique_ptr<DeflateStream> DeflateStream::Make(const DeflateSettings& settings) {
  std::unique_ptr<DeflateStream> stream(new DeflateStream(settings));
  const int status =
      deflateInit2(&stream->stream_, settings.level, Z_DEFLATED,
                   -CompressionWindow(settings.window_bits), settings.mem_level, settings.strategy);
  return status == Z_OK ? std::move(stream) : nullptr;
}

DeflateStream::~DeflateStream() { deflateEnd(&stream_); }

bool DeflateStream::Fits(const DeflateSettings& settings) const {
  return window_bits_ == settings.window_bits && level_ == settings.level &&
         mem_level_ == settings.mem_level && strategy_ == settings.strategy;
}

void DeflateStream::Reset(ByteView history) {
  deflateReset(&stream_);
  if (history.size > 0) {
    deflateSetDictionary(&stream_, history.data, static_cast<uInt>(history.size));
  }
}

size_t DeflateStream::History(uint8_t* out) {
  uInt size = 0;
  deflateGetDictionary(&stream_, out, &size);
  return size;
}

bool DeflateStream::Compress(ByteView input, bool fin, MessageBuffer& out) {
  const size_t start = out.size();
  const size_t bound = deflateBound(&stream_, static_cast<uLong>(input.size)) + kFlushRoom;
  size_t at = 0;
  do {
    const size_t piece = std::min(input.size - at, kLargestPiece);
    const bool is_last = at + piece == input.size;
    stream_.next_in = const_cast<Bytef*>(input.data + at);
    stream_.avail_in = static_cast<uInt>(piece);
    at += piece;
    do {
      if (!out.Reserve(bound > out.size() - start ? bound - (out.size() - start) : kFlushRoom,
                       UINT64_MAX)) {
        return false;
      }
      const size_t room = std::min(out.capacity() - out.size(), kLargestPiece);
      stream_.next_out = out.data() + out.size();
      stream_.avail_out = static_cast<uInt>(room);
      deflate(&stream_, is_last ? Z_SYNC_FLUSH : Z_NO_FLUSH);
      out.Commit(room - stream_.avail_out);
    } while (stream_.avail_out == 0);
  } while (at < input.size);
  if (!fin) return true;
  if (out.size() - start >= sizeof(kDeflateTail)) {
    const size_t size = out.size() - sizeof(kDeflateTail);
    out.Clear();
    out.Commit(size);
  }
  if (out.size() == start) {
    // zlib flushes nothing twice. RFC 7692 7.2.3.6: an empty message is an empty block.
    if (!out.Reserve(1, UINT64_MAX)) return false;
    *(out.data() + out.size()) = 0;
    out.Commit(1);
  }
  return true;
}

std::unique_ptr<InflateStream> InflateStream::Make(const DeflateSettings& settings) {
  std::unique_ptr<InflateStream> stream(new InflateStream(settings.window_bits));
  const int status = inflateInit2(&stream->stream_, -settings.window_bits);
  return status == Z_OK ? std::move(stream) : nullptr;
}

InflateStream::~InflateStream() { inflateEnd(&stream_); }

void InflateStream::Reset(ByteView history) {
  inflateReset(&stream_);
  if (history.size > 0) {
    inflateSetDictionary(&stream_, history.data, static_cast<uInt>(history.size));
  }
}

size_t InflateStream::History(uint8_t* out) {
  uInt size = 0;
  inflateGetDictionary(&stream_, out, &size);
  return size;
}

MessageInflation::MessageInflation(ByteView input, const OffsetList* fragment_ends, uint64_t limit)
    : input_(input), limit_(limit) {
  if (fragment_ends == nullptr) return;
  WSUV_ASSERT(fragment_ends->last() == input.size);
  has_memory_ = ends_.CopyFrom(*fragment_ends);
}

ByteView MessageInflation::Segment() const {
  if (segment_ == CountOfSegments()) return {kDeflateTail, sizeof(kDeflateTail)};
  if (ends_.empty()) return input_;
  const size_t start = segment_ == 0 ? 0 : ends_[segment_ - 1];
  return {input_.data + start, ends_[segment_] - start};
}

// Notes where in the output a frame has ended, if it gave something. False when there is no memory.
bool MessageInflation::EndSegment(const MessageBuffer& out) {
  return ends_.empty() || out.size() == out_ends_.last() || out_ends_.Append(out.size());
}

MessageInflation::Status MessageInflation::Run(InflateStream& stream, MessageBuffer& out,
                                               size_t budget) {
  if (!has_memory_) return Status::kNoMemory;
  while (segment_ <= CountOfSegments()) {
    const Status status = Step(stream.raw(), Segment(), out, budget);
    if (status != Status::kDone) return status;
    if (stream_ended_) break;
    segment_++;
    consumed_ = 0;
    // The tail belongs to the last frame.
    if (segment_ < CountOfSegments() && !EndSegment(out)) return Status::kNoMemory;
  }
  return EndSegment(out) ? Status::kDone : Status::kNoMemory;
}

MessageInflation::Status MessageInflation::Step(z_stream& stream, ByteView segment,
                                                MessageBuffer& out, size_t budget) {
  const uint64_t ceiling = limit_ > 0 ? limit_ + 1 : UINT64_MAX;
  for (;;) {
    if (out.size() >= budget) return Status::kBudget;
    const size_t wanted = out.size() == out.capacity() ? std::max<size_t>(2 * segment.size, 1) : 1;
    if (!out.Reserve(static_cast<size_t>(std::min<uint64_t>(wanted, ceiling - out.size())),
                     ceiling)) {
      return Status::kNoMemory;
    }
    const size_t room = static_cast<size_t>(
        std::min<uint64_t>(std::min(std::min(out.capacity(), budget) - out.size(), kLargestPiece),
                           ceiling - out.size()));
    const size_t piece = std::min(segment.size - consumed_, kLargestPiece);
    stream.next_in = const_cast<Bytef*>(segment.data + consumed_);
    stream.avail_in = static_cast<uInt>(piece);
    stream.next_out = out.data() + out.size();
    stream.avail_out = static_cast<uInt>(room);
    const int status = inflate(&stream, Z_SYNC_FLUSH);
    consumed_ += piece - stream.avail_in;
    out.Commit(room - stream.avail_out);
    if (limit_ > 0 && out.size() > limit_) return Status::kTooLong;
    if (status == Z_STREAM_END) {
      // What follows the last block is ignored, as Node's zlib does.
      stream_ended_ = true;
      return Status::kDone;
    }
    if (status == Z_MEM_ERROR) return Status::kNoMemory;
    if (status != Z_OK && status != Z_BUF_ERROR) {
      error_ = stream.msg != nullptr ? stream.msg : "invalid deflate data";
      return Status::kFailed;
    }
    // Room left over means that zlib has nothing more to give for this input.
    if (consumed_ == segment.size && stream.avail_out > 0) return Status::kDone;
  }
}

}  // namespace wsuv
