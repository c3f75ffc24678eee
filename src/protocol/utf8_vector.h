#ifndef WSUV_PROTOCOL_UTF8_VECTOR_H_
#define WSUV_PROTOCOL_UTF8_VECTOR_H_

#include <cstddef>
#include <cstdint>

namespace wsuv {

/// How many of the bytes at `data` are whole, valid characters of UTF-8, as far as vector
/// instructions tell: what follows may be valid too, or unfinished, or wrong. 0 where the processor
/// has no such instructions. `data` begins with a character.
size_t ValidUtf8Prefix(const uint8_t* data, size_t size);

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_UTF8_VECTOR_H_
