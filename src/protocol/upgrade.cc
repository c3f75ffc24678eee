#include "protocol/upgrade.h"

#include "protocol/base64.h"
#include "protocol/sha1.h"

namespace wsuv {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Digits, of a number that has 64 bits, as llhttp has it.
bool ParseLength(std::string_view text, uint64_t* length) {
  for (const char c : text) {
    if (!IsDigit(c)) return false;
    const auto digit = static_cast<uint64_t>(c - '0');
    if (*length > (UINT64_MAX - digit) / 10) return false;
    *length = *length * 10 + digit;
  }
  return !text.empty();
}

// Whether a body is announced correctly. More than one Content-Length, or one beside
// Transfer-Encoding, is how requests are smuggled (RFC 9112 6.3).
enum class Body : uint8_t { kNone, kSome, kMalformed };

Body BodyOf(const RequestHead& head) {
  Body body = Body::kNone;
  size_t lengths = 0;
  bool is_encoded = false;
  bool is_chunked = false;
  for (const HeaderField& field : head.fields) {
    if (EqualsIgnoreCase(field.name, "content-length")) {
      uint64_t length = 0;
      if (lengths++ > 0 || !ParseLength(field.value, &length)) return Body::kMalformed;
      if (length > 0) body = Body::kSome;
    } else if (EqualsIgnoreCase(field.name, "transfer-encoding")) {
      // The last coding must be "chunked", and no other one: otherwise nobody knows where the
      // request ends. In several fields they are one list.
      is_encoded = true;
      if (field.value.empty()) continue;
      if (is_chunked) return Body::kMalformed;
      const size_t comma = field.value.rfind(',');
      const bool is_list = comma != std::string_view::npos;
      is_chunked = HasListElement(field.value.substr(is_list ? comma + 1 : 0), "chunked");
      if (is_list && HasListElement(field.value.substr(0, comma), "chunked")) {
        return Body::kMalformed;
      }
    }
  }
  if (!is_encoded) return body;
  return lengths > 0 || !is_chunked ? Body::kMalformed : Body::kSome;
}

// Whether llhttp takes it for an upgrade.
bool AsksForUpgrade(const RequestHead& head) {
  bool upgrades = false;
  bool connection_upgrades = false;
  for (const HeaderField& field : head.fields) {
    if (EqualsIgnoreCase(field.name, "upgrade")) {
      upgrades = upgrades || !field.value.empty();
    } else if (EqualsIgnoreCase(field.name, "connection")) {
      connection_upgrades = connection_upgrades || HasListElement(field.value, "upgrade");
    }
  }
  return upgrades && connection_upgrades;
}

// The only value of a field. Values of several are joined with commas by Node, which makes them
// wrong where only one is right.
std::string_view SingleValue(const RequestHead& head, std::string_view name) {
  size_t count = 0;
  const std::string_view value = head.Find(name, &count);
  return count == 1 ? value : std::string_view();
}

int VersionOf(uint64_t number) {
  return number == 13 || number == 8 ? static_cast<int>(number) : 0;
}

// Digits of a base up to 16.
int ParseInteger(std::string_view digits, unsigned base) {
  if (digits.empty()) return 0;
  uint64_t number = 0;
  for (const char c : digits) {
    unsigned digit = 16;
    if (IsDigit(c)) digit = static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') digit = static_cast<unsigned>(c - 'A') + 10;
    if (digit >= base) return 0;
    number = number * base + digit;
    if (number > 13) number = 14;  // However long it gets.
  }
  return VersionOf(number);
}

// [+]digits[.digits][e[sign]digits], where one of the first two may be empty.
int ParseDecimal(std::string_view text) {
  constexpr int64_t kMaxExponent = 1000000;  // More than a header has digits.
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  // The number is `significand` times ten to the power of `exponent`. Zeros wait in `zeros` for a
  // digit behind them.
  uint64_t significand = 0;
  int64_t exponent = 0;
  int64_t zeros = 0;
  bool has_digits = false;
  bool has_point = false;
  size_t at = 0;
  for (; at < text.size(); at++) {
    const char c = text[at];
    if (c == '.' && !has_point) {
      has_point = true;
    } else if (IsDigit(c)) {
      has_digits = true;
      if (has_point) exponent--;
      if (c == '0') {
        zeros++;
        continue;
      }
      if (significand > 0 && zeros > 2) return 0;  // Neither 13 nor 8 has zeros inside.
      if (significand > 0) {
        for (; zeros > 0; zeros--) significand *= 10;
      }
      zeros = 0;
      significand = significand * 10 + static_cast<unsigned>(c - '0');
      if (significand > 13) return 0;
    } else {
      break;
    }
  }
  if (!has_digits || significand == 0) return 0;
  exponent += zeros;
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E') return 0;
    at++;
    const bool is_negative = at < text.size() && text[at] == '-';
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) at++;
    if (at == text.size()) return 0;
    int64_t power = 0;
    for (; at < text.size(); at++) {
      if (!IsDigit(text[at])) return 0;
      power = power * 10 + (text[at] - '0');
      if (power > kMaxExponent) power = kMaxExponent;
    }
    exponent += is_negative ? -power : power;
  }
  return exponent == 0 ? VersionOf(significand) : 0;
}

}  // namespace

