#pragma once
// A dossier: everything known, decided and written about one exposure. Each part is the result of one stage and is
// stored as such; parts are plain data, made by the room that its comment names.

#include "dossier/base/time.hpp"
#include "dossier/finding/classification.hpp"
#include "dossier/finding/evidence.hpp"
#include "dossier/finding/finding.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dossier {

struct Person {
    std::string id;
    std::string name;
    std::string email;
    std::string department;
    std::string manager; ///< person id or e-mail
    std::vector<std::string> groups;
    std::string cost_center;
    std::string title; ///< job title
    std::string manager_name;
    std::vector<std::string> aliases; ///< what else a directory calls this person: UPN, login, further e-mails
    std::string
        inactive; ///< why nobody answers here any more: "deactivated in identity:okta"; "" = active or not known
    std::vector<std::string> unseen; ///< what the directory may not show us, and the right that is missing; not stored
};

/// One source's word on who owns a resource.
struct OwnerSignal {
    Person person;         ///< at least id or email
    std::string rule;      ///< what matched: "identity.file:resource=arn:aws:s3:::payments-*"
    std::string origin;    ///< "identity:file", "cmdb:file", "tag:owner", "platform:project"
    double confidence = 0; ///< 0…1
    bool is_group = false; ///< names a team instead of a person
    bool agrees = false;   ///< names the owner that was chosen, or a team that the owner belongs to
};

/// The decision (context room). Losers stay in `signals`.
struct Owner {
    std::string id;
    std::string name;
    std::string email;
    std::string department;
    std::string manager;
    std::string team; ///< support group, where one is known
    double confidence = 0;
    std::string rule; ///< the rule that produced it; "" with no owner
    bool disputed = false;
    std::vector<OwnerSignal> signals;
    std::string manager_name;
    std::string cost_center;
    std::string title;
    std::string inactive;   ///< the owner has left and nobody else is named; as in Person
    std::string escalation; ///< whom to ask when the owner has left: the manager's e-mail or name
    [[nodiscard]] auto known() const -> bool { return !id.empty() || !email.empty() || !name.empty(); }
};

/// Somebody or something that can reach the resource.
struct Principal {
    std::string id;
    std::string kind;  ///< user | group | role | service | account | anyone
    std::string level; ///< read | write | admin
    std::string origin;
    std::string how; ///< what gives it, in words: "by policy etl-write, conditional"; "" where the source doesn't say
};

/// One thing in a blast radius.
struct GraphNode {
    std::string id; ///< the provider's id (ARN, …) where known, else the platform's
    std::string name;
    std::string kind;     ///< one of `graph_kinds`
    std::string type;     ///< the platform's native word
    int hops = 0;         ///< least number of edges from the finding's resource, which is 0
    std::string why;      ///< why it belongs here, in plain words: "can read it by the role payments-etl"
    std::string origin{}; ///< who says so: "wiz"; "prisma, wiz" where both do
};
inline constexpr std::string_view graph_kinds[] = {"resource", "data_store", "data",   "identity", "internet",
                                                   "network",  "compute",    "secret", "finding"};

/// A way from one node to another; `from` is what acts or contains, `to` what is reached or held.
struct GraphEdge {
    std::string from;
    std::string to;
    std::string
        relation;    ///< can_reach | can_access | contains | holds_data | runs_as | exposes | other lower-case word
    std::string why; ///< the platform's own words for it, "" where it has none
    std::string origin{};
};

/// Who can reach the resource, what it can reach, what data it holds: a bounded graph around it (context room).
struct BlastRadius {
    std::vector<GraphNode> nodes; ///< the resource itself first, then by hops and id
    std::vector<GraphEdge> edges;
    int hops = 0;             ///< the farthest node
    bool truncated = false;   ///< a bound was reached: there is more
    std::string truncated_by; ///< which bound, in words
    std::string origin;       ///< "wiz"; "prisma, wiz" for a graph of both
};
/// Nodes by kind without the resource itself, in the order of `graph_kinds`, kinds without any left out.
[[nodiscard]] auto counts_by_kind(const BlastRadius& radius) -> std::vector<std::pair<std::string, int>>;
/// The nodes on a shortest way from the resource to a node, both left out; empty for what is next to it or unknown.
[[nodiscard]] auto way_to(const BlastRadius& radius, const std::string& node_id) -> std::vector<const GraphNode*>;

/// Somebody who used the resource lately, as the platform's access log says.
struct AccessEvent {
    std::string principal;
    std::string action; ///< read | write | list | admin | the platform's own word
    std::optional<Timestamp> at;
    std::optional<std::int64_t> count;
    std::string origin;
};

/// Orders by time, what has none last, so that the order is reproducible.
void newest_first(std::vector<AccessEvent>& events);

