#include "protocol/upgrade.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>

namespace wsuv::test {
namespace {

const std::string kRequest =
    "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: "
    "Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

UpgradeStatus Check(const std::string& bytes) {
  RequestHeadParser parser;
  EXPECT_EQ(parser.Parse(bytes, {}), HeadStatus::kComplete) << bytes;
  return CheckHead(parser.head());
}

std::string Replaced(const std::string& from, const std::string& to) {
  std::string text = kRequest;
  return text.replace(text.find(from), from.size(), to);
}

// RFC 6455 1.3.
TEST(Upgrade, AnswersTheKeyOfTheRfc) {
  EXPECT_EQ(AcceptValue("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

std::string With(const std::string& line) {
  return Replaced("\r\n\r\n", "\r\n" + line + "\r\n\r\n");
}

TEST(Upgrade, AcceptsACorrectRequest) {
  for (const std::string& bytes : {
           kRequest,
           Replaced("websocket", "WebSocket"),
           Replaced("Connection: Upgrade", "Connection: keep-alive, upgrade"),
           Replaced("Connection: Upgrade", "Connection: close\r\nConnection: Upgrade"),
           Replaced("Version: 13", "Version: 8"),
           Replaced("Version: 13", "Version: 08"),
           // As nginx sends it, unless it is told otherwise.
           Replaced("HTTP/1.1", "HTTP/1.0"),
           Replaced("Host: server.example.com\r\n", ""),
           With("Content-Length: 0"),
           With("Content-Length: 00"),
       }) {
    EXPECT_EQ(Check(bytes), UpgradeStatus::kValid) << bytes;
  }
}

TEST(Upgrade, SaysWhatIsWrongWithAnIncorrectOne) {
  const std::pair<std::string, UpgradeStatus> cases[] = {
      {Replaced("GET", "POST"), UpgradeStatus::kInvalidMethod},
      {Replaced("GET", "HEAD"), UpgradeStatus::kInvalidMethod},
      {Replaced("Upgrade: websocket\r\n", ""), UpgradeStatus::kNotAnUpgrade},
      {Replaced("Upgrade: websocket\r\n", "Upgrade:\r\n"), UpgradeStatus::kNotAnUpgrade},
      {Replaced("Connection: Upgrade\r\n", ""), UpgradeStatus::kNotAnUpgrade},
      {Replaced("Connection: Upgrade", "Connection: close"), UpgradeStatus::kNotAnUpgrade},
      {Replaced("websocket\r\n", "h2c\r\n"), UpgradeStatus::kInvalidUpgrade},
      {With("Upgrade: websocket"), UpgradeStatus::kInvalidUpgrade},
      {Replaced("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ="), UpgradeStatus::kInvalidKey},
      {Replaced("Sec-WebSocket-Key", "Sec-Key"), UpgradeStatus::kInvalidKey},
      {With("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), UpgradeStatus::kInvalidKey},
      {Replaced("Version: 13", "Version: 12"), UpgradeStatus::kInvalidVersion},
      {Replaced("Sec-WebSocket-Version: 13\r\n", ""), UpgradeStatus::kInvalidVersion},
      {With("Sec-WebSocket-Version: 13"), UpgradeStatus::kInvalidVersion},
      {With("Host: b"), UpgradeStatus::kMalformed},
      {With("Content-Length: 5"), UpgradeStatus::kMalformed},
      {With("Content-Length: 0\r\nContent-Length: 5"), UpgradeStatus::kMalformed},
      {With("Content-Length: 0\r\nContent-Length: 0"), UpgradeStatus::kMalformed},
      {With("Content-Length:"), UpgradeStatus::kMalformed},
      {With("Content-Length: -1"), UpgradeStatus::kMalformed},
      {With("Content-Length: +0"), UpgradeStatus::kMalformed},
      {With("Content-Length: 0, 0"), UpgradeStatus::kMalformed},
      {With("Transfer-Encoding: chunked"), UpgradeStatus::kMalformed},
      {With("Transfer-Encoding: chunked\r\nContent-Length: 0"), UpgradeStatus::kMalformed},
  };
  for (const auto& [bytes, expected] : cases) EXPECT_EQ(Check(bytes), expected) << bytes;
}

TEST(Upgrade, LeavesPlainRequestsToHttp) {
  const auto check = [](const std::string& line, const std::string& fields) {
    return Check(line + "\r\n" + fields + "\r\n");
  };
  const auto plain = UpgradeStatus::kNotAnUpgrade;
  EXPECT_EQ(check("GET / HTTP/1.1", "Host: a\r\n"), plain);
  EXPECT_EQ(check("GET / HTTP/1.1", "Host:\r\n"), plain);
  EXPECT_EQ(check("GET / HTTP/1.0", ""), plain);
  EXPECT_EQ(check("OPTIONS * HTTP/1.1", "Host: a\r\n"), plain);
  EXPECT_EQ(check("POST / HTTP/1.1", "Host: a\r\nContent-Length: 5\r\n"), plain);
  EXPECT_EQ(check("POST / HTTP/1.1", "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n"), plain);
  const auto encoded = [&check](const std::string& first, const std::string& second) {
    return check("POST / HTTP/1.1", "Host: a\r\nTransfer-Encoding: " + first +
                                        "\r\nTransfer-Encoding: " + second + "\r\n");
  };
  EXPECT_EQ(encoded("gzip", "chunked"), plain);
  EXPECT_EQ(encoded("chunked", ""), plain);
  EXPECT_EQ(encoded("chunked", "chunked"), UpgradeStatus::kMalformed);
  EXPECT_EQ(encoded("chunked", "gzip"), UpgradeStatus::kMalformed);
  EXPECT_EQ(encoded("gzip", "chunked, chunked"), UpgradeStatus::kMalformed);
  EXPECT_EQ(encoded("gzip", "chunked, gzip, chunked"), UpgradeStatus::kMalformed);
  EXPECT_EQ(check("POST / HTTP/1.1", "Host: a\r\nTransfer-Encoding: gzip\r\n"),
            UpgradeStatus::kMalformed);
  EXPECT_EQ(check("POST / HTTP/1.1", "Host: a\r\nContent-Length: 18446744073709551615\r\n"), plain);
  EXPECT_EQ(check("POST / HTTP/1.1", "Host: a\r\nContent-Length: 18446744073709551616\r\n"),
            UpgradeStatus::kMalformed);
  EXPECT_EQ(check("GET / HTTP/1.1", ""), UpgradeStatus::kMalformed);
  EXPECT_EQ(check("CONNECT http://a HTTP/1.1", "Host: a\r\n"), UpgradeStatus::kMalformed);
}

TEST(Upgrade, IsJudgedTheSameWithoutAHead) {
  const char* key = "dGhlIHNhbXBsZSBub25jZQ==";
  EXPECT_EQ(CheckUpgrade("GET", "WebSocket", key, 13), UpgradeStatus::kValid);
  EXPECT_EQ(CheckUpgrade("GET", "websocket", key, 8), UpgradeStatus::kValid);
  EXPECT_EQ(CheckUpgrade("POST", "", "", 0), UpgradeStatus::kInvalidMethod);
  EXPECT_EQ(CheckUpgrade("GET", "", "", 0), UpgradeStatus::kInvalidUpgrade);
  EXPECT_EQ(CheckUpgrade("GET", "websocket", "", 0), UpgradeStatus::kInvalidKey);
  EXPECT_EQ(CheckUpgrade("GET", "websocket", key, 13.5), UpgradeStatus::kInvalidVersion);
  EXPECT_EQ(CheckUpgrade("GET", "websocket", key, std::nan("")), UpgradeStatus::kInvalidVersion);
}

TEST(Upgrade, ReadsVersionsAsJavaScriptDoes) {
  for (const char* text : {"13",         "013",      "00000000000000000000000000013",
                           "13.",        "13.0",     "+13",
                           "1.3e1",      "130E-1",   ".13e+2",
                           "0xd",        "0xD",      "0X0d",
                           "0o15",       "0O15",     "0b1101",
                           "0B00001101", " 13\t",    "\xA0 13\xA0",
                           "13e0",       "0.0013e4", "1300000000000000000000000e-23"}) {
    EXPECT_EQ(ParseVersion(text), 13) << text;
  }
  for (const char* text : {"8", "08", "8.000", "0x8", "0o10", "0b1000", "80e-1", ".8e1"}) {
    EXPECT_EQ(ParseVersion(text), 8) << text;
  }
  for (const char* text : {"",
                           " ",
                           "0",
                           "-13",
                           "13a",
                           "a13",
                           "1 3",
                           "13,",
                           "1_3",
                           "0x",
                           "0xg",
                           "0b2",
                           "0o8",
                           "0xd.0",
                           "+0xd",
                           "13e",
                           "13e+",
                           "13e1",
                           "e1",
                           ".",
                           "+",
                           "1.3",
                           "1003",
                           "130",
                           "103",
                           "0x0d ,",
                           "13..",
                           "1.3.0",
                           "Infinity",
                           "NaN",
                           "13n",
                           "99999999999999999999999999999999999999",
                           "0xffffffffffffffffffffffffffffffd",
                           "13e99999999999999999999999",
                           "13e-0.0"}) {
    EXPECT_EQ(ParseVersion(text), 0) << text;
  }
}

TEST(Upgrade, NamesEachStatus) {
  for (size_t i = 0; i < kUpgradeStatusCount; i++) {
    EXPECT_STRNE(NameOfUpgradeStatus(static_cast<UpgradeStatus>(i)), "") << i;
  }
  EXPECT_STREQ(NameOfUpgradeStatus(static_cast<UpgradeStatus>(kUpgradeStatusCount)), "");
}

}  // namespace
}  // namespace wsuv::test
