#include "support/model_peer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "support/frames.h"

namespace wsuv::test {

ModelPeer::~ModelPeer() { CloseSocket(); }

std::string ModelPeer::PayloadOf(size_t size) {
  const std::string count = std::to_string(said_++);
  std::string payload = std::string(4 - std::min<size_t>(count.size(), 4), '0') + count;
  payload.resize(size, letter());
  return payload;
}

std::string ModelPeer::Frame(uint8_t opcode, const std::string& payload, bool fin) const {
  FrameSpec spec;
  spec.opcode = opcode;
  spec.fin = fin;
  spec.masked = role == Role::kServer;
  return MakeFrame(spec, payload);
}

void ModelPeer::Say(const std::string& frame, Expected event) {
  if (has_ended) return;
  outgoing += frame;
  if (is_tapped) raw += frame;
  expected.push_back(std::move(event));
}

bool ModelPeer::IsStreamed(size_t size, size_t fragments) const {
  return stream_threshold > 0 && (fragments > 1 || size > stream_threshold);
}

void ModelPeer::SayMessage(size_t size, bool binary) {
  const std::string payload = PayloadOf(size);
  if (IsStreamed(size, 1)) {
    Say(Frame(binary ? 2 : 1, payload, true), {EventKind::kPiece, 0, payload, false, true, true});
    return;
  }
  Say(Frame(binary ? 2 : 1, payload, true),
      {binary ? EventKind::kBinary : EventKind::kText, 0, payload, false});
}

void ModelPeer::SayInFragments(size_t size, size_t fragments, bool with_ping) {
  if (has_ended) return;
  const std::string payload = PayloadOf(std::max(size, fragments));
  const std::string ping = PayloadOf(8);
  const std::string ping_frame = with_ping ? Frame(9, ping, true) : "";
  const size_t first = payload.size() / fragments;
  const std::string begin = Frame(2, payload.substr(0, first), false);
  std::string rest;
  for (size_t i = 1; i < fragments; i++) {
    const bool is_last = i + 1 == fragments;
    rest += Frame(0, payload.substr(i * first, is_last ? std::string::npos : first), is_last);
  }
  if (!IsStreamed(payload.size(), fragments)) {
    if (with_ping) Say({}, {EventKind::kPing, 0, ping});
    Say(begin + ping_frame + rest, {EventKind::kBinary, 0, payload, true});
  } else if (with_ping) {
    // What comes in pieces does not wait for the end.
    Say(begin, {EventKind::kPiece, 0, payload.substr(0, first), false, true, false});
    Say(ping_frame, {EventKind::kPing, 0, ping});
    Say(rest, {EventKind::kPiece, 0, payload.substr(first), false, false, true});
  } else {
    Say(begin + rest, {EventKind::kPiece, 0, payload, false, true, true});
  }
}

void ModelPeer::SayControl(EventKind event, size_t size) {
  const std::string payload = PayloadOf(size);
  Say(Frame(event == EventKind::kPing ? 9 : 10, payload, true), {event, 0, payload, false});
}

void ModelPeer::SayClose(uint16_t code) {
  const std::string reason = PayloadOf(9);
  const std::string bytes = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  Say(Frame(8, bytes + reason, true), {EventKind::kPeerClose, code, reason, false});
  has_ended = true;
}

void ModelPeer::SayNonsense() {
  Say(Frame(3, "", true), {EventKind::kProtocolError, 3, "", false});
  has_ended = true;
}

void ModelPeer::SayHead() {
  outgoing = "GET /" + std::to_string(number) +
             " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  if (is_tapped) raw = outgoing;
}

void ModelPeer::MoveBytes() {
  if (fd < 0) return;
  char dropped[65536];
  while (true) {
    const ssize_t got = recv(fd, dropped, sizeof(dropped), MSG_DONTWAIT);
    if (got <= 0) break;
  }
  while (!outgoing.empty()) {
    const ssize_t put = send(fd, outgoing.data(), outgoing.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put <= 0) break;
    outgoing.erase(0, static_cast<size_t>(put));
  }
}

void ModelPeer::End() {
  if (fd < 0 || !outgoing.empty()) return;
  has_ended = true;
  shutdown(fd, SHUT_WR);
}

void ModelPeer::CloseSocket() {
  if (fd < 0) return;
  close(fd);
  fd = -1;
  has_ended = true;
  // What is written to it fails from now on, which may be found out before all is read.
  may_lose = true;
}

}  // namespace wsuv::test
