#include "protocol/message_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "support/frames.h"
#include "support/recording_sink.h"
#include "support/reference_reader.h"

namespace wsuv::test {
namespace {

using Events = std::vector<std::string>;

// Whole, and split into pieces of every size, without a stop and with one at each event: the events
// must be the same.
void ExpectEvents(Role role, const std::string& bytes, const Events& expected,
                  const ReaderLimits& limits = {}) {
  for (size_t piece = 0; piece <= bytes.size() && piece < 300; piece++) {
    for (const bool stop : {false, true}) {
      EXPECT_EQ(ReadInPieces(role, bytes, piece, limits, false, stop), expected)
          << "in pieces of " << piece << (stop ? " with stops" : "");
    }
  }
}

std::string Error(const std::string& name, int detail = 0) {
  return "error WS_ERR_" + name + " " + std::to_string(detail);
}

// RFC 6455 5.7.
TEST(MessageReader, ReadsTheExamplesOfTheRfc) {
  ExpectEvents(Role::kClient, "\x81\x05Hello", {"text Hello"});
  ExpectEvents(Role::kServer, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", {"text Hello"});
  ExpectEvents(Role::kClient, std::string("\x01\x03Hel\x80\x02lo", 9), {"text Hello | 3 5"});
  ExpectEvents(Role::kClient, "\x89\x05Hello", {"ping Hello"});
  ExpectEvents(Role::kServer, "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", {"pong Hello"});
  const std::string medium(256, 'x');
  ExpectEvents(Role::kClient, std::string("\x82\x7E\x01\x00", 4) + medium, {"binary " + medium});
}

TEST(MessageReader, ReadsEveryLengthAroundTheBoundariesInEveryForm) {
  for (const Role role : {Role::kServer, Role::kClient}) {
    for (const size_t size : {0, 1, 124, 125, 126, 127, 128, 65534, 65535, 65536, 65537}) {
      const std::string payload(size, 'p');
      for (const int length_bytes : {0, 2, 8}) {
        if ((length_bytes == 0 && size > 125) || (length_bytes == 2 && size > 65535)) continue;
        FrameSpec spec;
        spec.masked = role == Role::kServer;
        spec.length_bytes = length_bytes;
        const std::string frame = MakeFrame(spec, payload);
        for (const size_t piece : {size_t{0}, size_t{1}, size_t{3}, size_t{4096}}) {
          EXPECT_EQ(ReadInPieces(role, frame, piece), Events{"binary " + payload});
        }
      }
    }
  }
}

TEST(MessageReader, TakesControlFramesBetweenFragments) {
  const std::string bytes =
      MakeFrame(Opcode::kText, "one ", false) + MakeFrame(Opcode::kPing, "p") +
      MakeFrame(Opcode::kContinuation, "", false) + MakeFrame(Opcode::kPong, "") +
      MakeFrame(Opcode::kContinuation, "two") + MakeFrame(Opcode::kBinary, "");
  ExpectEvents(Role::kServer, bytes, {"ping p", "pong ", "text one two | 4 7", "binary "});
}

TEST(MessageReader, DeliversWhatCameBeforeAnError) {
  ExpectEvents(Role::kServer,
               MakeFrame(Opcode::kText, "fine") + MakeFrame(Opcode::kContinuation, "x"),
               {"text fine", Error("INVALID_OPCODE", 0)});
}

TEST(MessageReader, RefusesReservedBits) {
  for (int rsv = 1; rsv < 8; rsv++) {
    FrameSpec spec;
    spec.rsv = static_cast<uint8_t>(rsv);
    ExpectEvents(Role::kServer, MakeFrame(spec, "a"),
                 {Error((rsv & 3) != 0 ? "UNEXPECTED_RSV_2_3" : "UNEXPECTED_RSV_1")});
  }
}

TEST(MessageReader, RefusesReservedOpcodes) {
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    FrameSpec spec;
    spec.opcode = static_cast<uint8_t>(opcode);
    ExpectEvents(Role::kServer, MakeFrame(spec, "a"), {Error("INVALID_OPCODE", opcode)});
  }
}

TEST(MessageReader, RefusesFragmentsOutOfPlace) {
  ExpectEvents(Role::kServer, MakeFrame(Opcode::kContinuation, "a"), {Error("INVALID_OPCODE", 0)});
  ExpectEvents(Role::kServer,
               MakeFrame(Opcode::kText, "a", false) + MakeFrame(Opcode::kBinary, "b"),
               {Error("INVALID_OPCODE", 2)});
}

TEST(MessageReader, RefusesBadControlFrames) {
  ExpectEvents(Role::kServer, MakeFrame(Opcode::kPing, "a", false), {Error("EXPECTED_FIN")});
  ExpectEvents(Role::kServer, MakeFrame(Opcode::kPing, std::string(126, 'a')),
               {Error("INVALID_CONTROL_PAYLOAD_LENGTH", 126)});
  ExpectEvents(Role::kServer, MakeFrame(Opcode::kClose, "a"),
               {Error("INVALID_CONTROL_PAYLOAD_LENGTH", 1)});
}

TEST(MessageReader, WantsAMaskFromClientsAndNoneFromServers) {
  ExpectEvents(Role::kServer, MakeFrame(Opcode::kText, "a", true, false), {Error("EXPECTED_MASK")});
  ExpectEvents(Role::kClient, MakeFrame(Opcode::kText, "a", true, true),
               {Error("UNEXPECTED_MASK")});
}

TEST(MessageReader, ReadsEveryCloseCodeAsTheRegistryHasIt) {
  for (uint32_t code = 0; code <= 0xFFFF; code++) {
    const std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code)};
    const Events events = ReadInPieces(Role::kServer, MakeFrame(Opcode::kClose, payload), 0);
    const bool valid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                       (code >= 3000 && code <= 4999);
    const std::string number = std::to_string(code);
    ASSERT_EQ(events, Events{valid ? "close " + number + " "
                                   : "error WS_ERR_INVALID_CLOSE_CODE " + number});
  }
}