const char* NameOfUpgradeStatus(UpgradeStatus status) {
  switch (status) {
    case UpgradeStatus::kValid:
      return "VALID";
    case UpgradeStatus::kNotAnUpgrade:
      return "NOT_AN_UPGRADE";
    case UpgradeStatus::kMalformed:
      return "MALFORMED";
    case UpgradeStatus::kTooLarge:
      return "TOO_LARGE";
    case UpgradeStatus::kTimedOut:
      return "TIMED_OUT";
    case UpgradeStatus::kInvalidMethod:
      return "INVALID_METHOD";
    case UpgradeStatus::kInvalidUpgrade:
      return "INVALID_UPGRADE";
    case UpgradeStatus::kInvalidKey:
      return "INVALID_KEY";
    case UpgradeStatus::kInvalidVersion:
      return "INVALID_VERSION";
  }
  return "";
}

UpgradeStatus CheckUpgrade(std::string_view method, std::string_view upgrade, std::string_view key,
                           double version) {
  if (method != "GET") return UpgradeStatus::kInvalidMethod;
  if (!EqualsIgnoreCase(upgrade, "websocket")) return UpgradeStatus::kInvalidUpgrade;
  if (!IsBase64Of16Bytes(key)) return UpgradeStatus::kInvalidKey;
  if (version != 13 && version != 8) return UpgradeStatus::kInvalidVersion;
  return UpgradeStatus::kValid;
}

UpgradeStatus CheckHead(const RequestHead& head) {
  const Body body = BodyOf(head);
  if (body == Body::kMalformed || head.method == "CONNECT") return UpgradeStatus::kMalformed;
  size_t hosts = 0;
  head.Find("host", &hosts);
  if (!AsksForUpgrade(head)) {
    // RFC 9112 3.2.
    return hosts == 0 && head.version_minor > 0 ? UpgradeStatus::kMalformed
                                                : UpgradeStatus::kNotAnUpgrade;
  }
  // A body would be taken for frames, and of several hosts nobody knows which is meant.
  if (body != Body::kNone || hosts > 1) return UpgradeStatus::kMalformed;
  return CheckUpgrade(head.method, SingleValue(head, "upgrade"),
                      SingleValue(head, "sec-websocket-key"),
                      ParseVersion(SingleValue(head, "sec-websocket-version")));
}

int ParseVersion(std::string_view text) {
  // To JavaScript a no-break space (0xA0 in Latin-1) is white space as well.
  const std::string_view space = " \t\xA0";
  const size_t first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return 0;
  text = text.substr(first, text.find_last_not_of(space) - first + 1);
  if (text.size() > 2 && text[0] == '0') {
    const std::string_view digits = text.substr(2);
    switch (text[1]) {
      case 'x':
      case 'X':
        return ParseInteger(digits, 16);
      case 'o':
      case 'O':
        return ParseInteger(digits, 8);
      case 'b':
      case 'B':
        return ParseInteger(digits, 2);
      default:
        break;
    }
  }
  return ParseDecimal(text);
}

std::string AcceptValue(std::string_view key) {
  std::string text(key);
  text += kGuid;
  const auto digest = Sha1(ByteView(text));
  return Base64Encode({digest.data(), digest.size()});
}

}  // namespace wsuv
