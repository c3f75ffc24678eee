#include "protocol/handshake.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace wsuv::test {
namespace {

const std::string kRequest =
    "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: "
    "Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

UpgradeStatus Check(const std::string& bytes) {
  size_t checked = 0;
  size_t size = 0;
  RequestHead head;
  EXPECT_EQ(ParseRequestHead(bytes, {}, &checked, &head, &size), HeadStatus::kComplete) << bytes;
  return CheckUpgrade(head);
}

std::string Replaced(const std::string& from, const std::string& to) {
  std::string text = kRequest;
  return text.replace(text.find(from), from.size(), to);
}

// RFC 6455 1.3.
TEST(Handshake, AnswersTheKeyOfTheRfc) {
  EXPECT_EQ(AcceptValue("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Handshake, AcceptsACorrectRequest) {
  EXPECT_EQ(Check(kRequest), UpgradeStatus::kValid);
  EXPECT_EQ(Check(Replaced("websocket", "WebSocket")), UpgradeStatus::kValid);
  EXPECT_EQ(Check(Replaced("Connection: Upgrade", "Connection: keep-alive, upgrade")),
            UpgradeStatus::kValid);
  EXPECT_EQ(Check(Replaced("Version: 13", "Version: 8")), UpgradeStatus::kValid);
  EXPECT_EQ(Check(Replaced("HTTP/1.1", "HTTP/1.2")), UpgradeStatus::kValid);
}

TEST(Handshake, SaysWhatIsWrongWithAnIncorrectOne) {
  const std::pair<std::string, UpgradeStatus> cases[] = {
      {Replaced("GET", "POST"), UpgradeStatus::kInvalidMethod},
      {Replaced("HTTP/1.1", "HTTP/1.0"), UpgradeStatus::kMalformed},
      {Replaced("Host: server.example.com\r\n", ""), UpgradeStatus::kMalformed},
      {Replaced("Upgrade: websocket\r\n", ""), UpgradeStatus::kNotAnUpgrade},
      {Replaced("Connection: Upgrade\r\n", ""), UpgradeStatus::kNotAnUpgrade},
      {Replaced("Connection: Upgrade", "Connection: close"), UpgradeStatus::kNotAnUpgrade},
      {Replaced("websocket\r\n", "h2c\r\n"), UpgradeStatus::kInvalidUpgrade},
      {Replaced("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ="), UpgradeStatus::kInvalidKey},
      {Replaced("Sec-WebSocket-Key", "Sec-Key"), UpgradeStatus::kInvalidKey},
      {Replaced("Version: 13", "Version: 12"), UpgradeStatus::kInvalidVersion},
      {Replaced("Sec-WebSocket-Version: 13\r\n", ""), UpgradeStatus::kInvalidVersion},
      {Replaced("\r\n\r\n", "\r\nSec-WebSocket-Version: 13\r\n\r\n"),
       UpgradeStatus::kInvalidVersion},
      {Replaced("\r\n\r\n", "\r\nHost: b\r\n\r\n"), UpgradeStatus::kMalformed},
      {Replaced("\r\n\r\n", "\r\nContent-Length: 5\r\n\r\n"), UpgradeStatus::kMalformed},
      {Replaced("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n"), UpgradeStatus::kMalformed},
  };
  for (const auto& [bytes, expected] : cases) EXPECT_EQ(Check(bytes), expected) << bytes;
}

TEST(Handshake, WritesTheSwitchingProtocolsResponse) {
  EXPECT_EQ(SwitchingProtocols("ACCEPT", "", "", ""),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: ACCEPT\r\n\r\n");
  EXPECT_EQ(SwitchingProtocols("ACCEPT", "chat", "permessage-deflate", "X-A: b\r\n"),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: ACCEPT\r\nSec-WebSocket-Protocol: chat\r\n"
            "Sec-WebSocket-Extensions: permessage-deflate\r\nX-A: b\r\n\r\n");
}

TEST(Handshake, WritesRejectionsWithTheHeadersThatTheRfcsAskFor) {
  EXPECT_EQ(RejectionResponse(UpgradeStatus::kInvalidMethod),
            "HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Type: text/html\r\n"
            "Content-Length: 19\r\nAllow: GET\r\n\r\nInvalid HTTP method");
  EXPECT_EQ(RejectionResponse(UpgradeStatus::kNotAnUpgrade),
            "HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nContent-Type: text/plain\r\n"
            "Content-Length: 16\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n"
            "Upgrade Required");
  EXPECT_NE(
      RejectionResponse(UpgradeStatus::kInvalidVersion).find("Sec-WebSocket-Version: 13, 8\r\n"),
      std::string::npos);
  const std::pair<UpgradeStatus, std::string> statuses[] = {
      {UpgradeStatus::kMalformed, "400 Bad Request"},
      {UpgradeStatus::kTooLarge, "431 Request Header Fields Too Large"},
      {UpgradeStatus::kTimedOut, "408 Request Timeout"},
      {UpgradeStatus::kInvalidUpgrade, "400 Bad Request"},
      {UpgradeStatus::kInvalidKey, "400 Bad Request"},
  };
  for (const auto& [status, line] : statuses) {
    EXPECT_EQ(RejectionResponse(status).rfind("HTTP/1.1 " + line + "\r\n", 0), 0u);
  }
}

}  // namespace
}  // namespace wsuv::test
