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
//   handshake      opens connections and closes them, CONNECTIONS at the same time.

#include <cstdio>
#include <memory>
#include <string>

#include "handshakes.h"
#include "messages.h"

int main(int argc, char** argv) {
  if (argc != 8 && argc != 9) {
    std::fprintf(stderr,
                 "usage: load_generator PORT CONNECTIONS IN_FLIGHT SIZE WARM_UP SECONDS "
                 "text|binary|fan-out|fan-out-compressed|handshake [PAYLOAD_FILE]\n");
    return 2;
  }
  const std::string kind = argv[7];
  const std::string payload = argc == 9
                                  ? load::ReadPayload(argv[8])
                                  : load::MakePayload(static_cast<size_t>(std::atoll(argv[4])));
  std::unique_ptr<load::Load> generator;
  if (kind == "handshake") {
    generator = std::make_unique<load::Handshakes>(std::atoi(argv[2]));
  } else {
    generator = std::make_unique<load::Messages>(std::atoi(argv[2]), std::atoi(argv[3]),
                                                 load::MakeFrame(payload, kind == "text"), kind);
  }
  generator->Start(std::atoi(argv[1]));
  generator->RunFor(std::atof(argv[5]));
  generator->Measure(true);
  std::puts("start");
  std::fflush(stdout);
  const uint64_t begin = load::Nanoseconds();
  generator->RunFor(std::atof(argv[6]));
  const double seconds = static_cast<double>(load::Nanoseconds() - begin) / 1e9;
  generator->Measure(false);
  std::puts("end");
  std::printf(
      "{\"messages\":%llu,\"seconds\":%.4f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f}\n",
      static_cast<unsigned long long>(generator->messages()), seconds,
      generator->histogram().Quantile(0.5), generator->histogram().Quantile(0.9),
      generator->histogram().Quantile(0.99), generator->histogram().Quantile(0.999));
  std::fflush(stdout);
  // Goes on a little, so that the server is still at work when its CPU time is read.
  generator->RunFor(0.2);
  return 0;
}
