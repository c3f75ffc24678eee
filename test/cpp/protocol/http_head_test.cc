#include "protocol/http_head.h"

#include <gtest/gtest.h>

#include <string>

namespace wsuv::test {
namespace {

HeadStatus Parse(const std::string& bytes, RequestHead* head = nullptr, size_t* size = nullptr,
                 const HeadLimits& limits = {}) {
  static RequestHead unused_head;
  static size_t unused_size;
  size_t checked = 0;
  return ParseRequestHead(bytes, limits, &checked, head != nullptr ? head : &unused_head,
                          size != nullptr ? size : &unused_size);
}

TEST(HttpHead, TakesARequestHeadApart) {
  const std::string bytes =
      "GET /chat?a=b HTTP/1.1\r\nHost: example.com\r\nX-Empty:\r\nX-Spaces: \t a b \t\r\n\r\nrest";
  RequestHead head;
  size_t size = 0;
  ASSERT_EQ(Parse(bytes, &head, &size), HeadStatus::kComplete);
  EXPECT_EQ(bytes.substr(size), "rest");
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/chat?a=b");
  EXPECT_EQ(head.version_major * 10 + head.version_minor, 11);
  size_t count = 0;
  EXPECT_EQ(head.Find("HOST", &count), "example.com");
  EXPECT_EQ(count, 1u);
  EXPECT_EQ(head.Find("x-empty"), "");
  EXPECT_EQ(head.Find("x-spaces"), "a b");
  EXPECT_EQ(head.Find("x-none", &count), "");
  EXPECT_EQ(count, 0u);
}

TEST(HttpHead, IsIncompleteUntilTheEmptyLineWhereverItIsCut) {
  const std::string bytes = "\r\nGET / HTTP/1.1\r\nHost: a\r\nB: c\r\n\r\n";
  size_t checked = 0;
  RequestHead head;
  size_t size = 0;
  for (size_t end = 0; end < bytes.size(); end++) {
    ASSERT_EQ(ParseRequestHead(std::string_view(bytes).substr(0, end), {}, &checked, &head, &size),
              HeadStatus::kIncomplete)
        << end;
  }
  EXPECT_EQ(ParseRequestHead(bytes, {}, &checked, &head, &size), HeadStatus::kComplete);
}

TEST(HttpHead, RefusesWhatIsNotStrictlyHttp) {
  for (const char* bytes : {
           "GET /\r\n",                         // no version
           "GET  / HTTP/1.1\r\n",               // two spaces
           "GET / HTTP/11\r\n",                 // no minor version
           "GET / http/1.1\r\n",                // lower case
           "G(T / HTTP/1.1\r\n",                // no token
           "GET /\x01 HTTP/1.1\r\n",            // a control character
           "GET / HTTP/1.1\n",                  // no CR
           "GET / HTTP/1.1\r\nA: b\n",          // no CR
           "GET / HTTP/1.1\r\nA: b\rc\r\n",     // bare CR
           "GET / HTTP/1.1\r\nA: b\r\n c\r\n",  // obs-fold
           "GET / HTTP/1.1\r\n A: b\r\n",       // white space first
           "GET / HTTP/1.1\r\nA : b\r\n",       // white space before the colon
           "GET / HTTP/1.1\r\nA b\r\n",         // no colon
           "GET / HTTP/1.1\r\n: b\r\n",         // no name
           "GET / HTTP/1.1\r\nA\x80: b\r\n",    // no token
           "GET / HTTP/1.1\r\nA: b\x7F\r\n",    // a control character
           "\r\n\r\nGET / HTTP/1.1\r\n",        // two empty lines first
           "\n",
       }) {
    EXPECT_EQ(Parse(bytes), HeadStatus::kMalformed) << bytes;
  }
  EXPECT_EQ(Parse(std::string("GET / HTTP/1.1\r\nA: b\0c\r\n", 25)), HeadStatus::kMalformed);
}

TEST(HttpHead, EnforcesItsLimits) {
  HeadLimits limits;
  limits.max_size = 64;
  limits.max_headers = 2;
  EXPECT_EQ(Parse(std::string(65, 'a'), nullptr, nullptr, limits), HeadStatus::kTooLarge);
  EXPECT_EQ(Parse(std::string(64, 'a'), nullptr, nullptr, limits), HeadStatus::kIncomplete);
  EXPECT_EQ(
      Parse("GET / HTTP/1.1\r\nA: " + std::string(60, 'b') + "\r\n\r\n", nullptr, nullptr, limits),
      HeadStatus::kTooLarge);
  EXPECT_EQ(Parse("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\n\r\n", nullptr, nullptr, limits),
            HeadStatus::kComplete);
  EXPECT_EQ(Parse("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", nullptr, nullptr, limits),
            HeadStatus::kTooLarge);
}

TEST(HttpHead, FindsListElements) {
  EXPECT_TRUE(HasListElement("Upgrade", "upgrade"));
  EXPECT_TRUE(HasListElement("keep-alive ,\tUpGrade ", "upgrade"));
  EXPECT_FALSE(HasListElement("keep-alive, upgraded", "upgrade"));
  EXPECT_FALSE(HasListElement("", "upgrade"));
}

}  // namespace
}  // namespace wsuv::test
