#ifndef WSUV_PROTOCOL_ERROR_H_
#define WSUV_PROTOCOL_ERROR_H_

#include <cstddef>
#include <cstdint>

namespace wsuv {

/// What can be wrong with the frames that a peer sends, or with us when we read them. The order is
/// that of the table in error.cc, from which the JavaScript classes and docs/api.md derive too.
enum class ErrorCode : uint8_t {
  kNone,
  kExpectedFin,
  kExpectedMask,
  kUnexpectedMask,
  kInvalidOpcode,
  kInvalidCloseCode,
  kInvalidControlPayloadLength,
  kUnexpectedRsv1,
  kUnexpectedRsv23,
  kInvalidUtf8,
  kTooManyBufferedChunks,
  kTooManyFragments,
  kUnsupportedDataPayloadLength,
  kUnsupportedMessageLength,
  kInvalidDeflateData,
  kOutOfMemory,
};

constexpr size_t kErrorCodeCount = 16;

/// The JavaScript class of an error.
enum class ErrorClass : uint8_t { kError, kRangeError };

/// One row of the table of errors.
struct ErrorInfo {
  const char* name;      ///< The `code` property, as in ws: WS_ERR_*.
  uint16_t close_code;   ///< The close code that answers it (RFC 6455 7.4.1).
  ErrorClass cls;        ///< The class that JavaScript gives it.
  const char* sentence;  ///< The message; "%" stands for the offending number.
};

/// The row of `code`; `code` must be one of the enumerators.
const ErrorInfo& DescribeError(ErrorCode code);

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_ERROR_H_
