#ifndef WSUV_PROTOCOL_UPGRADE_H_
#define WSUV_PROTOCOL_UPGRADE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/http_head.h"

namespace wsuv {

/// What a server finds when it looks at a request (RFC 6455 4.2.1). lib/ knows what is answered
/// (lib/handshake/response.js).
enum class UpgradeStatus : uint8_t {
  kValid,
  kNotAnUpgrade,  ///< Plain HTTP.
  kMalformed,     ///< Not HTTP, or not what may ask for an upgrade.
  kTooLarge,      ///< Past a HeadLimits.
  kTimedOut,      ///< The head did not come in time.
  // From here on it is an upgrade, and ws's server has to say something about it.
  kInvalidMethod,
  kInvalidUpgrade,
  kInvalidKey,
  kInvalidVersion,
};

constexpr size_t kUpgradeStatusCount = 9;

/// The name of a status, as lib/ has it.
const char* NameOfUpgradeStatus(UpgradeStatus status);

/// The one verdict on an upgrade, in ws's order. Header values are empty where there is no such
/// header; those of several are joined, as Node's http module joins them.
UpgradeStatus CheckUpgrade(std::string_view method, std::string_view upgrade, std::string_view key,
                           double version);

/// What Node's http module finds in a complete head in front of that, and then CheckUpgrade().
UpgradeStatus CheckHead(const RequestHead& head);

/// The number in Sec-WebSocket-Version, read as JavaScript's Number() reads it, since ws does so:
/// 13 or 8 if it is one of these, and 0 otherwise. (Decimal digits count exactly, while a double
/// would take "13.00000000000000000001" for 13.)
int ParseVersion(std::string_view text);

/// The value of Sec-WebSocket-Accept that answers `key` (RFC 6455 4.2.2).
std::string AcceptValue(std::string_view key);

}  // namespace wsuv

#endif  // WSUV_PROTOCOL_UPGRADE_H_
