#ifndef WSUV_BINDING_SEAM_H_
#define WSUV_BINDING_SEAM_H_

#include <cstddef>
#include <cstdint>

namespace wsuv {

// The numbers that C++ and lib/ both know. lib/ gets them from the addon when it is loaded, as
// lib/native/seam.js (see seam() in calls_protocol.cc): they are written here and nowhere else.

/// What a record says; the low byte of its first word.
enum class EventKind : uint8_t {
  kText,
  kBinary,
  kPing,
  kPong,
  kPeerClose,      ///< detail: the close code.
  kProtocolError,  ///< detail: the number in the message; flags: the ErrorCode; payload: zlib's
                   ///< sentence, for ErrorCode::kInvalidDeflateData.
  kPeerEnd,
  kWritten,
  kOutput,
  kClosed,          ///< detail: libuv's error that ended the transport, or 0; see kFailedWrite.
  kUpgrade,         ///< detail: the listener's id; flags: the UpgradeStatus.
  kListenerClosed,  ///< detail: the listener's id.
  kCompressed,      ///< What sendLater() was given is in the queue.
  kRaw,             ///< All bytes that were read, for a socket that somebody reads from.
  kPiece,           ///< Of a message that comes in pieces; see kFlagFirst.
  kFailed,          ///< Of a paused connection, which has not given all messages; detail: as above.
  kNothing,         ///< Was taken back before it was delivered.
};

/// Flags of message records, in the second byte of the first word.
constexpr uint32_t kFlagAscii = 1;      ///< A text that is ASCII only.
constexpr uint32_t kFlagFragments = 2;  ///< detail is the place of the ends of its fragments.
/// Of pieces: the message's first, its last, and that it is binary.
constexpr uint32_t kFlagFirst = 4;
constexpr uint32_t kFlagLast = 8;
constexpr uint32_t kFlagBinary = 16;
/// Of pieces: the memory is the addon's again when lib/ has returned; see lendPieces().
constexpr uint32_t kFlagLent = 32;

/// Words of a record.
constexpr size_t kRecordWords = 4;
/// What the words of a context's cursor say, the memory that it shares with lib/ for this.
enum class CursorWord : size_t {
  kNext,    ///< The first word of the next record to work on: where a delivery begins, and, while
            ///< it works on one, where it goes on if a handler throws.
  kStream,  ///< What is to be done with a stream; see below.
  kHandle,  ///< Whose records these are.
  kEnd,     ///< Behind the last word of the last record.
  kBase,    ///< Where in the staging memory the payloads begin.
  kCount,
};

/// As kNext: all of them were worked on.
constexpr int32_t kCursorDone = -1;

/// A handle's low bits, which say what slot it has.
constexpr uint32_t kHandleSlotBits = 20;

/// The bits of the `flags` argument of send(): opcode, FIN and RSV1 where the first byte of a frame
/// has them, whether to mask, and whether to compress the payload.
constexpr uint32_t kSendOpcode = 0x0F;
constexpr uint32_t kSendRsv1 = 0x40;
constexpr uint32_t kSendFin = 0x80;
constexpr uint32_t kSendMask = 0x100;
constexpr uint32_t kSendCompress = 0x200;

/// The most bytes of a payload that lib/ copies itself, where it is alone: an array of that size
/// lies in V8's own heap, which costs a sixth of an ArrayBuffer.
constexpr size_t kFewBytes = 64;

/// libuv's errors are numbers from -1 to about -4100. That a write has met one, and not a read, is
/// told by one that is lower by this.
constexpr int32_t kFailedWrite = 8192;

/// What is to be done with a stream.
constexpr int32_t kStreamEnd = 1;
constexpr int32_t kStreamDestroy = 2;
constexpr int32_t kStreamHold = 4;  ///< Pause it until the next 'output' record.

/// What stage() answers.
constexpr int32_t kStageOver = 0;
constexpr int32_t kStageUndecided = 1;  ///< Or refused.
constexpr int32_t kStageOpen = 2;

}  // namespace wsuv

#endif  // WSUV_BINDING_SEAM_H_
