#pragma once
// What queues, topics and event routers put around a finding. The opener recognises an envelope by its members alone
// and opens envelopes inside envelopes (EventBridge in SNS in SQS): Amazon EventBridge events, SNS notifications, SQS
// messages, CloudEvents 1.0 in structured form, Azure Event Grid events, Google Pub/Sub messages, and lists of them.
// Bodies that are none come back as they are. Bounded in depth and number; what can't be opened is kept with the
// reason.

#include "dossier/base/json_view.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::ingest {

/// One thing that was inside.
struct Enclosed {
    JsonView content;    ///< lives as long as the opener and the body; null where it could not be opened
    JsonView envelope;   ///< the outermost element of the body that held it
    std::string problem; ///< why it could not be opened; "" = it could
};

class EnvelopeOpener {
public:
    /// Everything inside `body`, in order; empty where `body` is no envelope (nor a list with one in it).
    auto open(JsonView body) -> std::vector<Enclosed>;

private:
    void open_value(JsonView value, JsonView envelope, int layer);
    void open_list(JsonView list, JsonView envelope, int layer);
    void open_text(std::string_view text, std::string_view what, JsonView envelope, int layer);
    void open_base64(JsonView text, std::string_view what, JsonView envelope, int layer);
    void open_event(JsonView event, JsonView envelope, int layer);
    void open_cloud_event(JsonView event, JsonView envelope, int layer);
    void refuse(JsonView envelope, std::string problem);

    std::vector<Enclosed> found_;
    std::vector<JsonDocument> documents_;
};

/// True for one envelope by itself, a list of them is none.
[[nodiscard]] auto is_envelope(JsonView value) -> bool;

} // namespace dossier::ingest