TEST(MessageReader, EndsWithTheCloseFrame) {
  ExpectEvents(Role::kServer,
               MakeFrame(Opcode::kClose, std::string("\x03\xE8", 2) + "bye") +
                   MakeFrame(Opcode::kText, "late"),
               {"close 1000 bye"});
  ExpectEvents(Role::kServer, MakeFrame(Opcode::kClose, ""), {"close 1005 "});
  ExpectEvents(Role::kServer, MakeFrame(Opcode::kClose, std::string("\x03\xE8\xFF", 3)),
               {Error("INVALID_UTF8")});
}

TEST(MessageReader, TakesAnyReasonWhereUtf8IsNotChecked) {
  ReaderLimits lax;
  lax.skip_utf8_validation = true;
  ExpectEvents(Role::kServer, MakeFrame(Opcode::kClose, std::string("\x03\xE8\xFF", 3)),
               {"close 1000 \xFF"}, lax);
}

TEST(MessageReader, HoldsNothingBehindACloseFrame) {
  std::string bytes = MakeFrame(Opcode::kText, "unfinished", false) + MakeFrame(Opcode::kClose, "");
  MessageReader reader(Role::kServer);
  RecordingSink sink;
  reader.Read(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size(), {}, sink);
  EXPECT_EQ(sink.events, Events{"close 1005 "});
  EXPECT_EQ(reader.HeldBytes(), 0u);
}

TEST(MessageReader, SwallowsWhatFollowsItsEnd) {
  const std::string ends[] = {MakeFrame(Opcode::kClose, ""), MakeFrame(Opcode::kText, "\xFF"),
                              MakeFrame(Opcode::kBinary, "too long")};
  ReaderLimits limits;
  limits.max_payload = 7;
  for (const std::string& end : ends) {
    std::string bytes = MakeFrame(Opcode::kText, "a") + end + MakeFrame(Opcode::kText, "late");
    MessageReader reader(Role::kServer);
    RecordingSink sink;
    const Progress progress =
        reader.Read(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size(), limits, sink);
    EXPECT_EQ(progress.used, bytes.size());
    EXPECT_EQ(progress.flow, Flow::kContinue);
    EXPECT_EQ(sink.events.size(), 2u);
  }
}

