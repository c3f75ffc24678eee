// Attacks a server in one way, until it is killed. Now and then it prints how many messages,
// requests or connections there were so far.
//
//   attacker PORT KIND [FILE]
//
// KIND is
//   messages, pongs   a flood of them, with one byte each;
//   pings           on 20 connections, 50 at a time: as many as a server answers;
//   ping-floods     more than a server answers, which closes the connection: then on another one;
//   fragments       messages of 1,000 fragments of one byte;
//   bombs           compressed messages: FILE has what the payload of each is;
//   large           messages of 100 MB, one after the other, each echoed;
//   slow-heads      500 requests that never end;
//   blank-heads     requests with 7,000 blanks within values of their header fields;
//   storm           connections that are opened and dropped, 300 at a time;
//   slow-readers    50 connections that read nothing of what is broadcast;
//   none            nothing.

#include <cstdio>
#include <memory>
#include <string>

#include "attacks.h"

namespace {

constexpr size_t kLarge = 100'000'000;
constexpr uint64_t kReportEvery = 20'000'000;  // Nanoseconds.

std::string Repeat(const std::string& what, int times) {
  std::string all;
  for (int i = 0; i < times; i++) all += what;
  return all;
}

std::string Fragments(int count) {
  return load::MakeFrame(load::kFirstFragment, "f") +
         Repeat(load::MakeFrame(load::kNextFragment, "f"), count - 2) +
         load::MakeFrame(load::kLastFragment, "f");
}

std::string BlankHead() {
  const std::string value = "a" + std::string(7000, ' ') + "b";
  std::string request = load::UpgradeRequest("/", false);
  request.resize(request.size() - 2);
  return request + "X-Blanks: " + value + "\r\nSec-WebSocket-Protocol: " + value + "\r\n\r\n";
}

class Nothing final : public load::Attack {
 public:
  Nothing() : Attack(0) {}
  void Step() override { Wait(10); }
};

std::unique_ptr<load::Attack> Make(int port, const std::string& kind, const char* file) {
  const auto flood = [port](const std::string& what, int times, bool compressed = false) {
    return std::make_unique<load::Flood>(port, "/quiet", compressed, Repeat(what, times),
                                         static_cast<uint64_t>(times));
  };
  if (kind == "messages") return flood(load::MakeFrame(load::kBinary, "m"), 10000);
  if (kind == "ping-floods") return flood(load::MakeFrame(load::kPing, "p"), 10000);
  if (kind == "pongs") return flood(load::MakeFrame(load::kPong, "p"), 10000);
  if (kind == "fragments") return flood(Fragments(1000), 10);
  if (kind == "bombs" && file != nullptr) {
    return flood(load::MakeFrame(load::kCompressedText, load::ReadPayload(file)), 200, true);
  }
  if (kind == "pings") {
    const std::string block = Repeat(load::MakeFrame(load::kPing, "p"), 50);
    // A pong has no masking key.
    return std::make_unique<load::Exchange>(port, 20, block, 50, block.size() - 50 * 4);
  }
  if (kind == "large") {
    const std::string frame = load::MakeFrame(load::kBinary, std::string(kLarge, 'l'));
    return std::make_unique<load::Exchange>(port, 1, frame, 1, frame.size() - 4);
  }
  if (kind == "slow-heads") return std::make_unique<load::SlowHeads>(port, 500);
  if (kind == "blank-heads") return std::make_unique<load::Requests>(port, BlankHead());
  if (kind == "storm") return std::make_unique<load::ConnectStorm>(port, 300);
  if (kind == "slow-readers") return std::make_unique<load::SlowReaders>(port, 50);
  if (kind == "none") return std::make_unique<Nothing>();
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  std::unique_ptr<load::Attack> attack;
  if (argc == 3 || argc == 4) {
    attack = Make(std::atoi(argv[1]), argv[2], argc == 4 ? argv[3] : nullptr);
  }
  if (attack == nullptr) {
    std::fprintf(stderr, "usage: attacker PORT KIND [FILE]\n");
    return 2;
  }
  uint64_t next_report = 0;
  for (;;) {
    attack->Step();
    const uint64_t now = load::Nanoseconds();
    if (now < next_report) continue;
    std::printf("%llu\n", static_cast<unsigned long long>(attack->units()));
    std::fflush(stdout);
    next_report = now + kReportEvery;
  }
}
