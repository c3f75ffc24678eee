#include "protocol/base64.h"

namespace wsuv {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool InAlphabet(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

}  // namespace

std::string Base64Encode(ByteView data) {
  std::string text;
  text.reserve((data.size + 2) / 3 * 4);
  for (size_t i = 0; i < data.size; i += 3) {
    const size_t have = data.size - i < 3 ? data.size - i : 3;
    uint32_t group = static_cast<uint32_t>(data.data[i]) << 16;
    if (have > 1) group |= static_cast<uint32_t>(data.data[i + 1]) << 8;
    if (have > 2) group |= data.data[i + 2];
    text += kAlphabet[group >> 18];
    text += kAlphabet[group >> 12 & 63];
    text += have > 1 ? kAlphabet[group >> 6 & 63] : '=';
    text += have > 2 ? kAlphabet[group & 63] : '=';
  }
  return text;
}

bool IsBase64Of16Bytes(std::string_view text) {
  if (text.size() != 24 || text[22] != '=' || text[23] != '=') return false;
  for (size_t i = 0; i < 22; i++) {
    if (!InAlphabet(text[i])) return false;
  }
  return true;
}

}  // namespace wsuv
