#include "protocol/error.h"

#include <array>

#include "protocol/assert.h"

namespace wsuv {
namespace {

#define FRAME "Invalid WebSocket frame: "

constexpr std::array<ErrorInfo, kErrorCodeCount> kErrors = {{
    {"", 1000, ErrorClass::kError, ""},
    {"WS_ERR_EXPECTED_FIN", 1002, ErrorClass::kRangeError, FRAME "FIN must be set"},
    {"WS_ERR_EXPECTED_MASK", 1002, ErrorClass::kRangeError, FRAME "MASK must be set"},
    {"WS_ERR_UNEXPECTED_MASK", 1002, ErrorClass::kRangeError, FRAME "MASK must be clear"},
    {"WS_ERR_INVALID_OPCODE", 1002, ErrorClass::kRangeError, FRAME "invalid opcode %"},
    {"WS_ERR_INVALID_CLOSE_CODE", 1002, ErrorClass::kRangeError, FRAME "invalid status code %"},
    {"WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH", 1002, ErrorClass::kRangeError,
     FRAME "invalid payload length %"},
    {"WS_ERR_UNEXPECTED_RSV_1", 1002, ErrorClass::kRangeError, FRAME "RSV1 must be clear"},
    {"WS_ERR_UNEXPECTED_RSV_2_3", 1002, ErrorClass::kRangeError,
     FRAME "RSV2 and RSV3 must be clear"},
    {"WS_ERR_INVALID_UTF8", 1007, ErrorClass::kError, FRAME "invalid UTF-8 sequence"},
    {"WS_ERR_TOO_MANY_BUFFERED_PARTS", 1008, ErrorClass::kRangeError, "Too many buffered chunks"},
    {"WS_ERR_TOO_MANY_BUFFERED_PARTS", 1008, ErrorClass::kRangeError, "Too many message fragments"},
    {"WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH", 1009, ErrorClass::kRangeError,
     "Unsupported WebSocket frame: payload length > 2^53 - 1"},
    {"WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", 1009, ErrorClass::kRangeError,
     "Max payload size exceeded"},
    // The sentence is zlib's own.
    {"Z_DATA_ERROR", 1007, ErrorClass::kError, ""},
    // Not the peer's fault: RFC 6455 7.4.1 has 1011 for what a server did not expect.
    {"WS_ERR_OUT_OF_MEMORY", 1011, ErrorClass::kError,
     "Not enough memory for what the peer has sent"},
}};

#undef FRAME

}  // namespace

const ErrorInfo& DescribeError(ErrorCode code) {
  const auto index = static_cast<size_t>(code);
  WSUV_ASSERT(index < kErrors.size());
  return kErrors[index];
}

}  // namespace wsuv
