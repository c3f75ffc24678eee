#ifndef WSUV_TEST_SUPPORT_REFERENCE_READER_H_
#define WSUV_TEST_SUPPORT_REFERENCE_READER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/frame.h"
#include "protocol/message_sink.h"

namespace wsuv::test {

/// Whether `text` is UTF-8, or the beginning of some, decided by decoding each character and
/// looking at its value. *complete tells whether it ends on a boundary.
inline bool ReferenceUtf8(const std::string& text, bool* complete) {
  size_t i = 0;
  *complete = true;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const int extra = lead < 0x80   ? 0
                      : lead < 0xC0 ? -1
                      : lead < 0xE0 ? 1
                      : lead < 0xF0 ? 2
                      : lead < 0xF8 ? 3
                                    : -1;
    if (extra < 0) return false;
    uint32_t low = extra == 0 ? lead : lead & (0x3F >> extra);
    uint32_t high = low;  // The values that an unfinished character can still get to.
    for (int j = 1; j <= extra; j++) {
      if (i + static_cast<size_t>(j) < text.size()) {
        const auto next = static_cast<unsigned char>(text[i + static_cast<size_t>(j)]);
        if ((next & 0xC0) != 0x80) return false;
        low = low << 6 | (next & 0x3F);
        high = high << 6 | (next & 0x3F);
      } else {
        *complete = false;
        low = low << 6;
        high = high << 6 | 0x3F;
      }
    }
    static constexpr uint32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};
    if (high < kSmallest[extra] || low > 0x10FFFF) return false;
    if (low >= 0xD800 && high <= 0xDFFF) return false;
    i += static_cast<size_t>(extra) + 1;
  }
  return true;
}

/// What a reader should find in `bytes`, given whole: a second, obvious implementation of RFC 6455
/// 5, in the notation of RecordingSink. The limit on chunks is not its business, nor is what is
/// compressed.
inline std::vector<std::string> ReferenceRead(Role role, const std::string& bytes,
                                              const ReaderLimits& limits = {},
                                              bool allow_rsv1 = false) {
  std::vector<std::string> events;
  std::string message;
  std::vector<size_t> ends;
  int message_opcode = 0;
  bool is_compressed = false;
  bool is_streamed = false;
  uint32_t fragments = 0;
  size_t at = 0;
  const auto error = [&events](const std::string& what) {
    events.push_back("error WS_ERR_" + what);
    return events;
  };
  while (bytes.size() - at >= 2) {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const auto second = static_cast<unsigned char>(bytes[at + 1]);
    const int opcode = first & 15;
    const bool fin = (first & 128) != 0;
    const bool masked = (second & 128) != 0;
    const int short_length = second & 127;
    if ((first & 0x30) != 0) return error("UNEXPECTED_RSV_2_3 0");
    const bool rsv1 = (first & 0x40) != 0;
    if (rsv1 && (!allow_rsv1 || opcode == 0)) return error("UNEXPECTED_RSV_1 0");
    const bool control = opcode >= 8 && opcode <= 10;
    if (opcode > 10 || (opcode > 2 && opcode < 8) || (opcode == 0 && message_opcode == 0) ||
        ((opcode == 1 || opcode == 2) && message_opcode != 0)) {
      return error("INVALID_OPCODE " + std::to_string(opcode));
    }
    if (control && !fin) return error("EXPECTED_FIN 0");
    if (control && rsv1) return error("UNEXPECTED_RSV_1 0");
    if (control && (short_length > 125 || (opcode == 8 && short_length == 1))) {
      return error("INVALID_CONTROL_PAYLOAD_LENGTH " + std::to_string(short_length));
    }
    if (role == Role::kServer && !masked) return error("EXPECTED_MASK 0");
    if (role == Role::kClient && masked) return error("UNEXPECTED_MASK 0");
    size_t header = 2;
    uint64_t length = static_cast<uint64_t>(short_length);
    if (short_length >= 126) {
      const size_t count = short_length == 126 ? 2 : 8;
      if (bytes.size() - at < header + count) return events;
      length = 0;
      for (size_t i = 0; i < count; i++) {
        length = length * 256 + static_cast<unsigned char>(bytes[at + header + i]);
      }
      header += count;
    }
    if (length >= uint64_t{1} << 53) return error("UNSUPPORTED_DATA_PAYLOAD_LENGTH 0");
    if (!control && opcode != 0) {
      is_streamed =
          limits.stream_threshold > 0 && (!fin || rsv1 || length > limits.stream_threshold);
      is_compressed = rsv1;
    }
    const uint64_t longest = !is_streamed    ? limits.max_payload
                             : is_compressed ? 0
                                             : limits.max_stream_length;
    if (!control && longest > 0 && message.size() + length > longest) {
      return error("UNSUPPORTED_MESSAGE_LENGTH 0");
    }
    if (!control && !is_streamed && limits.max_fragments > 0 && fragments >= limits.max_fragments) {
      return error("TOO_MANY_BUFFERED_PARTS 0");
    }
    std::string key(4, '\0');
    if (masked) {
      if (bytes.size() - at < header + 4) return events;
      key = bytes.substr(at + header, 4);
      header += 4;
    }
    const size_t have = bytes.size() - at - header;
    const bool whole = have >= length;
    std::string payload = bytes.substr(at + header, whole ? static_cast<size_t>(length) : have);
    for (size_t i = 0; i < payload.size(); i++)
      payload[i] = static_cast<char>(payload[i] ^ key[i % 4]);

    if (control) {
      if (!whole) return events;
      if (opcode == 9) events.push_back("ping " + payload);
      if (opcode == 10) events.push_back("pong " + payload);
      if (opcode == 8) {
        if (payload.empty()) {
          events.push_back("close 1005 ");
          return events;
        }
        const int code =
            static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]);
        const bool valid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                           (code >= 3000 && code <= 4999);
        if (!valid) return error("INVALID_CLOSE_CODE " + std::to_string(code));
        bool complete;
        if (!limits.skip_utf8_validation &&
            (!ReferenceUtf8(payload.substr(2), &complete) || !complete)) {
          return error("INVALID_UTF8 0");
        }
        events.push_back("close " + std::to_string(code) + " " + payload.substr(2));
        return events;
      }
    } else {
      if (opcode != 0) message_opcode = opcode;
      fragments++;
      message += payload;
      if (message_opcode == 1 && !is_compressed && !limits.skip_utf8_validation) {
        bool complete;
        if (!ReferenceUtf8(message, &complete) || (whole && fin && !complete)) {
          return error("INVALID_UTF8 0");
        }
      }
      if (!whole) return events;
      if (length > 0) ends.push_back(message.size());
      if (fin) {
        std::string line = is_compressed ? "compressed " : "";
        line += message_opcode == 1 ? "text " : "binary ";
        line += message;
        if (ends.size() > 1 && !is_streamed) {
          line += " |";
          for (const size_t end : ends) line += " " + std::to_string(end);
        }
        events.push_back(line);
        message.clear();
        ends.clear();
        message_opcode = 0;
        fragments = 0;
      }
    }
    at += header + static_cast<size_t>(length);
  }
  return events;
}

}  // namespace wsuv::test

#endif  // WSUV_TEST_SUPPORT_REFERENCE_READER_H_