TEST(MessageReader, RefusesUtf8AtTheFirstBadByteOfAnUnfinishedFrame) {
  const std::string frame = MakeFrame(Opcode::kText, std::string("ab\xC0") + std::string(50, 'x'));
  const size_t header = 6;
  EXPECT_EQ(ReadInPieces(Role::kServer, frame.substr(0, header + 2), 0), Events{});
  EXPECT_EQ(ReadInPieces(Role::kServer, frame.substr(0, header + 3), 0),
            Events{Error("INVALID_UTF8")});
  EXPECT_EQ(ReadInPieces(Role::kServer, frame.substr(0, header + 3), 1),
            Events{Error("INVALID_UTF8")});
}

TEST(MessageReader, ChecksUtf8AcrossFragments) {
  const std::string text = "\xE2\x82\xAC";
  ExpectEvents(Role::kServer,
               MakeFrame(Opcode::kText, text.substr(0, 1), false) +
                   MakeFrame(Opcode::kContinuation, text.substr(1)),
               {"text " + text + " | 1 3"});
  ExpectEvents(Role::kServer, MakeFrame(Opcode::kText, text.substr(0, 2)), {Error("INVALID_UTF8")});
  ReaderLimits lax;
  lax.skip_utf8_validation = true;
  ExpectEvents(Role::kServer, MakeFrame(Opcode::kText, "\xFF"), {"text \xFF"}, lax);
}

TEST(MessageReader, EnforcesThePayloadLimitFromTheHeaderOn) {
  ReaderLimits limits;
  limits.max_payload = 10;
  ExpectEvents(Role::kServer, MakeFrame(Opcode::kBinary, "0123456789"), {"binary 0123456789"},
               limits);
  const std::string frame = MakeFrame(Opcode::kBinary, "0123456789a");
  EXPECT_EQ(ReadInPieces(Role::kServer, frame.substr(0, 2), 0, limits),
            Events{Error("UNSUPPORTED_MESSAGE_LENGTH")});
  ExpectEvents(Role::kServer, frame, {Error("UNSUPPORTED_MESSAGE_LENGTH")}, limits);
  ExpectEvents(
      Role::kServer,
      MakeFrame(Opcode::kBinary, "01234", false) + MakeFrame(Opcode::kContinuation, "567890"),
      {Error("UNSUPPORTED_MESSAGE_LENGTH")}, limits);
}

TEST(MessageReader, RefusesLengthsThatNothingCanHold) {
  for (const char top : {'\x00', '\x7F', '\x80', '\xFF'}) {
    std::string header = "\x82\xFF";
    header += top;
    header += top == '\0' ? std::string("\x20\0\0\0\0\0\0", 7) : std::string(7, '\xFF');
    ReaderLimits unlimited;
    unlimited.max_payload = 0;
    ExpectEvents(Role::kServer, header, {Error("UNSUPPORTED_DATA_PAYLOAD_LENGTH")}, unlimited);
  }
}

TEST(MessageReader, LimitsFragmentsAndChunks) {
  ReaderLimits limits;
  limits.max_fragments = 2;
  std::string bytes =
      MakeFrame(Opcode::kText, "a", false) + MakeFrame(Opcode::kContinuation, "b", false);
  EXPECT_EQ(ReadInPieces(Role::kServer, bytes, 0, limits), Events{});
  ExpectEvents(Role::kServer, bytes + MakeFrame(Opcode::kContinuation, "c"),
               {Error("TOO_MANY_BUFFERED_PARTS")}, limits);

  ReaderLimits chunks;
  chunks.max_buffered_chunks = 3;
  const std::string frame = MakeFrame(Opcode::kBinary, "0123456789");
  EXPECT_EQ(ReadInPieces(Role::kServer, frame, 4, chunks), Events{"binary 0123456789"});
  EXPECT_EQ(ReadInPieces(Role::kServer, frame, 1, chunks),
            Events{Error("TOO_MANY_BUFFERED_PARTS")});
}

TEST(MessageReader, HoldsNoMoreThanTheLimitAndAConstant) {
  ReaderLimits limits;
  limits.max_payload = 1024 * 1024;
  limits.max_fragments = 0;
  MessageReader reader(Role::kServer);
  RecordingSink sink;
  std::string first = MakeFrame(Opcode::kBinary, "x", false);
  const std::string next = MakeFrame(Opcode::kContinuation, "x", false);
  reader.Read(reinterpret_cast<uint8_t*>(first.data()), first.size(), limits, sink);
  size_t most = 0;
  for (int i = 0; i < 2 * 1024 * 1024 && sink.events.empty(); i++) {
    std::string frame = next;
    reader.Read(reinterpret_cast<uint8_t*>(frame.data()), frame.size(), limits, sink);
    most = std::max(most, reader.HeldBytes());
  }
  EXPECT_EQ(sink.events, Events{Error("TOO_MANY_BUFFERED_PARTS")});
  EXPECT_LE(most, limits.max_payload + 512 * 1024);
  EXPECT_EQ(reader.HeldBytes(), 0u);
}

