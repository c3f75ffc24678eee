#ifndef WSUV_PROTOCOL_BASE64_H_
#define WSUV_PROTOCOL_BASE64_H_

#include <string>
#include <string_view>

#include "protocol/bytes.h"

namespace wsuv {

/// Base64 with padding (RFC 4648 4).
std::string Base64Encode(ByteView data);

/// Whether `text` is the Base64 form of exactly 16 bytes: 22 characters of the alphabet and "==".
/// The unused low bits of the last character may be anything, as ws has it.
bool IsBase64Of16Bytes(std::string_view text);

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_BASE64_H_
