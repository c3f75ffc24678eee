#ifndef WSUV_TEST_SUPPORT_MODEL_PEER_H_
#define WSUV_TEST_SUPPORT_MODEL_PEER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "binding/seam.h"
#include "support/fake_node_api.h"
#include "transport/connection.h"

namespace wsuv::test {

/// What a record has to say next.
struct Expected {
  EventKind kind;
  uint32_t detail = 0;
  std::string payload;
  bool in_fragments = false;
  /// Of the bytes of a message that is reported in pieces: whether it begins, or ends, with them.
  bool begins = false;
  bool ends = false;
};

/// One connection of the model: the other end of it, and what JavaScript knows of it.
///
/// All that a peer says is made of its own letter, zeros aside, with the number of the message in
/// front: so whose bytes they are, which, and whether they are all there can be seen anywhere.
class ModelPeer {
 public:
  enum class Kind { kAdopted, kAccepted, kStream };

  ModelPeer(size_t its_number, Kind its_kind, Role its_role)
      : number(its_number), kind(its_kind), role(its_role) {}
  ~ModelPeer();
  ModelPeer(const ModelPeer&) = delete;
  ModelPeer& operator=(const ModelPeer&) = delete;

  char letter() const { return static_cast<char>('A' + number % 58); }
  /// Whether a byte can be of what this peer has said.
  bool MaySay(uint8_t byte) const {
    return byte == static_cast<uint8_t>(letter()) || (byte >= '0' && byte <= '9');
  }

  /// Says something: the bytes wait in `outgoing`. Nothing follows a close frame or a wrong one.
  void SayMessage(size_t size, bool binary);
  void SayInFragments(size_t size, size_t fragments, bool with_ping);
  void SayControl(EventKind kind, size_t size);
  void SayClose(uint16_t code);
  void SayNonsense();
  void SayHead();
  /// Writes what waits to the socket, as far as it takes that, and drops what came from there.
  void MoveBytes();
  /// Ends its side, or all of it, behind what was written.
  void End();
  void CloseSocket();

  const size_t number;
  const Kind kind;
  const Role role;
  Connection* connection = nullptr;
  uint32_t handle = 0;  ///< 0: JavaScript knows none (any more).
  std::shared_ptr<FakeValue> endpoint;
  napi_async_context async = nullptr;
  std::deque<Expected> expected;
  std::string outgoing;  ///< What waits to be written to the socket, or to be fed.
  std::string raw;       ///< All that was said, where that is reported too.
  size_t raw_reported = 0;
  bool is_tapped = false;
  bool wants_text = false;
  uint64_t stream_threshold = 0;  ///< Of its connection's settings.
  bool is_lent = false;           ///< Whether pieces are lent to lib/ now.
  bool is_announced = false;      ///< JavaScript has heard of it.
  bool is_decided = false;
  bool has_ended = false;      ///< Nothing more is said.
  bool stream_ended = false;   ///< feedEnd() was called.
  bool wants_closing = false;  ///< The addon wants the stream destroyed.
  bool is_muted = false;       ///< JavaScript has terminated it.
  bool may_lose = false;       ///< What it said may be lost from now on, at the end.
  bool is_over = false;
  bool is_working = false;  ///< Records of it are being worked off.
  int fd = -1;

 private:
  void Say(const std::string& frame, Expected event);
  std::string PayloadOf(size_t size);
  bool IsStreamed(size_t size, size_t fragments) const;
  std::string Frame(uint8_t opcode, const std::string& payload, bool fin) const;

  size_t said_ = 0;
};

}  // namespace wsuv::test

#endif  // WSUV_TEST_SUPPORT_MODEL_PEER_H_