TEST(MessageReader, DoesNotAllocateWhatAHeaderOnlyClaims) {
  MessageReader reader(Role::kServer);
  RecordingSink sink;
  FrameSpec spec;
  std::string frame = MakeFrame(spec, std::string(50 * 1024 * 1024, 'x')).substr(0, 1000);
  reader.Read(reinterpret_cast<uint8_t*>(frame.data()), frame.size(), {}, sink);
  EXPECT_LE(reader.HeldBytes(), 4096u);
}

TEST(MessageReader, HoldsNoMoreOfALastFrameThanItSays) {
  const size_t size = 100'000;
  for (const Opcode opcode : {Opcode::kBinary, Opcode::kContinuation}) {
    std::string bytes = opcode == Opcode::kBinary ? "" : MakeFrame(Opcode::kBinary, "x", false);
    const size_t length = size + (bytes.empty() ? 0 : 1);
    bytes += MakeFrame(opcode, std::string(size, 'x'));
    MessageReader reader(Role::kServer);
    RecordingSink sink;
    size_t most = 0;
    for (char& byte : bytes) {
      reader.Read(reinterpret_cast<uint8_t*>(&byte), 1, {}, sink);
      most = std::max(most, reader.HeldBytes());
    }
    EXPECT_EQ(sink.events.size(), 1u);
    EXPECT_GE(most, length);
    EXPECT_LE(most, length + 1024);
  }
}

TEST(MessageReader, HoldsNothingBetweenMessages) {
  MessageReader reader(Role::kServer);
  RecordingSink sink;
  std::string bytes = MakeFrame(Opcode::kText, "a", false) + MakeFrame(Opcode::kPing, "p") +
                      MakeFrame(Opcode::kContinuation, "b");
  for (char& byte : bytes) reader.Read(reinterpret_cast<uint8_t*>(&byte), 1, {}, sink);
  EXPECT_EQ(sink.events.size(), 2u);
  EXPECT_EQ(reader.HeldBytes(), 0u);
}

TEST(MessageReader, ReadsLargePayloadsThroughTheDirectWindow) {
  for (const bool text : {false, true}) {
    const std::string payload(1024 * 1024 + 7, 'w');
    const std::string bytes = MakeFrame(text ? Opcode::kText : Opcode::kBinary, payload);
    const ReaderLimits limits;
    MessageReader reader(Role::kServer);
    RecordingSink sink;
    const size_t direct = ReadAsATransport(reader, bytes, 40000, limits, sink);
    EXPECT_GT(direct, 10u);
    EXPECT_EQ(sink.events, Events{(text ? "text " : "binary ") + payload});
    EXPECT_EQ(reader.HeldBytes(), 0u);
  }
}

TEST(MessageReader, ReadsTheSecondHalfOfAPayloadStraightToWhereTheSinkWantsIt) {
  const std::string payload(1024 * 1024 + 7, 'w');
  MessageReader reader(Role::kServer);
  ProvidingSink sink;
  EXPECT_GT(ReadAsATransport(reader, MakeFrame(Opcode::kBinary, payload), 40000, {}, sink), 10u);
  EXPECT_EQ(sink.events, Events{"binary " + payload});
  EXPECT_EQ(sink.allocated, 1u);
}

TEST(MessageReader, HasAWindowOnceMuchHasComeAndOnlyForWhatIsToCome) {
  for (const bool fin : {true, false}) {
    std::string bytes = MakeFrame(Opcode::kBinary, std::string(330000, 'w'), fin);
    auto* data = reinterpret_cast<uint8_t*>(bytes.data());
    MessageReader reader(Role::kServer);
    RecordingSink sink;
    size_t windows = 0;
    for (size_t at = 0; at < bytes.size(); at += 1000) {
      const ReadWindow window = reader.DirectWindow({});
      EXPECT_LE(window.size, bytes.size() - at);
      if (window.size > 0) {
        windows++;
        EXPECT_GT(at, 64 * 1024u);
      }
      reader.Read(data + at, std::min<size_t>(1000, bytes.size() - at), {}, sink);
    }
    EXPECT_GT(windows, 100u);
  }
}

