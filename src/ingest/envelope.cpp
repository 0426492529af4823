#include "dossier/ingest/envelope.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"

#include <algorithm>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr int most_layers = 8;
constexpr std::size_t most_enclosed = 10'001; // one more than a delivery may hold, so that the receiver notices
constexpr std::size_t nested_depth = 64;

enum class EnvelopeForm {
    none,
    event_bridge,
    sns,
    sns_record,
    sqs_message,
    sqs_record,
    cloud_event,
    event_grid,
    pub_sub,
    pub_sub_message,
    aws_records,
    sqs_messages,
    pub_sub_messages,
};

auto is_text(JsonView value) -> bool { return value.is_string(); }

auto is_pub_sub_message(JsonView message) -> bool {
    return is_text(message["data"]) &&
           (is_text(message["messageId"]) || is_text(message["message_id"]) || is_text(message["publishTime"]));
}

auto form_of(JsonView value) -> EnvelopeForm {
    if (!value.is_object()) return EnvelopeForm::none;
    if (is_text(value["detail-type"]) && !value["detail"].is_null()) return EnvelopeForm::event_bridge;
    if (is_text(value["Message"]) && is_text(value["TopicArn"])) return EnvelopeForm::sns;
    if (value["Sns"].is_object()) return EnvelopeForm::sns_record;
    if (is_text(value["Body"]) && (is_text(value["ReceiptHandle"]) || is_text(value["MD5OfBody"])))
        return EnvelopeForm::sqs_message;
    if (is_text(value["body"]) && value["eventSource"].text_or("") == "aws:sqs") return EnvelopeForm::sqs_record;
    if (is_text(value["specversion"]) && is_text(value["type"])) return EnvelopeForm::cloud_event;
    if (is_text(value["eventType"]) && is_text(value["eventTime"]) && !value["data"].is_null())
        return EnvelopeForm::event_grid;
    if (const auto message = value["message"]; message.is_object() && is_text(message["data"])) {
        const bool is_delivery = is_text(value["subscription"]) || is_text(value["ackId"]);
        if (is_delivery || is_pub_sub_message(message)) return EnvelopeForm::pub_sub;
    }
    if (is_pub_sub_message(value)) return EnvelopeForm::pub_sub_message;
    if (const auto first = value["Records"][std::size_t{0}];
        first["Sns"].is_object() || (is_text(first["body"]) && is_text(first["eventSource"])))
        return EnvelopeForm::aws_records;
    if (form_of(value["Messages"][std::size_t{0}]) == EnvelopeForm::sqs_message) return EnvelopeForm::sqs_messages;
    if (form_of(value["receivedMessages"][std::size_t{0}]) == EnvelopeForm::pub_sub)
        return EnvelopeForm::pub_sub_messages;
    return EnvelopeForm::none;
}

/// Security Hub sends findings as a list, and under the name of an event one that has none.
auto holds_findings(JsonView detail) -> bool { return detail["findings"].is_array(); }

} // namespace

auto is_envelope(JsonView value) -> bool { return form_of(value) != EnvelopeForm::none; }

auto EnvelopeOpener::open(JsonView body) -> std::vector<Enclosed> {
    found_.clear();
    if (body.is_array()) {
        const auto elements = body.elements();
        if (std::ranges::none_of(elements, is_envelope)) return {};
        for (const auto& element : elements) open_value(element, element, 0);
    } else if (is_envelope(body)) {
        open_value(body, body, 0);
    }
    return std::move(found_);
}

void EnvelopeOpener::refuse(JsonView envelope, std::string problem) {
    found_.push_back({.content = {}, .envelope = envelope, .problem = std::move(problem)});
}

void EnvelopeOpener::open_value(JsonView value, JsonView envelope, int layer) {
    if (found_.size() >= most_enclosed) return;
    if (layer > most_layers) {
        refuse(envelope, "there are more than " + std::to_string(most_layers) + " envelopes around it");
        return;
    }
    switch (form_of(value)) {
    case EnvelopeForm::none:
        found_.push_back({.content = value, .envelope = envelope, .problem = {}});
        return;
    case EnvelopeForm::event_bridge:
        open_event(value["detail"], envelope, layer + 1);
        return;
    case EnvelopeForm::sns:
        if (value["Type"].text_or("").ends_with("Confirmation")) {
            refuse(envelope,
                   "this is a confirmation of an SNS subscription: its endpoint must be a source of kind `sns`");
            return;
        }
        open_text(*value["Message"].string(), "the SNS message", envelope, layer + 1);
        return;
    case EnvelopeForm::sns_record:
        open_value(value["Sns"], envelope, layer + 1);
        return;
    case EnvelopeForm::sqs_message:
        open_text(*value["Body"].string(), "the SQS message", envelope, layer + 1);
        return;
    case EnvelopeForm::sqs_record:
        open_text(*value["body"].string(), "the SQS message", envelope, layer + 1);
        return;
    case EnvelopeForm::cloud_event:
        open_cloud_event(value, envelope, layer + 1);
        return;
    case EnvelopeForm::event_grid:
        open_event(value["data"], envelope, layer + 1);
        return;
    case EnvelopeForm::pub_sub:
        open_base64(value["message"]["data"], "the Pub/Sub message", envelope, layer + 1);
        return;
    case EnvelopeForm::pub_sub_message:
        open_base64(value["data"], "the Pub/Sub message", envelope, layer + 1);
        return;
    case EnvelopeForm::aws_records:
        open_list(value["Records"], envelope, layer + 1);
        return;
    case EnvelopeForm::sqs_messages:
        open_list(value["Messages"], envelope, layer + 1);
        return;
    case EnvelopeForm::pub_sub_messages:
        open_list(value["receivedMessages"], envelope, layer + 1);
        return;
    }
}

void EnvelopeOpener::open_list(JsonView list, JsonView envelope, int layer) {
    for (const auto& element : list.elements()) open_value(element, envelope, layer);
}

void EnvelopeOpener::open_event(JsonView event, JsonView envelope, int layer) {
    if (const auto text = event.string()) {
        open_text(*text, "the event's text", envelope, layer);
    } else if (!event["insightResults"].is_null()) {
        refuse(envelope, "Security Hub's insight results are counts and hold no findings");
    } else if (holds_findings(event)) {
        open_list(event["findings"], envelope, layer);
    } else if (event.is_array()) {
        open_list(event, envelope, layer);
    } else {
        open_value(event, envelope, layer);
    }
}

void EnvelopeOpener::open_cloud_event(JsonView event, JsonView envelope, int layer) {
    if (const auto data = event["data"]; !data.is_null()) {
        open_event(data, envelope, layer);
    } else if (const auto coded = event["data_base64"]; coded.is_string()) {
        open_base64(coded, "the CloudEvent's data_base64", envelope, layer);
    } else {
        refuse(envelope, "the CloudEvent carries no data");
    }
}

void EnvelopeOpener::open_text(std::string_view text, std::string_view what, JsonView envelope, int layer) {
    auto document = JsonDocument::parse(trim(text), nested_depth);
    if (!document) {
        refuse(envelope, std::string(what) + " is no JSON: " + document.error().message);
        return;
    }
    documents_.push_back(std::move(*document));
    open_event(documents_.back().root(), envelope, layer);
}

void EnvelopeOpener::open_base64(JsonView text, std::string_view what, JsonView envelope, int layer) {
    auto bytes = base64_decode(text.string().value_or(""));
    if (!bytes || bytes->empty()) {
        refuse(envelope, std::string(what) + " is no base64");
        return;
    }
    open_text(*bytes, what, envelope, layer);
}

} // namespace dossier::ingest
