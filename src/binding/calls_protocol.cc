#include <initializer_list>

#include "binding/calls.h"
#include "binding/seam.h"
#include "protocol/error.h"
#include "protocol/frame.h"
#include "protocol/upgrade.h"

namespace wsuv {
namespace {

/// errors(): the table of error.h as [{ name, closeCode, isRangeError, sentence }], by ErrorCode.
Napi::Value Errors(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array table = Napi::Array::New(env, kErrorCodeCount);
  for (uint32_t i = 0; i < kErrorCodeCount; i++) {
    const ErrorInfo& error = DescribeError(static_cast<ErrorCode>(i));
    Napi::Object row = Napi::Object::New(env);
    row.Set("name", error.name);
    row.Set("closeCode", static_cast<int>(error.close_code));
    row.Set("isRangeError", error.cls == ErrorClass::kRangeError);
    row.Set("sentence", error.sentence);
    table.Set(i, row);
  }
  return table;
}

/// upgradeStatuses(): the names of UpgradeStatus, by number.
Napi::Value UpgradeStatuses(const Napi::CallbackInfo& info) {
  Napi::Array names = Napi::Array::New(info.Env(), kUpgradeStatusCount);
  for (uint32_t i = 0; i < kUpgradeStatusCount; i++) {
    names.Set(i, NameOfUpgradeStatus(static_cast<UpgradeStatus>(i)));
  }
  return names;
}

/// checkUpgrade(method, upgrade, key, version): the UpgradeStatus of a request, as a number. The
/// first three are strings, the last is a number.
Napi::Value CheckUpgradeOf(const Napi::CallbackInfo& info) {
  const auto text = [&info](size_t index) {
    return info[index].IsString() ? info[index].As<Napi::String>().Utf8Value() : std::string();
  };
  double version = 0;
  napi_get_value_double(info.Env(), info[3], &version);
  return Napi::Number::New(info.Env(),
                           static_cast<int>(CheckUpgrade(text(0), text(1), text(2), version)));
}

/// seam(): the numbers of seam.h, by group and name.
Napi::Value Seam(const Napi::CallbackInfo& info) {
  struct Entry {
    const char* name;
    double value;
  };
  const Napi::Env env = info.Env();
  Napi::Object seam = Napi::Object::New(env);
  const auto add = [&](const char* group, std::initializer_list<Entry> entries) {
    Napi::Object object = Napi::Object::New(env);
    for (const Entry& entry : entries) object.Set(entry.name, entry.value);
    object.Freeze();
    seam.Set(group, object);
  };
  const auto kind = [](EventKind of) { return static_cast<double>(of); };
  const auto opcode = [](Opcode of) { return static_cast<double>(of); };
  const auto word = [](CursorWord of) { return static_cast<double>(of); };
  add("event", {{"TEXT", kind(EventKind::kText)},
                {"BINARY", kind(EventKind::kBinary)},
                {"PING", kind(EventKind::kPing)},
                {"PONG", kind(EventKind::kPong)},
                {"PEER_CLOSE", kind(EventKind::kPeerClose)},
                {"PROTOCOL_ERROR", kind(EventKind::kProtocolError)},
                {"PEER_END", kind(EventKind::kPeerEnd)},
                {"WRITTEN", kind(EventKind::kWritten)},
                {"OUTPUT", kind(EventKind::kOutput)},
                {"CLOSED", kind(EventKind::kClosed)},
                {"UPGRADE", kind(EventKind::kUpgrade)},
                {"LISTENER_CLOSED", kind(EventKind::kListenerClosed)},
                {"COMPRESSED", kind(EventKind::kCompressed)},
                {"RAW", kind(EventKind::kRaw)},
                {"PIECE", kind(EventKind::kPiece)},
                {"FAILED", kind(EventKind::kFailed)}});
  add("record", {{"WORDS", kRecordWords},
                 {"ASCII", kFlagAscii},
                 {"FRAGMENTS", kFlagFragments},
                 {"FIRST", kFlagFirst},
                 {"LAST", kFlagLast},
                 {"PIECE_BINARY", kFlagBinary},
                 {"LENT", kFlagLent},
                 {"SLOT_BITS", kHandleSlotBits}});
  add("cursor", {{"NEXT", word(CursorWord::kNext)},
                 {"STREAM", word(CursorWord::kStream)},
                 {"HANDLE", word(CursorWord::kHandle)},
                 {"END", word(CursorWord::kEnd)},
                 {"BASE", word(CursorWord::kBase)},
                 {"DONE", kCursorDone}});
  add("opcode", {{"CONTINUATION", opcode(Opcode::kContinuation)},
                 {"TEXT", opcode(Opcode::kText)},
                 {"BINARY", opcode(Opcode::kBinary)},
                 {"CLOSE", opcode(Opcode::kClose)},
                 {"PING", opcode(Opcode::kPing)},
                 {"PONG", opcode(Opcode::kPong)}});
  add("flag",
      {{"RSV1", kSendRsv1}, {"FIN", kSendFin}, {"MASK", kSendMask}, {"COMPRESS", kSendCompress}});
  add("stream", {{"END", kStreamEnd}, {"DESTROY", kStreamDestroy}, {"HOLD", kStreamHold}});
  add("failure", {{"WRITE", kFailedWrite}});
  add("turn", {{"RECORDS", TurnBudget::kRecords}});
  add("stage", {{"OVER", kStageOver}, {"UNDECIDED", kStageUndecided}, {"OPEN", kStageOpen}});
  return seam;
}

/// acceptValue(key): the Sec-WebSocket-Accept that answers a Sec-WebSocket-Key.
Napi::Value AcceptValueOf(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), AcceptValue(Latin1At(info, 0)));
}

}  // namespace

void DefineProtocolCalls(Napi::Env, Napi::Object exports) {
  Define<Errors>(exports, "errors");
  Define<UpgradeStatuses>(exports, "upgradeStatuses");
  Define<CheckUpgradeOf>(exports, "checkUpgrade");
  Define<Seam>(exports, "seam");
  Define<AcceptValueOf>(exports, "acceptValue");
}

}  // namespace wsuv
