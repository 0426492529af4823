// The review queue as a whole: the list, what people changed, handing over, running out, many at once.

#include "rest_support.hpp"

#include "dossier/base/strings.hpp"

namespace dossier::api {

namespace {

constexpr std::size_t most_at_once = 200;

/// The queue's filters; an unknown word is an error that names the parameter.
auto filter_of(const Call& call, Timestamp now) -> Result<store::DraftFilter> {
    store::DraftFilter filter;
    const auto text = [&call](std::string_view name) {
        return std::string(call.request.query_value(name).value_or(""));
    };
    if (const auto state = text("state"); !state.empty()) {
        filter.state = parse_draft_state(state);
        if (!filter.state)
            return fail(Errc::invalid_argument, "state must be one of pending, approved, rejected, expired, posted");
    }
    filter.kind = text("kind");
    if (!filter.kind.empty() && filter.kind != "ticket" && filter.kind != "tags" && filter.kind != "policy" &&
        filter.kind != "scan" && filter.kind != "report")
        return fail(Errc::invalid_argument, "kind must be one of ticket, tags, policy, scan, report");
    auto severity = word_of<Severity>(call, "severity");
    if (!severity) return fail(std::move(severity.error()));
    filter.severity = *severity;
    for (const auto& [name, bound] :
         {std::pair{"older_than", &filter.created_before}, std::pair{"younger_than", &filter.created_after}}) {
        const auto age = text(name);
        if (age.empty()) continue;
        const auto length = parse_duration(age);
        if (!length || length->count() < 0 || *length > now.time_since_epoch())
            return fail(Errc::invalid_argument, std::string(name) + " must be a duration, as 24h or 7d");
        *bound = now - *length;
    }
    filter.dossier_id = text("dossier_id");
    filter.finding_id = text("finding_id");
    filter.sink = text("sink");
    filter.assignee = text("assignee");
    filter.owner = text("owner");
    filter.route = text("route");
    return filter;
}

auto list_drafts(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto page = page_of(call);
    if (!page) co_return refuse(call, page.error());
    auto filter = filter_of(call, services.clock.now());
    if (!filter) co_return refuse(call, filter.error());
    auto listing = co_await services.reviews.list(std::move(*filter), std::move(*page));
    if (!listing) co_return refuse(call, listing.error());
    // Who decides on some sees those; a page may then be shorter than asked for.
    std::erase_if(listing->items, [&, reviewer = reviewer_of(call)](const Draft& draft) {
        return !services.reviews.rules().may_edit(draft, reviewer);
    });
    co_return list_answer(*listing, present_draft);
}

auto revision_json(const store::DraftRevision& revision) -> Json {
    auto changes = parse_json(revision.changes);
    return {{"number", revision.number},         {"by", revision.by},
            {"at", format_time(revision.at)},    {"before_hash", revision.before_hash},
            {"after_hash", revision.after_hash}, {"changes", changes ? std::move(*changes) : Json::array()}};
}

auto list_revisions(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto draft = co_await services.reviews.get(call.id());
    if (!draft) co_return refuse(call, draft.error());
    if (auto may = services.reviews.rules().may_edit(*draft, reviewer_of(call)); !may)
        co_return refuse(call, may.error());
    auto revisions = co_await services.reviews.revisions(call.id());
    if (!revisions) co_return refuse(call, revisions.error());
    co_return list_answer(store::Listing<store::DraftRevision>{.items = std::move(*revisions), .next_cursor = {}},
                          revision_json);
}

/// What a body asks to be done with a draft.
struct Order {
    std::string action; ///< approve | reject | expire | reassign
    std::string comment;
    std::string assignee;
};

auto read_order(const Json& body, std::string action) -> Result<Order> {
    for (const auto* name : {"comment", "assignee", "content_hash"})
        if (body.contains(name) && !body[name].is_string())
            return fail(Errc::invalid_argument, std::string(name) + " must be a string");
    Order order{
        .action = std::move(action), .comment = text_at(body, "comment"), .assignee = text_at(body, "assignee")};
    if (order.action == "reassign" && !body.contains("assignee"))
        return fail(Errc::invalid_argument, "assignee is needed: an e-mail address or the id of a person, or \"\"");
    if (order.action != "reassign" && body.contains("assignee"))
        return fail(Errc::invalid_argument, "only a reassignment has an assignee");
    return order;
}

auto carry_out(const Services& services, std::string id, Order order, std::string content_hash,
               approve::Reviewer reviewer) -> Task<Result<Draft>> {
    auto& reviews = services.reviews;
    if (order.action == "reassign")
        co_return co_await reviews.reassign(std::move(id), std::move(order.assignee), std::move(order.comment),
                                            std::move(content_hash), std::move(reviewer));
    auto decision = DraftState::expired;
    if (order.action == "approve") decision = DraftState::approved;
    if (order.action == "reject") decision = DraftState::rejected;
    co_return co_await reviews.decide(std::move(id), decision, std::move(order.comment), std::move(content_hash),
                                      std::move(reviewer));
}

auto act_on_draft(const Services& services, Call call, std::string action) -> Task<net::HttpResponse> {
    auto body = body_object(call, action == "expire");
    if (!body) co_return refuse(call, body.error());
    auto order = read_order(*body, std::move(action));
    if (!order) co_return refuse(call, order.error());
    auto done =
        co_await carry_out(services, call.id(), std::move(*order), text_at(*body, "content_hash"), reviewer_of(call));
    co_return draft_answer(call, done);
}

auto read_ids(const Json& body) -> Result<std::vector<std::string>> {
    std::vector<std::string> ids;
    if (body.contains("ids") && body["ids"].is_array())
        for (const auto& id : body["ids"])
            if (id.is_string()) ids.push_back(id.get<std::string>());
    if (ids.empty() || ids.size() > most_at_once || ids.size() != body["ids"].size())
        return fail(Errc::invalid_argument, "ids must be a list of 1 to 200 draft ids");
    return ids;
}

/// One after the other, each for itself: what one is refused doesn't hold the next one up.
auto act_on_many(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto body = body_object(call, false);
    if (!body) co_return refuse(call, body.error());
    auto ids = read_ids(*body);
    if (!ids) co_return refuse(call, ids.error());
    const auto action = text_at(*body, "action");
    if (action != "approve" && action != "reject" && action != "expire" && action != "reassign")
        co_return problem(400, "action must be one of approve, reject, expire, reassign", call.request.request_id,
                          "invalid_argument");
    auto order = read_order(*body, action);
    if (!order) co_return refuse(call, order.error());
    const Json hashes = body->contains("content_hashes") ? (*body)["content_hashes"] : Json::object();
    if (!hashes.is_object())
        co_return problem(400, "content_hashes must be an object of ids and hashes", call.request.request_id,
                          "invalid_argument");
    Json items = Json::array();
    std::size_t done = 0;
    for (const auto& id : *ids) {
        auto draft = co_await carry_out(services, id, *order, text_at(hashes, id), reviewer_of(call));
        if (draft) {
            ++done;
            items.push_back({{"id", id},
                             {"status", 200},
                             {"state", to_string(draft->state)},
                             {"content_hash", draft->content_hash}});
        } else {
            items.push_back({{"id", id},
                             {"status", status_of(draft.error().code)},
                             {"code", name_of(draft.error().code)},
                             {"detail", draft.error().message}});
        }
    }
    co_return json_answer(200, {{"items", std::move(items)}, {"done", done}, {"refused", ids->size() - done}});
}

} // namespace

void add_review_routes(Routes& routes, const Services& services) {
    const auto also = who_reviews(services);
    routes.add({.method = "GET",
                .pattern = "/v1/drafts",
                .needs = Role::approver,
                .also = also,
                .handler = [&services](Call call) { return list_drafts(services, std::move(call)); },
                .summary = "The review queue, newest first; ages as 24h or 7d",
                .tag = "drafts",
                .query = {"state", "kind", "sink", "assignee", "owner", "route", "severity", "older_than",
                          "younger_than", "dossier_id", "finding_id", "limit", "cursor"}});
    routes.add({.method = "GET",
                .pattern = "/v1/drafts/{id}/revisions",
                .needs = Role::approver,
                .also = also,
                .handler = [&services](Call call) { return list_revisions(services, std::move(call)); },
                .summary = "What people changed: who, when, and a unified diff a field",
                .tag = "drafts"});
    routes.add(
        {.method = "POST",
         .pattern = "/v1/drafts/{id}/reassign",
         .needs = Role::approver,
         .also = also,
         .handler = [&services](Call call) { return act_on_draft(services, std::move(call), "reassign"); },
         .summary = "Hand the draft to somebody else; the content hash changes with it",
         .tag = "drafts",
         .body =
             R"({"type":"object","required":["assignee"],"properties":{"assignee":{"type":"string"},"comment":{"type":"string"},"content_hash":{"type":"string"}}})",
         .wants_json = true});
    routes.add(
        {.method = "POST",
         .pattern = "/v1/drafts/{id}/expire",
         .needs = Role::approver,
         .also = also,
         .handler = [&services](Call call) { return act_on_draft(services, std::move(call), "expire"); },
         .summary = "End a draft without a verdict",
         .tag = "drafts",
         .body = R"({"type":"object","properties":{"comment":{"type":"string"},"content_hash":{"type":"string"}}})"});
    routes.add(
        {.method = "POST",
         .pattern = "/v1/drafts/bulk",
         .needs = Role::approver,
         .also = also,
         .handler = [&services](Call call) { return act_on_many(services, std::move(call)); },
         .summary = "One action on up to 200 drafts; the answer says for each what became of it",
         .tag = "drafts",
         .body =
             R"({"type":"object","required":["ids","action"],"properties":{"ids":{"type":"array","items":{"type":"string"}},"action":{"enum":["approve","reject","expire","reassign"]},"comment":{"type":"string"},"assignee":{"type":"string"},"content_hashes":{"type":"object"}}})",
         .wants_json = true});
}

} // namespace dossier::api
