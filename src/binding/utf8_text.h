#ifndef WSUV_BINDING_UTF8_TEXT_H_
#define WSUV_BINDING_UTF8_TEXT_H_

#include <node_api.h>

#include <cstddef>
#include <memory>
#include <new>

#include "protocol/bytes.h"

namespace wsuv {

/// Strings of up to this many UTF-16 code units are encoded on the stack.
constexpr size_t kStackText = 1024;

/// Calls `use` with a string's UTF-8, in which lone surrogates become U+FFFD; the bytes are there
/// during the call only. Does nothing where `value` is no string. False where there is no memory.
template <typename Use>
bool WithUtf8(napi_env env, napi_value value, Use use) {
  // A code unit takes at most three bytes; a full buffer may have been cut short.
  char few[kStackText * 3 + 4];
  size_t size = 0;
  if (napi_get_value_string_utf8(env, value, few, sizeof(few), &size) != napi_ok) return true;
  if (size < kStackText * 3) {
    use(ByteView(reinterpret_cast<uint8_t*>(few), size));
    return true;
  }
  napi_get_value_string_utf8(env, value, nullptr, 0, &size);
  std::unique_ptr<char[]> many(new (std::nothrow) char[size + 1]);
  if (many == nullptr) return false;
  napi_get_value_string_utf8(env, value, many.get(), size + 1, &size);
  use(ByteView(reinterpret_cast<uint8_t*>(many.get()), size));
  return true;
}

}  // namespace wsuv

#endif  // WSUV_BINDING_UTF8_TEXT_H_
