#include "protocol/http_head.h"

#include <gtest/gtest.h>

#include <string>

namespace wsuv::test {
namespace {

HeadStatus Parse(const std::string& bytes, const HeadLimits& limits = {}) {
  RequestHeadParser parser;
  return parser.Parse(bytes, limits);
}

// With each number of bytes more, from the first one on.
HeadStatus ParseInPieces(const std::string& bytes, const HeadLimits& limits, size_t step) {
  RequestHeadParser parser;
  HeadStatus status = HeadStatus::kIncomplete;
  for (size_t end = step; status == HeadStatus::kIncomplete; end += step) {
    const size_t have = end < bytes.size() ? end : bytes.size();
    // In memory of its own, as a growing buffer is.
    const std::string piece = bytes.substr(0, have);
    status = parser.Parse(piece, limits);
    if (have == bytes.size()) break;
  }
  return status;
}

TEST(HttpHead, TakesARequestHeadApart) {
  const std::string bytes =
      "GET /chat?a=b HTTP/1.1\r\nHost: example.com\r\nX-Empty:\r\nX-Spaces: \t a b \t\r\n\r\nrest";
  RequestHeadParser parser;
  ASSERT_EQ(parser.Parse(bytes, {}), HeadStatus::kComplete);
  EXPECT_EQ(bytes.substr(parser.size()), "rest");
  const RequestHead& head = parser.head();
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/chat?a=b");
  EXPECT_EQ(head.version_minor, 1);
  size_t count = 0;
  EXPECT_EQ(head.Find("HOST", &count), "example.com");
  EXPECT_EQ(count, 1u);
  EXPECT_EQ(head.Find("x-empty"), "");
  EXPECT_EQ(head.Find("x-spaces"), "a b");
  EXPECT_EQ(head.Find("x-none", &count), "");
  EXPECT_EQ(count, 0u);
}

TEST(HttpHead, IsIncompleteUntilTheEmptyLineWhereverItIsCut) {
  const std::string bytes =
      "\r\n\nGET http://a@b:1/?c#d HTTP/1.0\r\nHost: a\r\nB: c\t\r\nC:\r\n\r\n";
  RequestHeadParser parser;
  for (size_t end = 0; end < bytes.size(); end++) {
    const std::string piece = bytes.substr(0, end);
    ASSERT_EQ(parser.Parse(piece, {}), HeadStatus::kIncomplete) << end;
    EXPECT_EQ(parser.has_begun(), end > 3);
  }
  ASSERT_EQ(parser.Parse(bytes, {}), HeadStatus::kComplete);
  EXPECT_EQ(parser.size(), bytes.size());
  EXPECT_EQ(parser.head().target, "http://a@b:1/?c#d");
  EXPECT_EQ(parser.head().version_minor, 0);
  EXPECT_EQ(parser.head().Find("b"), "c");
  EXPECT_EQ(parser.head().fields.size(), 3u);
}

TEST(HttpHead, RefusesWhatIsNotStrictlyHttpAtTheFirstWrongByte) {
  // The last byte is the wrong one.
  for (const char* text : {
           "GET  ",                          // two spaces
           "GET /  ",                        // two spaces
           "GET / HTTP/11",                  // no minor version
           "GET / h",                        // lower case
           "GET / HTTP/2",                   // another version
           "GET / HTTP/0",                   // another version
           "GET / HTTP/1.2",                 // another version
           "GET / R",                        // another protocol
           "G(",                             // no method
           "GETS",                           // no method
           "g",                              // lower case
           "\x16",                           // TLS
           "GET /\r",                        // no version
           "GET /\x01",                      // a control character
           "GET /\t",                        // the same
           "GET /\x7F",                      // the same
           "GET /\x80",                      // not ASCII
           "GET a ",                         // no path
           "GET ?",                          // no path
           "GET h1",                         // no scheme
           "GET http:a",                     // no host
           "GET http://a#",                  // no host
           "GET http://a@@",                 // no host
           "GET / HTTP/1.1\n",               // no CR
           "GET / HTTP/1.1\r\r",             // no LF
           "GET / HTTP/1.1 ",                // white space behind
           "GET / HTTP/1.1\r\nA: b\n",       // no CR
           "GET / HTTP/1.1\r\nA: b\rc",      // bare CR
           "GET / HTTP/1.1\r\nA: b\r\n ",    // obs-fold
           "GET / HTTP/1.1\r\n ",            // white space first
           "GET / HTTP/1.1\r\nA ",           // white space before the colon
           "GET / HTTP/1.1\r\nA\r",          // no colon
           "GET / HTTP/1.1\r\n:",            // no name
           "GET / HTTP/1.1\r\nA\x80",        // no token
           "GET / HTTP/1.1\r\nA: b\x7F",     // a control character
           "GET / HTTP/1.1\r\nA: b\x0B",     // the same
           "GET / HTTP/1.1\r\nA: b\r\n\rx",  // no LF
       }) {
    const std::string bytes = text;
    EXPECT_EQ(Parse(bytes), HeadStatus::kMalformed) << bytes;
    EXPECT_EQ(Parse(bytes.substr(0, bytes.size() - 1)), HeadStatus::kIncomplete) << bytes;
    EXPECT_EQ(ParseInPieces(bytes, {}, 1), HeadStatus::kMalformed) << bytes;
  }
  EXPECT_EQ(Parse(std::string("GET / HTTP/1.1\r\nA: b\0", 21)), HeadStatus::kMalformed);
}

// Machines differ in whether char is signed; CMakeLists.txt runs these tests both ways.
TEST(HttpHead, JudgesBytesAbove7FByWhereTheyAre) {
  for (int byte = 0x80; byte <= 0xFF; byte++) {
    const std::string c(1, static_cast<char>(byte));
    EXPECT_EQ(Parse(c), HeadStatus::kMalformed) << byte;
    EXPECT_EQ(Parse("GET /" + c), HeadStatus::kMalformed) << byte;
    EXPECT_EQ(Parse("GET http://" + c), HeadStatus::kMalformed) << byte;
    EXPECT_EQ(Parse("GET / HTTP/1.1\r\n" + c), HeadStatus::kMalformed) << byte;
    EXPECT_EQ(Parse("GET / HTTP/1.1\r\nA" + c), HeadStatus::kMalformed) << byte;
    EXPECT_EQ(Parse("GET / HTTP/1.1\r\nA: b" + c + "\r\n\r\n"), HeadStatus::kComplete) << byte;
    EXPECT_FALSE(IsToken(c));
  }
}

TEST(HttpHead, EnforcesItsLimitsAsNodeCountsThem) {
  HeadLimits limits;
  limits.max_size = 64;
  limits.max_headers = 2;
  const auto expect = [&limits](const std::string& bytes, HeadStatus status) {
    EXPECT_EQ(Parse(bytes, limits), status) << bytes;
    for (const size_t step : {1, 2, 3, 7, 50}) {
      EXPECT_EQ(ParseInPieces(bytes, limits, step), status) << bytes << step;
    }
  };
  // Targets, names and values count, white space behind a value included, up to 63.
  expect("GET /" + std::string(62, 'b'), HeadStatus::kIncomplete);
  expect("GET /" + std::string(63, 'b'), HeadStatus::kTooLarge);
  expect("GET / HTTP/1.1\r\nA: " + std::string(61, 'b') + "\r\n\r\n", HeadStatus::kComplete);
  expect("GET / HTTP/1.1\r\nA: " + std::string(62, 'b') + "\r\n\r\n", HeadStatus::kTooLarge);
  expect("GET / HTTP/1.1\r\nA: b" + std::string(61, ' ') + "\r\n\r\n", HeadStatus::kTooLarge);
  expect("GET / HTTP/1.1\r\n" + std::string(63, 'b'), HeadStatus::kTooLarge);
  // The rest counts against twice that.
  expect("GET / HTTP/1.1\r\nA: " + std::string(70, ' ') + "b\r\n\r\n", HeadStatus::kComplete);
  expect("GET / HTTP/1.1\r\nA: " + std::string(110, ' ') + "b\r\n\r\n", HeadStatus::kTooLarge);
  expect(std::string(128, '\n'), HeadStatus::kIncomplete);
  expect(std::string(129, '\n'), HeadStatus::kTooLarge);
  expect("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\n\r\n", HeadStatus::kComplete);
  expect("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", HeadStatus::kTooLarge);
  limits.max_headers = 0;
  expect("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", HeadStatus::kComplete);
}

// So that the time that a head takes is that of its length, in however many pieces it comes: what
// was there in an earlier call may have changed, and nothing notices. (But for the method, which is
// looked at until it ends; white space behind a value, once; and views.)
TEST(HttpHead, LooksAtEachByteOnce) {
  for (const size_t size : {10, 3000}) {
    const std::string bytes = "\r\nGET /" + std::string(size, 'a') + " HTTP/1.1\r\nX" +
                              std::string(size, 'a') + ": \t" + std::string(size, 'b') + "\r\n" +
                              "Y:" + std::string(size, ' ') + "c\r\n\r\n";
    RequestHeadParser parser;
    for (size_t end = 1; end <= bytes.size(); end++) {
      std::string piece = bytes.substr(0, end);
      for (size_t i = 6; i + 1 < end; i++) piece[i] = '\0';
      ASSERT_EQ(parser.Parse(piece, {}),
                end < bytes.size() ? HeadStatus::kIncomplete : HeadStatus::kComplete)
          << end;
    }
    EXPECT_EQ(parser.head().target.size(), size + 1);
    EXPECT_EQ(parser.head().fields[0].value.size(), size);
    EXPECT_EQ(parser.head().fields[1].value.size(), 1u);
  }
}

TEST(HttpHead, FindsListElements) {
  EXPECT_TRUE(HasListElement("Upgrade", "upgrade"));
  EXPECT_TRUE(HasListElement("keep-alive ,\tUpGrade ", "upgrade"));
  EXPECT_FALSE(HasListElement("keep-alive, upgraded", "upgrade"));
  EXPECT_FALSE(HasListElement("", "upgrade"));
}

}  // namespace
}  // namespace wsuv::test