/// A policy that concerns the resource or what it holds.
struct PolicyFact {
    std::string id;
    std::string name;
    std::string kind;      ///< attached | classification | company
    std::string statement; ///< what it says, one sentence or a short quotation
    std::string origin;    ///< "wiz", "aws_iam", "policies:handbook/retention.md"
};

/// What the CMDB knows of the asset.
struct Asset {
    std::string business_unit;
    std::string application;
    Environment environment = Environment::unknown;
    Criticality criticality = Criticality::unknown;
    std::string owner;           ///< person id or e-mail
    std::string owner_name;      ///< as the CMDB spells it, "" where it only has the id
    bool owner_is_group = false; ///< `owner` is the address of a team
    std::string support_group;
    std::string rule;   ///< what matched
    std::string origin; ///< "cmdb:file"
};

/// A source that could not be asked, and why; the ticket says so.
struct ContextGap {
    std::string source; ///< "cmdb:snow"
    std::string reason; ///< "timed out after 2 s"
};

/// What the provider says of a store's own access policy: the ground on which a better one is drafted.
struct StorePolicy {
    std::string document;              ///< JSON, at most 20 KiB (S3's limit); "" = there is none
    std::optional<bool> blocks_public; ///< RestrictPublicBuckets of bucket or account; nullopt = not to be had
    bool has_public_acl = false;       ///< an access control list lets anyone in, and nothing overrides it
    std::string account;               ///< the store's, 12 digits
    std::string origin;                ///< "aws_iam"
};
inline constexpr std::size_t longest_store_policy = std::size_t{20} << 10U;

/// Enrichment (context room).
struct Context {
    Owner owner;
    std::vector<Principal> access;
    std::optional<BlastRadius> blast_radius;
    std::vector<std::string> exposure_path; ///< how one gets there from outside, one step a line
    std::vector<AccessEvent> access_log;    ///< newest first
    std::vector<PolicyFact> policies;
    std::optional<StorePolicy> store_policy;
    std::optional<Asset> asset;
    Environment environment = Environment::unknown; ///< CMDB, else tags, else unknown
    std::string environment_origin;
    std::vector<ContextGap> gaps;
};

struct RiskFactor {
    std::string name;  ///< severity | data | exposure | environment | reach | criticality
    std::string value; ///< "critical", "pii, pci", "public"
    double weight = 0; ///< what it contributes, 0…1
    std::string reason;
};

struct RegulationRef {
    std::string framework; ///< GDPR | CCPA | HIPAA | PCI DSS 4.0.1 | NIST 800-53 r5 | ISO 27001:2022 | SOC 2 | …
    std::string citation;  ///< "Art. 32(1)(a)", "AC-3", "7.2.1"
    std::string title;     ///< in our own words
    std::string reason;    ///< why it applies here
};

struct RemediationStep {
    std::string text;
};

/// One form of a drafted policy.
struct PolicyText {
    std::string language; ///< hcl | json | bash | sql
    std::string title;    ///< "Terraform", "AWS CLI"
    std::string text;
};

/// Somebody who can, or can't, do something to the data, as it is and as it would be with the draft.
struct ReachRow {
    std::string who;    ///< "anyone, without credentials", an ARN
    std::string deed;   ///< "read objects"
    std::string before; ///< allowed | denied | allowed under conditions | not known
    std::string after;
    std::string why;       ///< what decides afterwards: "statement DenyInsecureTransport denies it"
    bool is_owner = false; ///< has to keep access
};

/// A draft of a policy. Its text comes from templates and facts alone, and it is nothing but a proposal: this service
/// carries none out.
struct PolicyProposal {
    std::string id; ///< of the template: "s3-bucket-policy"
    std::string version;
    std::string title;
    std::vector<std::string> controls; ///< "NIST 800-53 r5 AC-3"
    std::vector<PolicyText> texts;
    std::vector<ReachRow> reach;
    std::string proof;     ///< proven | unproven
    std::string evaluator; ///< what proved it; "" = nothing did
    std::string effect;    ///< closes | narrows | hardens | fails; what is offered as closing is `closes` alone
    std::string verdict;   ///< the table in one sentence
    std::vector<std::string> assumptions;
    std::string explanation;
};

/// Assessment, decided in code before any LLM is asked (explain room).
struct Assessment {
    double risk = 0;   ///< 0…100
    std::string level; ///< low | medium | high | critical
    std::vector<RiskFactor> factors;
    std::vector<RegulationRef> regulations;
    std::vector<RemediationStep> remediation;
    std::string snippet;                  ///< a policy that would close it, with real names; "" where none fits
    std::string snippet_title;            ///< "S3 public access block (AWS CLI)"
    std::string snippet_language;         ///< json | hcl | bash
    std::vector<std::string> reach;       ///< blast radius known so far, one line each
    std::vector<PolicyProposal> policies; ///< what closes the exposure first
    std::optional<StoreClassification> classification; ///< where there was something to classify
};

