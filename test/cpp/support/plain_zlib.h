#ifndef WSUV_TEST_SUPPORT_PLAIN_ZLIB_H_
#define WSUV_TEST_SUPPORT_PLAIN_ZLIB_H_

#include <zlib.h>

#include <string>

namespace wsuv::test {

/// zlib used in the plainest way, to compare with: one stream a direction, byte by byte.
class PlainInflater {
 public:
  explicit PlainInflater(int window_bits) { inflateInit2(&stream_, -window_bits); }
  ~PlainInflater() { inflateEnd(&stream_); }
  PlainInflater(const PlainInflater&) = delete;
  PlainInflater& operator=(const PlainInflater&) = delete;

  void Reset() { inflateReset(&stream_); }

  /// Inflates one message. False when zlib finds an error; `ended` tells whether the stream ended.
  bool Inflate(std::string message, std::string* out, bool* ended) {
    message.append("\x00\x00\xFF\xFF", 4);
    *ended = false;
    for (char& c : message) {
      stream_.next_in = reinterpret_cast<Bytef*>(&c);
      stream_.avail_in = 1;
      for (;;) {
        char byte[64];
        stream_.next_out = reinterpret_cast<Bytef*>(byte);
        stream_.avail_out = sizeof(byte);
        const int status = inflate(&stream_, Z_SYNC_FLUSH);
        out->append(byte, sizeof(byte) - stream_.avail_out);
        if (status == Z_STREAM_END) {
          *ended = true;
          return true;
        }
        if (status != Z_OK && status != Z_BUF_ERROR) return false;
        if (stream_.avail_out > 0) break;
      }
    }
    return true;
  }

 private:
  z_stream stream_ = {};
};

}  // namespace wsuv::test

#endif  // WSUV_TEST_SUPPORT_PLAIN_ZLIB_H_
