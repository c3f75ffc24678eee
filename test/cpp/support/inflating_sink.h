#ifndef WSUV_TEST_SUPPORT_INFLATING_SINK_H_
#define WSUV_TEST_SUPPORT_INFLATING_SINK_H_

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "protocol/message_reader.h"
#include "protocol/piece_inflater.h"
#include "protocol/stream_pool.h"

namespace wsuv::test {

/// Takes compressed messages that come in pieces, as a connection does: inflates them, and stops
/// where it is told to. Messages are written down when they are whole.
class InflatingSink final : public MessageSink {
 public:
  InflatingSink(MessageReader* reader, const ReaderLimits* limits, const DeflateSettings* settings)
      : reader_(reader), limits_(limits), lease_(&pool_, settings) {}

  std::vector<std::string> events;
  /// Decides about each step whether to stop behind it.
  std::function<bool()> stops = [] { return false; };
  size_t largest_step = 0;  ///< The most that one step inflated.
  size_t messages = 0;      ///< Of those that were short after all.
  StreamPool<InflateStream>& pool() { return pool_; }
  bool is_idle() const { return inflater_ == nullptr; }

  Progress OnPiece(const MessagePiece& piece) override {
    if (!piece.compressed) std::abort();
    if (inflater_ == nullptr) is_undecided_ = piece.undecided;
    MessagePiece rest = piece;
    for (;;) {
      if (inflater_ == nullptr) inflater_ = std::make_unique<PieceInflater>(&lease_, &scratch_);
      const InflatedStep step = inflater_->Step(rest, *limits_);
      if (step.used > rest.data.size || (step.more && step.used + step.made == 0)) std::abort();
      largest_step = std::max(largest_step, step.made);
      rest.data = {rest.data.data + step.used, rest.data.size - step.used};
      if (step.result == InflatedStep::Result::kFailed) {
        events.push_back(std::string("error ") + DescribeError(step.error).name);
        inflater_.reset();
        reader_->Stop();
        return {piece.data.size, Flow::kStop};
      }
      if (step.result != InflatedStep::Result::kNothing) Take(step);
      if (piece.last && !step.more) {
        inflater_.reset();
        return {piece.data.size, Flow::kContinue};
      }
      const bool is_stopped = stops() && !piece.last;
      if (step.more && !is_stopped) continue;
      if (!piece.last) inflater_->Rest();
      return {piece.data.size - rest.data.size, is_stopped ? Flow::kStop : Flow::kContinue};
    }
  }
  Flow OnMessage(const Message&) override { std::abort(); }
  Flow OnPing(ByteView payload) override {
    events.push_back("ping " + std::string(payload.text()));
    return Flow::kContinue;
  }
  Flow OnPong(ByteView) override { return Flow::kContinue; }
  void OnClose(uint16_t code, ByteView) override {
    events.push_back("close " + std::to_string(code));
    inflater_.reset();
  }
  void OnError(ErrorCode code, uint32_t) override {
    events.push_back(std::string("error ") + DescribeError(code).name);
    inflater_.reset();
  }

 private:
  void Take(const InflatedStep& step) {
    const bool is_whole = step.result == InflatedStep::Result::kMessage;
    if (is_whole) messages++;
    if (step.piece.compressed || step.piece.first == is_begun_) std::abort();
    // Nobody is told of nothing.
    if (step.piece.data.size == 0 && !step.piece.first && !step.piece.last) std::abort();
    is_begun_ = true;
    // As long as it was short it was not to be passed on.
    if (is_whole != (step.piece.first && step.piece.last &&
                     step.piece.data.size <= limits_->stream_threshold && is_undecided_)) {
      std::abort();
    }
    whole_ += step.piece.data.text();
    if (!step.piece.last) return;
    events.push_back((step.piece.binary ? "binary " : "text ") + whole_);
    whole_.clear();
    is_begun_ = false;
  }

  MessageReader* reader_;
  const ReaderLimits* limits_;
  StreamPool<InflateStream> pool_;
  StreamLease<InflateStream> lease_;
  std::unique_ptr<PieceInflater> inflater_;
  MessageBuffer scratch_;
  std::string whole_;
  bool is_begun_ = false;
  bool is_undecided_ = false;  // The message is in one frame.
};

}  // namespace wsuv::test

#endif  // WSUV_TEST_SUPPORT_INFLATING_SINK_H_