TEST(MessageReader, PutsMessagesWhereTheSinkWantsThem) {
  for (const size_t size : {511, 512, 16384, 16385, 300007}) {
    for (const size_t piece : {1000, 40000, 1000000}) {
      for (const Opcode opcode : {Opcode::kText, Opcode::kBinary}) {
        std::string payload;
        while (payload.size() < size) payload += static_cast<char>('a' + payload.size() % 25);
        MessageReader reader(Role::kServer);
        ProvidingSink sink;
        ReadAsATransport(reader, MakeFrame(opcode, payload), piece, {}, sink);
        EXPECT_EQ(sink.events, Events{(opcode == Opcode::kText ? "text " : "binary ") + payload});
        EXPECT_EQ(sink.placed, size >= 512 && size <= 16384 && size < piece ? 1u : 0u) << size;
        EXPECT_EQ(sink.allocated, size > 16384 ? 1u : 0u) << size;
      }
    }
  }
}

// It is not what the sink's users get.
TEST(MessageReader, PutsNoCompressedMessageWhereTheSinkWantsMessages) {
  FrameSpec spec;
  spec.rsv = 4;
  MessageReader reader(Role::kServer);
  reader.set_rsv1_allowed(true);
  ProvidingSink sink;
  const std::string payload(1000, 'c');
  ReadAsATransport(reader, MakeFrame(spec, payload), 100000, {}, sink);
  EXPECT_EQ(sink.events, Events{"compressed binary " + payload});
  EXPECT_EQ(sink.placed, 0u);
}

TEST(MessageReader, TellsOfEachTextWhetherItIsAscii) {
  MessageReader reader(Role::kServer);
  class AsciiSink final : public RecordingSink {
   public:
    Flow OnMessage(const Message& message) override {
      is_ascii.push_back(message.ascii);
      return RecordingSink::OnMessage(message);
    }
    std::vector<bool> is_ascii;
  } sink;
  std::string bytes = MakeFrame(Opcode::kText, "a") + MakeFrame(Opcode::kText, "\u00e4") +
                      MakeFrame(Opcode::kText, "a") + MakeFrame(Opcode::kText, "\u00e4", false) +
                      MakeFrame(Opcode::kContinuation, "a") + MakeFrame(Opcode::kText, "a") +
                      MakeFrame(Opcode::kText, "a", false) + MakeFrame(Opcode::kContinuation, "a");
  reader.Read(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size(), {}, sink);
  EXPECT_EQ(sink.is_ascii, (std::vector<bool>{true, false, true, false, true, true}));
}

TEST(MessageReader, PutsFragmentsWhereTheSinkWantsThem) {
  const std::string part(20000, 'p');
  const std::string bytes = MakeFrame(Opcode::kText, part, false) +
                            MakeFrame(Opcode::kPing, "between") +
                            MakeFrame(Opcode::kContinuation, part);
  for (const size_t piece : {7, 1000, 1000000}) {
    MessageReader reader(Role::kServer);
    ProvidingSink sink;
    ReadAsATransport(reader, bytes, piece, {}, sink);
    EXPECT_EQ(sink.events, (Events{"ping between", "text " + part + part + " | 20000 40000"}));
    EXPECT_EQ(sink.allocated, 1u);
  }
}

TEST(MessageReader, AsksForNoMoreThanTwiceWhatHasCome) {
  const size_t size = 10 * 1024 * 1024;
  const std::string bytes = MakeFrame(Opcode::kBinary, std::string(size, 'x'));
  MessageReader reader(Role::kServer);
  ProvidingSink sink;
  ReadAsATransport(reader, bytes.substr(0, size / 2 - 100), 100000, {}, sink);
  EXPECT_EQ(sink.largest, 0u);
  ReadAsATransport(reader, bytes.substr(size / 2 - 100), 100000, {}, sink);
  EXPECT_EQ(sink.largest, size);
  EXPECT_EQ(sink.allocated, 1u);
}

