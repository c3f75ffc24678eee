#include "protocol/piece_inflation.h"

#include <algorithm>

#include "protocol/assert.h"

namespace wsuv {
namespace {

// zlib counts in 32 bits.
constexpr size_t kLargestPiece = size_t{1} << 30;

}  // namespace

PieceInflation::Status PieceInflation::Run(InflateStream& stream, ByteView input, uint8_t* out,
                                           size_t room, size_t* used, size_t* made) {
  WSUV_ASSERT(room > 0 && input.size > 0);
  *used = input.size;
  *made = 0;
  // What follows the last block is ignored, as Node's zlib does.
  if (stream_ended_) return Status::kDone;
  const size_t skipped = has_next_byte_ ? 1 : 0;
  const size_t size = std::min(input.size - skipped, kLargestPiece);
  z_stream& zlib = stream.raw();
  zlib.next_in = const_cast<Bytef*>(input.data + skipped);
  zlib.avail_in = static_cast<uInt>(size);
  zlib.next_out = out;
  zlib.avail_out = static_cast<uInt>(std::min(room, kLargestPiece));
  room = zlib.avail_out;
  const int status = inflate(&zlib, Z_SYNC_FLUSH);
  *made = room - zlib.avail_out;
  if (status == Z_STREAM_END) {
    stream_ended_ = true;
    return Status::kDone;
  }
  if (status == Z_MEM_ERROR) return Status::kNoMemory;
  if (status != Z_OK && status != Z_BUF_ERROR) {
    error_ = zlib.msg != nullptr ? zlib.msg : "invalid deflate data";
    return Status::kFailed;
  }
  const size_t consumed = skipped + size - zlib.avail_in;
  // Room left over means that zlib has nothing more to give for this input.
  if (consumed == input.size && zlib.avail_out > 0) {
    has_next_byte_ = false;
    return Status::kDone;
  }
  has_next_byte_ = consumed == input.size;
  *used = has_next_byte_ ? consumed - 1 : consumed;
  return Status::kFull;
}

PieceInflation::Status PieceInflation::Finish(InflateStream& stream, uint8_t* out, size_t room,
                                              size_t* made) {
  size_t used = 0;
  const Status status = Run(stream, {kDeflateTail + tail_at_, sizeof(kDeflateTail) - tail_at_}, out,
                            room, &used, made);
  tail_at_ += used;
  return status;
}

}  // namespace wsuv