struct RouteDecision {
    std::string route;                ///< name of the route that matched
    std::string action;               ///< ticket | classify | digest
    std::string sink;                 ///< ticket sink name
    std::string approval;             ///< none | before_create | before_assign
    std::vector<std::string> reasons; ///< guardrails that held, in words
    std::string group;                ///< dossier of the like findings whose ticket stands for this one; "" = its own
};

struct Sentence {
    std::string text;
    std::vector<std::string> evidence;
};
struct RemovedSentence {
    std::string text;
    std::string reason;
};
struct PromptRef {
    std::string id;
    std::string version;
    std::string hash;
};

/// What was written, by whom, and how much of it stood up to the evidence (explain room).
struct Narrative {
    std::string author;   ///< llm | template
    std::string provider; ///< configured name
    std::string model;
    PromptRef prompt;
    std::string llm_session_id;
    std::string summary;
    std::vector<Sentence> sentences;
    std::vector<RemovedSentence> removed;
    double grounding_score = 1;        ///< kept ÷ all
    std::vector<std::string> notes;    ///< "llm main failed: timeout; written by the template narrator"
    EvidenceList evidence;             ///< what could be cited
    std::vector<std::string> left_out; ///< evidence that the model's window had no room for, in words
    LlmCost cost;                      ///< of the calls made for it; nothing where it came from the cache
    std::string shared_from; ///< dossier for which the text was written; code filled in the facts of this one. "" = own
};

struct TicketRef {
    std::string sink;
    std::string key; ///< "SEC-12", "INC0010001", outbox draft id
    std::string url;
    std::string id; ///< the tracker's internal id (Jira issue id, ServiceNow sys_id)
};

/// A page outside of the tracker that a ticket is about.
struct WebLink {
    std::string id; ///< the same page has the same id, ≤ 255 characters
    std::string url;
    std::string title;
};

/// By when a ticket is to be done: counted once from a time and a severity, by code.
struct DueDate {
    std::string on; ///< local date: "2026-12-04"
    Severity severity = Severity::medium;
    int days = 0;             ///< business days that this severity has
    std::string counted_from; ///< local date
    Timestamp ends_at{};      ///< the instant in which the date is over
    auto operator==(const DueDate&) const -> bool = default;
};

enum class DraftState { pending, approved, rejected, expired, posted };
[[nodiscard]] auto to_string(DraftState) -> std::string_view;
[[nodiscard]] auto parse_draft_state(std::string_view word) -> std::optional<DraftState>;

/// What a person approves. `content_hash` covers sink, title, body, assignee and, where there is one, payload: an
/// approval is bound to it.
struct Draft {
    std::string id;
    std::string dossier_id;
    int revision = 0; ///< of the dossier
    std::vector<std::string> finding_ids;
    std::string kind = "ticket"; ///< ticket | tags | policy | scan | report
    std::string sink;
    std::string approval; ///< none | before_create | before_assign
    DraftState state = DraftState::pending;
    std::string title;
    std::string body;    ///< Markdown
    std::string payload; ///< JSON text: what kind `tags` writes, {"flat": {…}, "list": {…}}; what kind `scan` starts
    std::string content_hash;
    std::string approved_hash; ///< the content that was approved; "" before
    std::string assignee;      ///< e-mail, else person id, else ""; a reviewer may name somebody else
    std::string owner;         ///< who owns the resource, as decided by code: e-mail, else person id; nobody edits it
    std::string route;         ///< name of the route that led here; "" = a person asked for it
    Severity severity = Severity::medium;
    std::vector<std::string> labels;
    /// What tracker fields may be filled with, by name: "owner.email" (ticket/ticket_facts.hpp). Taken down with the
    /// draft, so that a create that is tried again sends the same.
    std::vector<std::pair<std::string, std::string>> facts;
    std::vector<WebLink> links; ///< the findings in their platforms' consoles
    std::optional<DueDate> due; ///< of the ticket; the body says it too
    Timestamp created_at{};
    std::string decided_by;
    std::optional<Timestamp> decided_at;
    std::string comment;
    std::optional<TicketRef> ticket;
    int generation = 1;   ///< of the dossier's ticket: 2 = another one, after the first was over
    std::string appendix; ///< Markdown that follows the body on the ticket: facts by code, neither stored nor approved
};
[[nodiscard]] auto content_hash(const Draft& draft) -> std::string;

} // namespace dossier
