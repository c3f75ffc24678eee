#include "hot_paths.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

#include "protocol/base64.h"
#include "protocol/frame.h"
#include "protocol/http_head.h"
#include "protocol/mask.h"
#include "protocol/message_reader.h"
#include "protocol/sha1.h"
#include "protocol/upgrade.h"
#include "protocol/utf8.h"

namespace wsuv::bench {
namespace {

// Leaves ASCII letters ASCII, so that a frame can be read, and so unmasked in place, any number of
// times.
constexpr uint8_t kKey[] = {1, 2, 3, 4};

// Keeps what was computed from being optimised away.
template <typename T>
void Use(const T& value) {
  asm volatile("" : : "m"(value) : "memory");
}

void PlainUnmask(uint8_t* data, size_t size) {
  for (size_t i = 0; i < size; i++) data[i] ^= kKey[i & 3];
}

// By the table of well-formed sequences in RFC 3629, one character at a time.
bool PlainUtf8(const uint8_t* data, size_t size) {
  for (size_t i = 0; i < size;) {
    const uint8_t lead = data[i++];
    if (lead < 0x80) continue;
    if (lead < 0xC2 || lead > 0xF4) return false;
    const size_t more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    for (size_t j = 0; j < more; j++, i++) {
      if (i == size) return false;
      const uint8_t low = j > 0 ? 0x80 : lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
      const uint8_t high = j > 0 ? 0xBF : lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
      if (data[i] < low || data[i] > high) return false;
    }
  }
  return true;
}

class CountingSink final : public MessageSink {
 public:
  size_t messages = 0;
  Flow OnMessage(const Message& message) override {
    messages += message.data.size > 0 ? 1 : 0;
    return Flow::kContinue;
  }
  Flow OnPing(ByteView) override { return Flow::kContinue; }
  Flow OnPong(ByteView) override { return Flow::kContinue; }
  void OnClose(uint16_t, ByteView) override {}
  void OnError(ErrorCode, uint32_t) override { std::abort(); }
};

std::string MaskedFrame(Opcode opcode, std::string payload) {
  FrameHeader header;
  header.opcode = opcode;
  header.masking_key = kKey;
  uint8_t bytes[kMaxFrameHeaderSize];
  const size_t size = EncodeFrameHeader(header, payload.size(), bytes);
  MaskingKey(kKey).Apply(reinterpret_cast<uint8_t*>(payload.data()),
                         reinterpret_cast<const uint8_t*>(payload.data()), payload.size());
  return std::string(reinterpret_cast<char*>(bytes), size) + payload;
}

std::string Repeat(const std::string& text, size_t size) {
  std::string result;
  while (result.size() < size) result += text;
  result.resize(size);
  return result;
}

constexpr char kHead[] =
    "GET /chat?room=1 HTTP/1.1\r\n"
    "Host: server.example.com:8080\r\n"
    "Connection: Upgrade\r\n"
    "Pragma: no-cache\r\n"
    "Cache-Control: no-cache\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36\r\n"
    "Upgrade: websocket\r\n"
    "Origin: http://example.com\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    "\r\n";

class Paths {
 public:
  void Add(std::string name, size_t bytes, std::function<void()> run) {
    paths_.push_back({std::move(name), bytes, std::move(run)});
  }
  void AddBaseline(std::string name, size_t bytes, std::function<void()> run) {
    paths_.push_back({std::move(name), bytes, std::move(run), true});
  }
  std::vector<HotPath> Take() { return std::move(paths_); }

 private:
  std::vector<HotPath> paths_;
};

void AddUnmask(Paths& paths) {
  for (const size_t size : {20, 1024, 16384}) {
    const auto data = std::make_shared<std::string>(Repeat("abcdefgh", size));
    auto* bytes = reinterpret_cast<uint8_t*>(data->data());
    paths.Add("unmask/" + std::to_string(size), size, [data, bytes, size] {
      MaskingKey(kKey).Apply(bytes, bytes, size);
      Use(*bytes);
    });
    paths.AddBaseline("unmask/" + std::to_string(size) + "/plain", size, [data, bytes, size] {
      PlainUnmask(bytes, size);
      Use(*bytes);
    });
  }
}

void AddUtf8(Paths& paths) {
  const std::pair<const char*, std::string> texts[] = {
      {"ascii", Repeat("plain text ", 1024)},
      {"mixed", Repeat("gr\xC3\xBC\xC3\x9F ", 1024 / 8 * 8)},
      {"japanese", Repeat("\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", 1026)}};
  for (const auto& [name, text] : texts) {
    const std::string title = std::string("utf8/") + name;
    const size_t size = text.size();
    const auto copy = std::make_shared<std::string>(text);
    const auto* bytes = reinterpret_cast<const uint8_t*>(copy->data());
    paths.Add(title, size, [copy, bytes, size] {
      Utf8Validator validator;
      if (!validator.Push(bytes, size)) std::abort();
    });
    paths.AddBaseline(title + "/plain", size, [copy, bytes, size] {
      if (!PlainUtf8(bytes, size)) std::abort();
    });
  }
}

void AddReader(Paths& paths) {
  const std::pair<std::string, std::string> inputs[] = {
      {"32 binary messages of 20 bytes",
       Repeat(MaskedFrame(Opcode::kBinary, Repeat("b", 20)), 32 * 26)},
      {"32 text messages of 20 bytes",
       Repeat(MaskedFrame(Opcode::kText, Repeat("t", 20)), 32 * 26)},
      {"a binary message of 16 KiB", MaskedFrame(Opcode::kBinary, Repeat("b", 16384))}};
  for (const auto& [name, input] : inputs) {
    const auto bytes = std::make_shared<std::string>(input);
    const auto reader = std::make_shared<MessageReader>(Role::kServer);
    const auto sink = std::make_shared<CountingSink>();
    paths.Add("read/" + name, input.size(), [bytes, reader, sink] {
      reader->Read(reinterpret_cast<uint8_t*>(bytes->data()), bytes->size(), ReaderLimits(), *sink);
    });
  }
}

}  // namespace

std::vector<HotPath> HotPaths() {
  Paths paths;
  AddUnmask(paths);
  AddUtf8(paths);
  AddReader(paths);
  for (const size_t size : {20, 1024, 1048576}) {
    paths.Add("frame header/" + std::to_string(size), 0, [size] {
      FrameHeader header;
      uint8_t bytes[kMaxFrameHeaderSize];
      Use(EncodeFrameHeader(header, size, bytes));
    });
  }
  paths.Add("handshake/head", sizeof(kHead) - 1, [] {
    RequestHeadParser parser;
    if (parser.Parse(kHead, HeadLimits()) != HeadStatus::kComplete) std::abort();
    if (CheckHead(parser.head()) != UpgradeStatus::kValid) std::abort();
  });
  paths.Add("handshake/accept value", 0, [] { Use(AcceptValue("dGhlIHNhbXBsZSBub25jZQ==")); });
  return paths.Take();
}

}  // namespace wsuv::bench
