// Loads a server: opens connections, keeps a number of messages in flight, and measures. Prints
// "start" and "end" around the measurement, so that whoever runs it can read the server's CPU time
// at these moments, and then one line of JSON.
//
//   load_generator PORT CONNECTIONS IN_FLIGHT SIZE WARM_UP_SECONDS SECONDS KIND [PAYLOAD_FILE]
//
// KIND is
//   text, binary   for a server that echoes, IN_FLIGHT messages a connection;
//   fan-out        for a server that sends what comes from the path /publish to all others:
//                  IN_FLIGHT messages that have not reached all CONNECTIONS. What is counted is
//                  deliveries, and the latency is that of a message until the last one has it.
//   fan-out-compressed   the same with permessage-deflate offered;
//   handshake      opens connections and closes them, CONNECTIONS at the same time;
//   salvo          all CONNECTIONS send a message at once, and again when all have their answer.

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "frames.h"
#include "handshakes.h"
#include "messages.h"
#include "salvo.h"

constexpr double kMostSeconds = 20;

int main(int argc, char** argv) {
  if (argc != 8 && argc != 9) {
    std::fprintf(stderr,
                 "usage: load_generator PORT CONNECTIONS IN_FLIGHT SIZE WARM_UP SECONDS "
                 "text|binary|fan-out|fan-out-compressed|handshake|salvo [PAYLOAD_FILE]\n");
    return 2;
  }
  const std::string kind = argv[7];
  const std::string payload = argc == 9
                                  ? load::ReadPayload(argv[8])
                                  : load::MakePayload(static_cast<size_t>(std::atoll(argv[4])));
  std::unique_ptr<load::Load> generator;
  if (kind == "handshake") {
    generator = std::make_unique<load::Handshakes>(std::atoi(argv[2]));
  } else if (kind == "salvo") {
    generator = std::make_unique<load::Salvo>(std::atoi(argv[2]), payload);
  } else {
    const uint8_t first_byte = kind == "text" ? load::kText : load::kBinary;
    generator = std::make_unique<load::Messages>(std::atoi(argv[2]), std::atoi(argv[3]),
                                                 load::MakeFrame(first_byte, payload), kind);
  }
  generator->Start(std::atoi(argv[1]));
  generator->RunFor(std::atof(argv[5]));
  generator->Measure(true);
  std::puts("start");
  std::fflush(stdout);
  const uint64_t begin = load::Nanoseconds();
  double seconds;
  do {
    generator->RunFor(std::atof(argv[6]));
    seconds = static_cast<double>(load::Nanoseconds() - begin) / 1e9;
    // Large messages to many may take longer than that.
  } while (generator->messages() == 0 && seconds < kMostSeconds);
  generator->Measure(false);
  std::puts("end");
  std::printf("{\"messages\":%llu,\"seconds\":%.4f",
              static_cast<unsigned long long>(generator->messages()), seconds);
  const std::pair<const char*, double> quantiles[] = {
      {"p10", 0.1}, {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
  for (const auto& [name, quantile] : quantiles) {
    std::printf(",\"%s\":%.1f", name, generator->histogram().Quantile(quantile));
  }
  std::puts("}");
  std::fflush(stdout);
  // Goes on a little, so that the server is still at work when its CPU time is read.
  generator->RunFor(0.2);
  return 0;
}
