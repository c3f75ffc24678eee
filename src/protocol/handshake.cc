#include "protocol/handshake.h"

#include "protocol/base64.h"
#include "protocol/sha1.h"

namespace wsuv {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::string_view kVersions = "Sec-WebSocket-Version: 13, 8\r\n";

}  // namespace

UpgradeStatus CheckUpgrade(const RequestHead& head) {
  if (head.version_major < 1 || (head.version_major == 1 && head.version_minor < 1)) {
    return UpgradeStatus::kMalformed;
  }
  size_t hosts = 0;
  head.Find("host", &hosts);
  if (hosts != 1) return UpgradeStatus::kMalformed;
  size_t lengths = 0;
  head.Find("transfer-encoding", &lengths);
  const std::string_view length = head.Find("content-length");
  // A body would be taken for frames.
  if (lengths > 0 || (!length.empty() && length != "0")) return UpgradeStatus::kMalformed;

  size_t upgrades = 0;
  const std::string_view upgrade = head.Find("upgrade", &upgrades);
  bool connection_upgrades = false;
  for (const HeaderField& field : head.fields) {
    if (EqualsIgnoreCase(field.name, "connection") && HasListElement(field.value, "upgrade")) {
      connection_upgrades = true;
    }
  }
  if (upgrades == 0 || !connection_upgrades) return UpgradeStatus::kNotAnUpgrade;
  if (head.method != "GET") return UpgradeStatus::kInvalidMethod;
  if (upgrades > 1 || !EqualsIgnoreCase(upgrade, "websocket")) {
    return UpgradeStatus::kInvalidUpgrade;
  }
  size_t keys = 0;
  const std::string_view key = head.Find("sec-websocket-key", &keys);
  if (keys != 1 || !IsBase64Of16Bytes(key)) return UpgradeStatus::kInvalidKey;
  size_t versions = 0;
  const std::string_view version = head.Find("sec-websocket-version", &versions);
  if (versions != 1 || (version != "13" && version != "8")) return UpgradeStatus::kInvalidVersion;
  return UpgradeStatus::kValid;
}

std::string AcceptValue(std::string_view key) {
  std::string text(key);
  text += kGuid;
  const auto digest = Sha1(ByteView(text));
  return Base64Encode({digest.data(), digest.size()});
}

std::string SwitchingProtocols(std::string_view accept, std::string_view protocol,
                               std::string_view extensions, std::string_view extra) {
  std::string response;
  response.reserve(160 + protocol.size() + extensions.size() + extra.size());
  response +=
      "HTTP/1.1 101 Switching Protocols\r\n"
      "Upgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ";
  response += accept;
  response += "\r\n";
  if (!protocol.empty()) {
    response += "Sec-WebSocket-Protocol: ";
    response += protocol;
    response += "\r\n";
  }
  if (!extensions.empty()) {
    response += "Sec-WebSocket-Extensions: ";
    response += extensions;
    response += "\r\n";
  }
  response += extra;
  response += "\r\n";
  return response;
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 426:
      return "Upgrade Required";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

std::string ErrorResponse(int status, std::string_view content_type, std::string_view body,
                          std::string_view extra) {
  std::string response = "HTTP/1.1 " + std::to_string(status) + " ";
  response += ReasonPhrase(status);
  response += "\r\nConnection: close\r\nContent-Type: ";
  response += content_type;
  response += "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  response += extra;
  response += "\r\n";
  response += body;
  return response;
}

std::string RejectionResponse(UpgradeStatus status) {
  constexpr std::string_view kHtml = "text/html";
  const std::string_view sentence = DescribeUpgradeStatus(status);
  switch (status) {
    case UpgradeStatus::kNotAnUpgrade:
      return ErrorResponse(426, "text/plain", ReasonPhrase(426),
                           "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    case UpgradeStatus::kMalformed:
      return ErrorResponse(400, kHtml, ReasonPhrase(400), {});
    case UpgradeStatus::kTooLarge:
      return ErrorResponse(431, kHtml, ReasonPhrase(431), {});
    case UpgradeStatus::kTimedOut:
      return ErrorResponse(408, kHtml, ReasonPhrase(408), {});
    case UpgradeStatus::kInvalidMethod:
      return ErrorResponse(405, kHtml, sentence, "Allow: GET\r\n");
    case UpgradeStatus::kInvalidVersion:
      return ErrorResponse(400, kHtml, sentence, kVersions);
    default:
      return ErrorResponse(400, kHtml, sentence, {});
  }
}

std::string_view DescribeUpgradeStatus(UpgradeStatus status) {
  switch (status) {
    case UpgradeStatus::kInvalidMethod:
      return "Invalid HTTP method";
    case UpgradeStatus::kInvalidUpgrade:
      return "Invalid Upgrade header";
    case UpgradeStatus::kInvalidKey:
      return "Missing or invalid Sec-WebSocket-Key header";
    case UpgradeStatus::kInvalidVersion:
      return "Missing or invalid Sec-WebSocket-Version header";
    case UpgradeStatus::kNotAnUpgrade:
      return "Upgrade Required";
    case UpgradeStatus::kTooLarge:
      return "Request Header Fields Too Large";
    case UpgradeStatus::kTimedOut:
      return "Request Timeout";
    case UpgradeStatus::kValid:
    case UpgradeStatus::kMalformed:
      break;
  }
  return "Bad Request";
}

}  // namespace wsuv
