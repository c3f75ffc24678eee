#ifndef WSUV_PROTOCOL_HANDSHAKE_H_
#define WSUV_PROTOCOL_HANDSHAKE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/http_head.h"

namespace wsuv {

/// What a server finds when it looks at a request head (RFC 6455 4.2.1).
enum class UpgradeStatus : uint8_t {
  kValid,
  kNotAnUpgrade,    ///< Plain HTTP: 426.
  kMalformed,       ///< Not HTTP, HTTP below 1.1, or no single Host: 400.
  kTooLarge,        ///< Past a HeadLimits: 431.
  kTimedOut,        ///< The head did not come in time: 408.
  kInvalidMethod,   ///< 405.
  kInvalidUpgrade,  ///< 400.
  kInvalidKey,      ///< 400.
  kInvalidVersion,  ///< 400 with the versions that we speak.
};

/// Judges a complete head, in the order in which ws does.
UpgradeStatus CheckUpgrade(const RequestHead& head);

/// The value of Sec-WebSocket-Accept that answers `key` (RFC 6455 4.2.2).
std::string AcceptValue(std::string_view key);

/// The 101 response. `protocol` and `extensions` are left out where empty; `extra` is any number
/// of whole header lines, each with its CRLF.
std::string SwitchingProtocols(std::string_view accept, std::string_view protocol,
                               std::string_view extensions, std::string_view extra);

/// The reason phrase of an HTTP status that we may send; "Unknown" for others.
std::string_view ReasonPhrase(int status);

/// A whole HTTP response that ends the connection, with `body` as its text. `extra` is as above.
std::string ErrorResponse(int status, std::string_view content_type, std::string_view body,
                          std::string_view extra);

/// The response that `status` (not kValid) calls for, as ws gives it, plus the headers that the
/// RFCs ask for: Allow with 405 (RFC 9110 15.5.6), Upgrade with 426 (15.5.22), the versions
/// with both 426 and a wrong version (RFC 6455 4.4).
std::string RejectionResponse(UpgradeStatus status);

/// The sentence about `status` for the error that a 'wsClientError' listener gets.
std::string_view DescribeUpgradeStatus(UpgradeStatus status);

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_HANDSHAKE_H_
