#ifndef WSUV_PROTOCOL_SHA1_H_
#define WSUV_PROTOCOL_SHA1_H_

#include <array>
#include <cstdint>

#include "protocol/bytes.h"

namespace wsuv {

/// SHA-1 (RFC 3174, FIPS 180-4) of `data`. Only for Sec-WebSocket-Accept, where it is no secret.
std::array<uint8_t, 20> Sha1(ByteView data);

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_SHA1_H_