TEST(MessageReader, AsksOnceForMemoryThatThereIsNot) {
  const std::string payload(1000000, 'x');
  MessageReader reader(Role::kServer);
  ProvidingSink sink;
  sink.has_none = true;
  ReadAsATransport(reader, MakeFrame(Opcode::kBinary, payload), 1000, {}, sink);
  EXPECT_EQ(sink.events, Events{"binary " + payload});
  EXPECT_EQ(sink.asked, 1u);
}

TEST(MessageReader, GivesUpThePlaceOfInvalidText) {
  for (const size_t size : {600, 20000}) {
    ProvidingSink sink;
    MessageReader reader(Role::kServer);
    ReadAsATransport(reader, MakeFrame(Opcode::kText, std::string(size, '\xFF')), 1000000, {},
                     sink);
    EXPECT_EQ(sink.events, Events{Error("INVALID_UTF8")});
    EXPECT_EQ(reader.HeldBytes(), 0u);
  }
}

TEST(MessageReader, StopsWhereTheSinkSaysSo) {
  std::string bytes =
      MakeFrame(Opcode::kText, "a") + MakeFrame(Opcode::kPing, "b") + MakeFrame(Opcode::kText, "c");
  MessageReader reader(Role::kServer);
  RecordingSink sink;
  sink.stop_after_each = true;
  size_t at = 0;
  for (size_t calls = 1; at < bytes.size(); calls++) {
    const Progress progress =
        reader.Read(reinterpret_cast<uint8_t*>(bytes.data()) + at, bytes.size() - at, {}, sink);
    at += progress.used;
    sink.is_stopped = false;
    ASSERT_EQ(progress.flow, Flow::kStop);
    ASSERT_EQ(sink.events.size(), calls);
  }
  EXPECT_EQ(sink.events, (Events{"text a", "ping b", "text c"}));
}

TEST(MessageReader, SaysThatItWasStoppedWhereNothingIsLeft) {
  std::string bytes = MakeFrame(Opcode::kText, "a");
  MessageReader reader(Role::kServer);
  RecordingSink sink;
  sink.stop_after_each = true;
  const Progress progress =
      reader.Read(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size(), {}, sink);
  EXPECT_EQ(progress.used, bytes.size());
  EXPECT_EQ(progress.flow, Flow::kStop);
}

TEST(MessageReader, StopsBehindAMessageThatWasReadDirectly) {
  const std::string payload(1024 * 1024, 'w');
  std::string bytes = MakeFrame(Opcode::kBinary, payload);
  for (const bool stop : {false, true}) {
    std::string copy = bytes;
    MessageReader reader(Role::kServer);
    RecordingSink sink;
    sink.stop_after_each = stop;
    size_t at = 100000;
    reader.Read(reinterpret_cast<uint8_t*>(copy.data()), at, {}, sink);
    Flow flow = Flow::kContinue;
    while (at < copy.size()) {
      EXPECT_EQ(flow, Flow::kContinue);
      const ReadWindow window = reader.DirectWindow({});
      if (window.size == 0) {
        const Progress rest =
            reader.Read(reinterpret_cast<uint8_t*>(copy.data()) + at, copy.size() - at, {}, sink);
        at += rest.used;
        flow = rest.flow;
        continue;
      }
      const size_t count = std::min(window.size, copy.size() - at);
      std::memcpy(window.data, copy.data() + at, count);
      at += count;
      flow = reader.ReadDirect(count, {}, sink);
    }
    EXPECT_EQ(flow, stop ? Flow::kStop : Flow::kContinue);
    EXPECT_EQ(sink.events, Events{"binary " + payload});
  }
}

TEST(MessageReader, EndsOnAnErrorInBytesThatWereReadDirectly) {
  std::string bytes = MakeFrame(Opcode::kText, std::string(1024 * 1024, 'w'));
  MessageReader reader(Role::kServer);
  RecordingSink sink;
  reader.Read(reinterpret_cast<uint8_t*>(bytes.data()), 100000, {}, sink);
  const ReadWindow window = reader.DirectWindow({});
  ASSERT_GT(window.size, 0u);
  std::memset(window.data, 0x00, window.size);  // The key's bytes, which are no text.
  reader.ReadDirect(window.size, {}, sink);
  EXPECT_EQ(sink.events, Events{Error("INVALID_UTF8")});
  EXPECT_EQ(reader.DirectWindow({}).size, 0u);
  EXPECT_EQ(reader.HeldBytes(), 0u);
}

