// llhttp, the parser of Node's http module, as a second opinion on request heads. What is accepted
// here it must accept too, and find the same in it: two parsers that differ about a head are how
// requests are smuggled past a proxy.

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "llhttp.h"
#include "protocol/http_head.h"
#include "protocol/upgrade.h"
#include "support/script.h"

namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

// What llhttp finds in a head.
struct Found {
  bool is_complete = false;
  bool is_error = false;
  std::string target;
  Fields fields;
  int major = 0;
  int minor = 0;
};

Found& FoundOf(llhttp_t* parser) { return *static_cast<Found*>(parser->data); }

Found ParseByLlhttp(const std::string& bytes) {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_url = [](llhttp_t* parser, const char* at, size_t length) {
      FoundOf(parser).target.append(at, length);
      return 0;
    };
    made.on_header_field = [](llhttp_t* parser, const char* at, size_t length) {
      Fields& fields = FoundOf(parser).fields;
      if (fields.empty() || !fields.back().second.empty()) fields.emplace_back();
      fields.back().first.append(at, length);
      return 0;
    };
    made.on_header_field_complete = [](llhttp_t* parser) {
      // So that the next field is another one, also behind an empty value.
      FoundOf(parser).fields.back().second = ":";
      return 0;
    };
    made.on_header_value = [](llhttp_t* parser, const char* at, size_t length) {
      FoundOf(parser).fields.back().second.append(at, length);
      return 0;
    };
    made.on_headers_complete = [](llhttp_t* parser) {
      Found& found = FoundOf(parser);
      found.is_complete = true;
      found.major = parser->http_major;
      found.minor = parser->http_minor;
      return 2;  // There is no body, and no more to parse.
    };
    return made;
  }();
  Found found;
  llhttp_t parser;
  llhttp_init(&parser, HTTP_REQUEST, &settings);
  parser.data = &found;
  const llhttp_errno_t status = llhttp_execute(&parser, bytes.data(), bytes.size());
  found.is_error = !found.is_complete && status != HPE_OK;
  for (auto& field : found.fields) {
    field.second.erase(0, 1);
    // The white space behind a value is ours to take off, and Node's.
    while (!field.second.empty() && (field.second.back() == ' ' || field.second.back() == '\t')) {
      field.second.pop_back();
    }
  }
  return found;
}

// Lines that are right, wrong here and there, and what the fuzzer has made up.
std::string HeadOf(wsuv::test::Script& script) {
  static const std::string kPieces[] = {"GET / HTTP/1.1\r\n",
                                        "GET ",
                                        "/path?a=b#c",
                                        "http://host:80/",
                                        "*",
                                        " HTTP/1.1\r\n",
                                        " HTTP/1.0\r\n",
                                        "Host: a\r\n",
                                        "Upgrade: websocket\r\n",
                                        "Connection: Upgrade\r\n",
                                        "Connection: keep-alive, upgrade\r\n",
                                        "Sec-WebSocket-Version: 13\r\n",
                                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                                        "Content-Length: 0\r\n",
                                        "Content-Length: 5\r\n",
                                        "Transfer-Encoding: chunked\r\n",
                                        "Transfer-Encoding: gzip\r\n",
                                        "Empty:\r\n",
                                        "Spaces: \t a b \t\r\n",
                                        "\r\n",
                                        "\r",
                                        "\n",
                                        " ",
                                        ":",
                                        "CONNECT ",
                                        "POST "};
  std::string head;
  while (!script.empty()) {
    const uint8_t piece = script.Byte();
    if (piece < 4 * std::size(kPieces)) {
      head += kPieces[piece % std::size(kPieces)];
    } else {
      head += script.Text(piece % 16);
    }
  }
  return head + "\r\n\r\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  wsuv::test::Script script(data, size);
  const std::string bytes = HeadOf(script);
  wsuv::RequestHeadParser parser;
  if (parser.Parse(bytes, wsuv::HeadLimits()) != wsuv::HeadStatus::kComplete) return 0;
  const wsuv::RequestHead& head = parser.head();
  if (wsuv::CheckHead(head) == wsuv::UpgradeStatus::kMalformed) return 0;
  // Newer than the llhttp that there is.
  if (head.method == "QUERY") return 0;

  const Found found = ParseByLlhttp(bytes.substr(0, parser.size()));
  if (!found.is_complete || found.is_error) std::abort();
  if (found.target != head.target || found.major != 1 || found.minor != head.version_minor) {
    std::abort();
  }
  if (found.fields.size() != head.fields.size()) std::abort();
  for (size_t i = 0; i < head.fields.size(); i++) {
    if (found.fields[i].first != head.fields[i].name) std::abort();
    if (found.fields[i].second != head.fields[i].value) std::abort();
  }
  return 0;
}
