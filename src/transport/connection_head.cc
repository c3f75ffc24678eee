// The stage of Connection before there is a WebSocket: a request's head, and the answer to it.

#include <utility>

#include "transport/connection.h"
#include "transport/connection_parts.h"
#include "transport/listener.h"

namespace wsuv {

void Connection::JoinListener(Listener* listener) {
  listener_ = listener;
  listener->AddConnection();
}

void Connection::LeaveListener() {
  if (listener_ != nullptr) std::exchange(listener_, nullptr)->RemoveConnection();
}

void Connection::AwaitHead() {
  if (settings_->handshake_timeout == 0) return;
  ArmDeadline(DeadlineKind::kHandshake, settings_->handshake_timeout);
}

void Connection::ReadHead(uint8_t* data, size_t size) {
  // A head in one piece, which is what clients send, is parsed where it lies.
  if (input_ != nullptr && !Keep(data, size)) return;
  const std::string_view bytes = input_ != nullptr ? input_->text() : ByteView(data, size).text();
  RequestHeadParser first;
  RequestHeadParser& parser = input_ == nullptr ? first : *extras_->head;
  const HeadStatus parsed = parser.Parse(bytes, settings_->head);
  if (parsed == HeadStatus::kIncomplete) {
    if (input_ == nullptr) {
      if (!Keep(data, size)) return;
      EnsureExtras().head = std::make_unique<RequestHeadParser>(std::move(first));
    }
    return;
  }
  if (parsed != HeadStatus::kComplete) {
    ReportNoHead(parsed == HeadStatus::kTooLarge ? UpgradeStatus::kTooLarge
                                                 : UpgradeStatus::kMalformed);
    return;
  }
  DropDeadline(DeadlineKind::kHandshake);
  stage_ = Stage::kDeciding;
  // What the handler looks at stays while it does; what follows the head waits.
  const std::unique_ptr<RequestHeadParser> held = TakeHeadParser();
  const std::unique_ptr<HeldInput> parsed_input = std::move(input_);
  const size_t head_size = parser.size();
  if (bytes.size() > head_size &&
      !Keep(reinterpret_cast<const uint8_t*>(bytes.data()) + head_size, bytes.size() - head_size)) {
    return;
  }
  handler_->OnUpgrade(*this, CheckHead(parser.head()), bytes.substr(0, head_size), &parser.head());
}

std::unique_ptr<RequestHeadParser> Connection::TakeHeadParser() {
  if (extras_ == nullptr) return nullptr;
  std::unique_ptr<RequestHeadParser> parser = std::move(extras_->head);
  if (extras_->compression == nullptr && extras_->raw == nullptr && extras_->last_activity == 0 &&
      !extras_->has_next_key) {
    extras_.reset();
  }
  return parser;
}

void Connection::ReportNoHead(UpgradeStatus status) {
  DropDeadline(DeadlineKind::kHandshake);
  stage_ = Stage::kDeciding;
  TakeHeadParser();
  handler_->OnUpgrade(*this, status, {}, nullptr);
}

void Connection::Accept(std::string_view response,
                        std::shared_ptr<const ConnectionSettings> settings) {
  if (stage_ != Stage::kDeciding) return;
  stage_ = Stage::kWebSocket;
  if (settings != nullptr) settings_ = std::move(settings);
  SendResponse(ByteView(response));
  GoOnReading();
}

void Connection::Reject(std::string_view response) {
  if (stage_ != Stage::kDeciding) return;
  stage_ = Stage::kRejected;
  DropInput();
  SendRaw(ByteView(response));
  // Whoever does not read the answer is not waited for any longer than for a head.
  ArmDeadline(DeadlineKind::kClosing, settings_->handshake_timeout > 0
                                          ? settings_->handshake_timeout
                                          : settings_->close_timeout);
  if (!peer_ended_) StartReading();
  EndTransport();
  // Where both sides had ended before, nothing else comes that could tell.
  if (peer_ended_ && end_sent_) Destroy();
}

}  // namespace wsuv