TEST(MessageReader, EndsWhereTheSinkStopsItInTheMiddleOfACall) {
  struct StoppingSink final : RecordingSink {
    MessageReader* reader = nullptr;
    Flow OnMessage(const Message& message) override {
      reader->Stop();
      return RecordingSink::OnMessage(message);
    }
    Flow OnPing(ByteView payload) override {
      reader->Stop();
      return RecordingSink::OnPing(payload);
    }
  };
  const std::string firsts[] = {
      MakeFrame(Opcode::kText, "a"), MakeFrame(Opcode::kPing, "a"),
      MakeFrame(Opcode::kText, "a", false) + MakeFrame(Opcode::kContinuation, "b")};
  for (const std::string& first : firsts) {
    const std::string bytes = first + MakeFrame(Opcode::kText, "late");
    for (size_t piece = 1; piece <= bytes.size(); piece++) {
      std::string copy = bytes;
      StoppingSink sink;
      MessageReader reader(Role::kServer);
      sink.reader = &reader;
      for (size_t at = 0; at < copy.size(); at += piece) {
        const size_t size = std::min(piece, copy.size() - at);
        EXPECT_EQ(reader.Read(reinterpret_cast<uint8_t*>(copy.data()) + at, size, {}, sink).used,
                  size);
      }
      EXPECT_EQ(sink.events.size(), 1u);
      EXPECT_EQ(reader.HeldBytes(), 0u);
    }
  }
}

TEST(MessageReader, AllowsRsv1OnlyOnTheFirstFrameWhereNegotiated) {
  FrameSpec first;
  first.rsv = 4;
  first.fin = false;
  FrameSpec second;
  second.opcode = 0;
  second.rsv = 4;
  EXPECT_EQ(
      ReadInPieces(Role::kServer, MakeFrame(first, "a") + MakeFrame(second, "b"), 0, {}, true),
      Events{Error("UNEXPECTED_RSV_1")});
}

TEST(MessageReader, AMessageIsCompressedWhereItsFirstFrameSaysSo) {
  FrameSpec first;
  first.rsv = 4;
  first.fin = false;
  const std::string bytes = MakeFrame(first, "a") + MakeFrame(Opcode::kContinuation, "b", false) +
                            MakeFrame(Opcode::kContinuation, "c") +
                            MakeFrame(Opcode::kBinary, "d", false) +
                            MakeFrame(Opcode::kContinuation, "e");
  for (size_t piece = 0; piece <= bytes.size(); piece++) {
    EXPECT_EQ(ReadInPieces(Role::kServer, bytes, piece, {}, true),
              (Events{"compressed binary abc | 1 2 3", "binary de | 1 2"}));
  }
}

// Frames of every kind, right and wrong, against a second implementation.
TEST(MessageReader, AgreesWithAPlainReferenceOnRandomStreams) {
  std::mt19937 random(20261120);
  for (int round = 0; round < 4000; round++) {
    const Role role = random() % 2 == 0 ? Role::kServer : Role::kClient;
    std::string bytes;
    for (size_t frames = random() % 6 + 1; frames > 0; frames--) {
      FrameSpec spec;
      static constexpr uint8_t kOpcodes[] = {0, 0, 1, 1, 2, 8, 9, 10};
      spec.opcode = kOpcodes[random() % 8];
      spec.fin = random() % 3 != 0 || spec.opcode >= 8;
      spec.masked = role == Role::kServer;
      std::string payload;
      for (size_t i = random() % (random() % 8 == 0 ? 300 : 12); i > 0; i--) {
        payload += random() % 6 == 0 ? "\xC3\xA9" : "z";
      }
      if (spec.opcode >= 8) payload.resize(std::min<size_t>(payload.size(), 125));
      bytes += MakeFrame(spec, payload);
    }
    if (random() % 2 == 0) bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    const Events expected = ReferenceRead(role, bytes);
    ASSERT_EQ(ReadInPieces(role, bytes, 0), expected) << "round " << round;
    const size_t piece = random() % 20 + 1;
    ASSERT_EQ(ReadInPieces(role, bytes, piece), expected) << "round " << round;
    ASSERT_EQ(ReadInPieces(role, bytes, piece, {}, false, true), expected) << "round " << round;
  }
}

}  // namespace
}  // namespace wsuv::test
