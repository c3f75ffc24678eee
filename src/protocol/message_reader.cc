#include "protocol/message_reader.h"

namespace wsuv {

Progress MessageReader::Read(uint8_t* data, size_t size, const ReaderLimits& limits,
                             MessageSink& sink) {
  MessageAssembler assembler(message_, limits, sink);
  return parser_.Read(data, size, limits.max_buffered_chunks, assembler);
}

ReadWindow MessageReader::DirectWindow(const ReaderLimits& limits) {
  const uint64_t left = parser_.DirectlyReadable(limits.max_buffered_chunks);
  return message_.DirectWindow(parser_.frame(), left, limits);
}

Flow MessageReader::ReadDirect(size_t size, const ReaderLimits& limits, MessageSink& sink) {
  MessageAssembler assembler(message_, limits, sink);
  return parser_.ReadDirect(size, assembler);
}

void MessageReader::Stop() {
  parser_.Stop();
  message_.Clear();
}

}  // namespace wsuv
