#ifndef WSUV_PROTOCOL_HTTP_HEAD_H_
#define WSUV_PROTOCOL_HTTP_HEAD_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/bytes.h"

namespace wsuv {

/// Limits on a request head, line ends included. They are those of Node's http module, but that a
/// hundred headers are enough for a handshake.
struct HeadLimits {
  size_t max_size = 16 * 1024;
  size_t max_headers = 100;
};

/// Views into the bytes that were parsed.
struct HeaderField {
  std::string_view name;
  std::string_view value;  ///< Without the white space around it.
};

/// A parsed request head; views into the bytes that were parsed.
struct RequestHead {
  std::string_view method;
  std::string_view target;
  int version_major = 0;
  int version_minor = 0;
  std::vector<HeaderField> fields;

  /// The value of the only field called `name` (any case); empty, with *count = 0, if there is
  /// none. Where there are several, the first one.
  std::string_view Find(std::string_view name, size_t* count = nullptr) const;
};

enum class HeadStatus : uint8_t {
  kIncomplete,  ///< No error so far, and no end.
  kComplete,
  kMalformed,  ///< Not HTTP: 400.
  kTooLarge,   ///< Past a limit: 431.
};

/// Parses a request head strictly (RFC 9112 2 to 5): CRLF only, no obs-fold, no white space before
/// a colon, tokens where tokens belong, no control characters. One empty line may come first.
///
/// `bytes` is all that came so far, from the first byte; *checked is how much of it an earlier call
/// found to be whole, correct lines (start with 0, keep it between calls), so that a head that
/// comes byte by byte costs no more than one that comes at once. On kComplete *head is filled and
/// *head_size is where it ends.
HeadStatus ParseRequestHead(std::string_view bytes, const HeadLimits& limits, size_t* checked,
                            RequestHead* head, size_t* head_size);

/// Whether `text` is a token (RFC 9110 5.6.2).
bool IsToken(std::string_view text);

/// Whether `a` and `b` are equal but for ASCII case.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

/// Whether the comma-separated list `value` has the element `token` (any case).
bool HasListElement(std::string_view value, std::string_view token);

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_HTTP_HEAD_H_
