{
  "variables": {
    "protocol_sources": [
      "src/protocol/base64.cc",
      "src/protocol/closing_handshake.cc",
      "src/protocol/deflate.cc",
      "src/protocol/error.cc",
      "src/protocol/frame.cc",
      "src/protocol/frame_parser.cc",
      "src/protocol/http_head.cc",
      "src/protocol/mask.cc",
      "src/protocol/message_assembler.cc",
      "src/protocol/message_buffer.cc",
      "src/protocol/message_reader.cc",
      "src/protocol/sha1.cc",
      "src/protocol/upgrade.cc",
      "src/protocol/utf8.cc",
      "src/protocol/utf8_vector.cc"
    ],
    "transport_sources": [
      "src/transport/compression.cc",
      "src/transport/connection.cc",
      "src/transport/connection_write.cc",
      "src/transport/deadline_list.cc",
      "src/transport/descriptor.cc",
      "src/transport/listener.cc",
      "src/transport/loop.cc",
      "src/transport/work_queue.cc",
      "src/transport/write_queue.cc"
    ],
    "binding_sources": [
      "src/binding/addon.cc",
      "src/binding/calls.cc",
      "src/binding/calls_connection.cc",
      "src/binding/calls_frame.cc",
      "src/binding/calls_protocol.cc",
      "src/binding/calls_server.cc",
      "src/binding/calls_stream.cc",
      "src/binding/context.cc",
      "src/binding/environment.cc",
      "src/binding/event_ring.cc",
      "src/binding/javascript_memory.cc",
      "src/binding/old_glibc.cc",
      "src/binding/slab.cc",
      "src/binding/version.cc"
    ]
  }
}
