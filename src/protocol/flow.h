#ifndef WSUV_PROTOCOL_FLOW_H_
#define WSUV_PROTOCOL_FLOW_H_

#include <cstddef>
#include <cstdint>

#include "protocol/error.h"

namespace wsuv {

/// What a sink answers: whether the reader shall go on with the bytes it has.
enum class Flow : uint8_t { kContinue, kStop };

/// What became of bytes that a reader was given.
struct Progress {
  size_t used;  ///< How many it took. After kStop, give it the others again later.
  Flow flow;    ///< What the sink answered last: kStop also where all bytes were taken.
};

/// What a sink of frames answers: whether to go on, or what is wrong. As large as a register, since
/// there is one for every message.
struct Verdict {
  ErrorCode error = ErrorCode::kNone;
  Flow flow = Flow::kContinue;
  uint32_t detail = 0;  ///< The offending number, where the error's sentence names one.

  constexpr Verdict() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a sink answers with one or with the other.
  constexpr Verdict(Flow answer) : flow(answer) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr Verdict(ErrorCode code, uint32_t number = 0) : error(code), detail(number) {}

  constexpr bool failed() const { return error != ErrorCode::kNone; }
  constexpr bool goes_on() const { return !failed() && flow == Flow::kContinue; }
};

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_FLOW_H_
