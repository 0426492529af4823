"""A Wiz tenant: tokens, issues, the security graph, notes, tickets, automation rules, classifiers and access.

    wiz = Wiz()
    issue = wiz.add_issue(entity=wiz.entity("ent-bucket", "BUCKET", "payments", externalId="arn:aws:s3:::payments"))
    wiz.edge("ent-role", "ALLOWS_ACCESS_TO", "ent-bucket")
    config = default_config(sources=[{"name": "wiz", "kind": "wiz", ..., "api": wiz.api_config()}])

Requests are parsed and held to the excerpt of Wiz's schema below (see graphql.py), answers carry what was selected and
nothing else. `graphSearch` really evaluates types, `where` (EQUALS, NOT_EQUALS, CONTAINS), relationships in both
directions, `with`, `negate`, `optional` and `select`; `issuesV2` filters, orders and pages. Notes and tickets land in
the issue; `updateIssue` holds to Wiz's rules on who may resolve what.

Faults: `expire_tokens()` makes every token out there worthless (401 from then on); `token_ttl` is `expires_in`;
`say(root, code, message, times=1, data=None)` answers a root field with an error inside HTTP 200, `data` beside it;
`limit(times, inside=True)` says "too fast" (429 with Retry-After otherwise); `scopes` are those of the service account.
Everything of stand_in.py works as well: the paths are /oauth/token and /graphql.
"""

import base64
import copy
import datetime
import itertools
import json
import secrets
import urllib.parse

from .graphql import GraphQLError, Schema
from .stand_in import Refusal, StandIn

CLIENT_ID, CLIENT_SECRET, AUDIENCE = "wiz-client-id", "wiz-client-secret-of-the-tests", "wiz-api"
SCOPES = ["read:issues", "read:resources", "read:vulnerabilities", "read:cloud_configuration", "read:cloud_events",
          "read:automation_rules", "update:issues", "create:service_tickets"]

TYPES = """
Query: issuesV2(filterBy:IssueFilters,first:Int,after:String,orderBy:IssueOrder):IssueConnection issue(id:ID!):Issue configurationFindings(filterBy:ConfigurationFindingFilters,first:Int,after:String):ConfigurationFindingConnection vulnerabilityFindings(filterBy:VulnerabilityFindingFilters,first:Int,after:String):VulnerabilityFindingConnection detection(id:ID!):Detection dataFinding(id:ID!):DataFinding graphSearch(query:GraphEntityQueryInput,projectId:String,first:Int,after:String,quick:Boolean):GraphSearchResultConnection networkExposures(filterBy:NetworkExposureFilters,first:Int,after:String):NetworkExposureConnection entityEffectiveAccessEntries(filterBy:EntityEffectiveAccessFilters,first:Int,after:String):EntityEffectiveAccessConnection excessiveAccessFindings(filterBy:ExcessiveAccessFindingFilters,first:Int,after:String):ExcessiveAccessFindingConnection cloudEvents(filterBy:CloudEventFilters,first:Int,after:String,orderDirection:OrderDirection):CloudEventSearchResultConnection dataClassifiers(filterBy:DataClassifierFilters,first:Int,after:String):DataClassifierConnection automationRules(first:Int,after:String):AutomationRuleConnection
Mutation: createIssueNote(input:CreateIssueNoteInput!):CreateIssueNotePayload associateServiceTicket(input:AssociateServiceTicketInput!):AssociateServiceTicketPayload updateIssue(input:UpdateIssueInput!):UpdateIssuePayload
PageInfo: hasNextPage endCursor
IssueConnection: nodes:[Issue] pageInfo:PageInfo totalCount
Issue: id type status severity createdAt updatedAt dueAt resolvedAt statusChangedAt resolutionReason resolutionNote url description sourceRule:IssueSourceRule sourceRules:[IssueSourceRule] control:Control projects:[Project] entitySnapshot:IssueEntitySnapshot serviceTickets:[ServiceTicket] notes:[IssueNote]
Control: id name description resolutionRecommendation securitySubCategories:[SecuritySubCategory]
CloudEventRule: id name description securitySubCategories:[SecuritySubCategory] builtin
CloudConfigurationRule: id graphId name description remediationInstructions functionAsControl securitySubCategories:[SecuritySubCategory]
SecuritySubCategory: id title category:SecurityCategory
SecurityCategory: id name framework:SecurityFramework
SecurityFramework: id name
Project: id name slug businessUnit riskProfile:ProjectRiskProfile projectOwners:[User] securityChampions:[User]
ProjectRiskProfile: businessImpact sensitiveDataTypes
User: id name email
ServiceAccount: id name
IssueEntitySnapshot: id type nativeType name status cloudPlatform cloudProviderURL providerId externalId region resourceGroupExternalId subscriptionId subscriptionExternalId subscriptionName subscriptionTags tags createdAt kubernetesClusterId kubernetesClusterName kubernetesNamespaceName
ServiceTicket: id externalId name url
IssueNote: id createdAt updatedAt text user:User serviceAccount:ServiceAccount
ConfigurationFindingConnection: nodes:[ConfigurationFinding] pageInfo:PageInfo totalCount
ConfigurationFinding: id name targetExternalId targetObjectProviderUniqueId deleted result status severity remediation analyzedAt firstSeenAt updatedAt rule:CloudConfigurationRule resource:ConfigurationFindingResource securitySubCategories:[SecuritySubCategory]
ConfigurationFindingResource: id providerId name nativeType type region status tags:[ResourceTag] subscription:CloudAccount projects:[Project]
ResourceTag: key value
CloudAccount: id name externalId cloudProvider
VulnerabilityFindingConnection: nodes:[VulnerabilityFinding] pageInfo:PageInfo totalCount
VulnerabilityFinding: id portalUrl name CVEDescription CVSSSeverity score severity vendorSeverity status hasExploit hasCisaKevExploit firstDetectedAt lastDetectedAt resolvedAt description remediation detailedName version fixedVersion projects:[Project] vulnerableAsset:VulnerableAsset
VulnerableAssetBase: id type name region providerUniqueId cloudPlatform status subscriptionName subscriptionExternalId tags
Detection: id severity description createdAt updatedAt startedAt endedAt origins issue:IssueReference projects:[Project] ruleMatch:RuleMatch cloudAccounts:[CloudAccount] primaryActor:Actor primaryResource:EventResource triggeringEvents(first:Int):CloudEventSearchResultConnection
IssueReference: id
RuleMatch: rule:CloudEventRule
Actor: id name externalId providerUniqueId email type nativeType
EventResource: id name externalId providerUniqueId type nativeType region
CloudEventSearchResultConnection: nodes:[CloudEventSearchResult] pageInfo:PageInfo
CloudEvent: id name category externalName timestamp actorIP actorIPMeta:ActorIPMeta actor:Actor
ActorIPMeta: country reputation
DataFinding: id name severity status totalMatchCount uniqueMatchCount isEntityPublic dataClassifier:DataClassifier graphEntity:GraphEntity cloudAccount:CloudAccount details:DataFindingDetails
DataFindingDetails: firstSeenAt lastSeenAt resolvedAt
DataClassifierConnection: nodes:[DataClassifier] pageInfo:PageInfo totalCount
DataClassifier: id name description category subCategory severity enabled labels countryCodes minUniqueMatches isTenantSpecific securitySubCategories:[SecuritySubCategory]
GraphSearchResultConnection: nodes:[GraphSearchResult] pageInfo:PageInfo totalCount maxCountReached
GraphSearchResult: entities:[GraphEntity] aggregateCount
GraphEntity: id name type properties
NetworkExposureConnection: nodes:[NetworkExposure] pageInfo:PageInfo totalCount
NetworkExposure: id type sourceIpRange destinationIpRange portRange networkProtocols accessibleFrom:GraphEntity path:[GraphEntity] exposedEntity:GraphEntity
EntityEffectiveAccessConnection: nodes:[EntityEffectiveAccess] pageInfo:PageInfo
EntityEffectiveAccess: accessTypes permissions grantedEntity:GraphEntity accessibleResource:GraphEntity
ExcessiveAccessFindingConnection: nodes:[ExcessiveAccessFinding] pageInfo:PageInfo totalCount
ExcessiveAccessFinding: id name severity status description principal:ExcessiveAccessFindingPrincipal
ExcessiveAccessFindingPrincipal: graphEntity:GraphEntity cloudAccount:CloudAccount
AutomationRuleConnection: nodes:[AutomationRule] pageInfo:PageInfo totalCount
AutomationRule: id name description enabled triggerSource triggerType filters actions:[AutomationRuleAction]
AutomationRuleAction: id actionTemplateType
CreateIssueNotePayload: issueNote:IssueNote
AssociateServiceTicketPayload: serviceTicket:ServiceTicket
UpdateIssuePayload: issue:Issue
"""
UNIONS = {"IssueSourceRule": {"Control", "CloudEventRule", "CloudConfigurationRule"},
          "VulnerableAsset": {"VulnerableAssetBase"}, "CloudEventSearchResult": {"CloudEvent"}}
INPUTS = {
    "IssueFilters": {"id": "[String!]", "status": "[IssueStatus!]", "severity": "[Severity!]", "type": "[IssueType!]",
                     "project": "[String!]", "statusChangedAt": "IssueDateFilter", "createdAt": "IssueDateFilter",
                     "resolvedAt": "IssueDateFilter", "search": "String", "hasNote": "Boolean",
                     "hasServiceTicket": "Boolean"},
    "IssueDateFilter": {"after": "DateTime", "before": "DateTime"},
    "IssueOrder": {"field": "IssueOrderField!", "direction": "OrderDirection!"},
    "ConfigurationFindingFilters": {"id": "[ID!]"}, "VulnerabilityFindingFilters": {"id": "[ID!]"},
    "GraphEntityQueryInput": {"type": "[GraphEntityType!]!", "as": "String", "select": "Boolean",
                              "where": "GraphPropertyPredicate", "relationships": "[GraphRelationshipQueryInput!]",
                              "aggregate": "Boolean"},
    "GraphRelationshipQueryInput": {"type": "[GraphDirectedRelationshipTypeInput!]!", "negate": "Boolean",
                                    "optional": "Boolean", "with": "GraphEntityQueryInput!"},
    "GraphDirectedRelationshipTypeInput": {"type": "GraphRelationshipType!", "reverse": "Boolean"},
    "NetworkExposureFilters": {"exposedEntity": "NetworkExposureGraphEntityFilter"},
    "NetworkExposureGraphEntityFilter": {"id": "[String!]"},
    "EntityEffectiveAccessFilters": {"resource": "EntityFilters"}, "EntityFilters": {"id": "StringFilter"},
    "StringFilter": {"equals": "[String!]"},
    "ExcessiveAccessFindingFilters": {"scope": "EntityFilters"}, "CloudEventFilters": {"resource": "EntityFilters"},
    "DataClassifierFilters": {"enabled": "Boolean"},
    "CreateIssueNoteInput": {"issueId": "ID!", "text": "String!"},
    "AssociateServiceTicketInput": {"issueId": "ID", "ticketId": "String!", "ticketUrl": "String!"},
    "UpdateIssueInput": {"id": "ID!", "patch": "UpdateIssuePatch"},
    "UpdateIssuePatch": {"status": "IssueStatus", "resolutionReason": "IssueResolutionReason",
                         "resolutionNote": "String", "note": "String", "dueAt": "DateTime"},
}
REJECTIONS = {"FALSE_POSITIVE", "EXCEPTION", "WONT_FIX"}
THREAT_ENDS = {"MALICIOUS_THREAT", "NOT_MALICIOUS_THREAT", "SECURITY_TEST_THREAT", "PLANNED_ACTION_THREAT",
               "INCONCLUSIVE_THREAT"}
ENUMS = {
    "IssueStatus": {"OPEN", "IN_PROGRESS", "RESOLVED", "REJECTED"},
    "Severity": {"INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"},
    "IssueType": {"TOXIC_COMBINATION", "THREAT_DETECTION", "CLOUD_CONFIGURATION", "ATTACK_SURFACE"},
    "IssueOrderField": {"CREATED_AT", "ID", "RESOLVED_AT", "SEVERITY", "STATUS_CHANGED_AT"},
    "OrderDirection": {"ASC", "DESC"},
    "IssueResolutionReason": REJECTIONS | THREAT_ENDS | {"OBJECT_DELETED", "ISSUE_FIXED", "CONTROL_DISABLED"},
    "GraphRelationshipType": set("""ADMINISTRATE ACTING_AS ALERTED_ON ALLOWS ALLOWS_ACCESS_TO ANY ANY_OUTGOING APPLIES_TO
        ASSIGNED_TO ATTACHED_TO BEHIND CONNECTED_TO CONTAINS DEPENDS_ON ENCRYPTS ENTITLES EXPOSES GOVERNS HAS
        HAS_DATA_FINDING HAS_DATA_INVENTORY HAS_DATA_SCHEMA HAS_DATA_STORE HAS_PRINCIPAL_POLICY HAS_RESOURCE_POLICY HOSTS
        INSIDE INVOKES MANAGES MOUNTS OWNS PART_OF PERMITS PROTECTS READS_DATA_FROM ROUTES_TRAFFIC_TO RUNS SERVES
        STORES_DATA_IN USES""".split()),
    "GraphEntityType": set("""ACCESS_FINDING ACCESS_KEY ACCESS_ROLE ACCESS_ROLE_BINDING ACCESS_ROLE_PERMISSION AI_AGENT
        AI_DATASET AI_MODEL AI_PIPELINE AI_SERVICE AI_TOOL ANY API_ENDPOINT API_GATEWAY APPLICATION ARTIFACT_REPOSITORY
        ATTACK_SURFACE_FINDING BACKUP_SERVICE BUCKET CDN CI_JOB CI_RUNNER CLOUD_ORGANIZATION CLOUD_RESOURCE
        COMPUTE_INSTANCE_GROUP CONFIGURATION_FINDING CONFIG_MAP CONTAINER CONTAINER_GROUP CONTAINER_IMAGE
        CONTAINER_REGISTRY CONTAINER_REPOSITORY CONTAINER_SERVICE CRM_TABLE DAEMON_SET DATABASE DATABASE_TABLE
        DATA_CATALOG DATA_FINDING DATA_INVENTORY DATA_RESOURCE DATA_SCHEMA DATA_STORE DATA_WORKFLOW DATA_WORKLOAD
        DB_SERVER DEPLOYMENT DNS_RECORD DNS_ZONE DOMAIN ENCRYPTION_KEY ENDPOINT EXCESSIVE_ACCESS_FINDING FILE_STORAGE
        FILE_SYSTEM_SERVICE FINDING FIREWALL GATEWAY GROUP HOSTED_APPLICATION HOSTED_TECHNOLOGY IAM_BINDING IDENTITY
        IDENTITY_PROVIDER IP_RANGE KUBERNETES_CLUSTER KUBERNETES_CRON_JOB KUBERNETES_INGRESS KUBERNETES_JOB
        KUBERNETES_NODE KUBERNETES_PERSISTENT_VOLUME KUBERNETES_SERVICE LATERAL_MOVEMENT_FINDING LOAD_BALANCER
        LOCAL_GROUP LOCAL_USER MAILBOX MAP_REDUCE_CLUSTER MCP_SERVER MESH_GATEWAY MESSAGING_SERVICE METADATA_REPOSITORY
        NAMESPACE NAT NETWORK_ADDRESS NETWORK_APPLIANCE NETWORK_INTERFACE NETWORK_SECURITY_RULE PEERING POD
        PREDEFINED_GROUP PRINCIPAL PRINCIPAL_DIRECTORY PRIVATE_ENDPOINT PRIVATE_KEY_BINDING PRIVATE_LINK PROXY_RULE
        RAW_ACCESS_POLICY REGION REPLICA_SET REPOSITORY REPOSITORY_BRANCH RESOURCE_GROUP ROUTE_TABLE SEARCH_INDEX SECRET
        SECRET_CONTAINER SECRET_DATA SECRET_INSTANCE SECURITY_EVENT_FINDING SECURITY_TOOL_FINDING SERVERLESS
        SERVICE_ACCOUNT SNAPSHOT STATEFUL_SET STORAGE_ACCOUNT SUBNET SUBSCRIPTION TARGET_GROUP TICKETING_TABLE
        USER_ACCOUNT VIRTUAL_DESKTOP VIRTUAL_DRIVE VIRTUAL_MACHINE VIRTUAL_NETWORK VOLUME WEB_SERVICE
        WORKSTATION""".split()),
}
ROOT_SCOPES = {"issuesV2": "read:issues", "issue": "read:issues", "configurationFindings": "read:cloud_configuration",
               "vulnerabilityFindings": "read:vulnerabilities", "detection": "read:cloud_events",
               "cloudEvents": "read:cloud_events", "automationRules": "read:automation_rules",
               "createIssueNote": "update:issues", "updateIssue": "update:issues",
               "associateServiceTicket": "create:service_tickets"}
SCHEMA = Schema(TYPES, UNIONS, INPUTS, ENUMS)
ORDERS = {"CREATED_AT": "createdAt", "ID": "id", "RESOLVED_AT": "resolvedAt", "STATUS_CHANGED_AT": "statusChangedAt"}


def stamp(moment=None):
    moment = moment or datetime.datetime.now(datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class Wiz(StandIn):
    def __init__(self, scopes=None):
        self.scopes = list(SCOPES if scopes is None else scopes)
        self.token_ttl = 3600
        self.tokens = {}
        self.tokens_given = 0
        self.issues, self.entities, self.edges = {}, {}, []
        self.findings = {"configurationFindings": {}, "vulnerabilityFindings": {}, "detection": {}, "dataFinding": {}}
        self.exposures, self.access, self.excessive, self.events = [], [], [], []
        self.classifiers, self.rules = [], []
        self.most_rows = 10_000  # of one question, whatever its pages
        self.sayings, self.limits = [], []
        self.operations = []  # (root field, arguments) of every request that was understood
        self.numbers = itertools.count(1)
        super().__init__()

    def api_config(self, **more):
        return {"url": self.url, "auth_url": self.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **more}

    # What the tenant holds -------------------------------------------------------------------------------------------

    def entity(self, entity_id, kind, name=None, **properties):
        assert kind in ENUMS["GraphEntityType"], kind
        self.entities[entity_id] = {"id": entity_id, "name": name or entity_id, "type": kind,
                                    "properties": {"_vertexID": entity_id, "name": name or entity_id, **properties}}
        return entity_id

    def edge(self, source, relation, target):
        assert relation in ENUMS["GraphRelationshipType"] and source in self.entities and target in self.entities
        self.edges.append((source, relation, target))

    def add_issue(self, issue_id=None, *, entity=None, rule="Publicly exposed bucket with sensitive data",
                  severity="CRITICAL", status="OPEN", kind="TOXIC_COMBINATION", at=None, **more):
        """An issue about `entity` (an id of the graph), as the API gives it. `at` is when its status changed last."""
        issue_id = issue_id or f"5e11a8b2-0000-4000-8000-{next(self.numbers):012d}"
        at = at or stamp()
        graph = self.entities.get(entity, {"id": entity or "", "name": "", "type": "CLOUD_RESOURCE", "properties": {}})
        properties = graph["properties"]
        snapshot = {"id": graph["id"], "type": graph["type"], "name": graph["name"], "status": "Active",
                    "nativeType": properties.get("nativeType", ""), "tags": properties.get("tags", {}),
                    "cloudPlatform": properties.get("cloudPlatform"), "region": properties.get("region", ""),
                    "externalId": properties.get("externalId"), "providerId": properties.get("providerUniqueId"),
                    "subscriptionExternalId": properties.get("subscriptionExternalId", "")}
        control = {"__typename": "Control", "id": "wc-id-1001", "name": rule, "description": f"{rule}.",
                   "resolutionRecommendation": "Limit access to the resource.", "securitySubCategories": []}
        with self.lock:
            self.issues[issue_id] = {
                "id": issue_id, "type": kind, "status": status, "severity": severity, "createdAt": at, "updatedAt": at,
                "statusChangedAt": at, "resolvedAt": at if status == "RESOLVED" else None, "projects": [], "notes": [],
                "serviceTickets": [], "sourceRule": control, "sourceRules": [control], "entitySnapshot": snapshot,
                **more}
        return issue_id

    def change(self, issue_id, at=None, **fields):
        """Changes an issue; its times follow, that of the status only where the status changes."""
        with self.lock:
            issue, at = self.issues[issue_id], at or stamp()
            if fields.get("status", issue["status"]) != issue["status"]:
                issue["statusChangedAt"] = at
                issue["resolvedAt"] = at if fields["status"] == "RESOLVED" else None
            issue.update(fields)
            issue["updatedAt"] = at

    def add_rule(self, name="to dossier", *, enabled=True, source="ISSUES", triggers=("CREATED", "UPDATED", "RESOLVED"),
                 filters=None, action="WEBHOOK"):
        self.rules.append({"id": f"rule-{next(self.numbers)}", "name": name, "enabled": enabled, "filters": filters,
                           "triggerSource": source, "triggerType": list(triggers),
                           "actions": [{"id": "a", "actionTemplateType": action}]})

    def webhook_body(self, issue_id):
        """The least that a customer's template may carry."""
        return {"issue": {"id": issue_id}}

    # Faults ----------------------------------------------------------------------------------------------------------

    def expire_tokens(self):
        with self.lock:
            self.tokens.clear()

    def say(self, root, code, message, times=1, data=None):
        with self.lock:
            self.sayings.append({"root": root, "code": code, "message": message, "times": times, "data": data})

    def limit(self, times=1, inside=True, retry_after="1"):
        with self.lock:
            self.limits.append({"times": times, "inside": inside, "retry_after": retry_after})

    def asked(self, root):
        """The arguments of every request for that root field."""
        with self.lock:
            return [arguments for name, arguments in self.operations if name == root]

    # Answering -------------------------------------------------------------------------------------------------------

    def answer(self, call):
        if call.path == "/oauth/token" and call.method == "POST":
            return self.give_token(call)
        if call.path != "/graphql" or call.method != "POST":
            raise Refusal(404, {"message": "no such path"})
        for limit in self.limits:
            if limit["times"] > 0:
                limit["times"] -= 1
                if not limit["inside"]:
                    raise Refusal(429, {"message": "Too Many Requests"}, {"Retry-After": limit["retry_after"]})
                return 200, self.errors("Rate limit exceeded", "RATE_LIMIT_EXCEEDED")
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            raise Refusal(401, self.errors("Unauthenticated", "UNAUTHENTICATED"))
        if not isinstance(call.body, dict) or not isinstance(call.body.get("query"), str):
            self.complain("a request that is no GraphQL")
            raise Refusal(400, self.errors("query is missing", "BAD_REQUEST"))
        try:
            root, arguments = SCHEMA.read(call.body["query"], call.body.get("variables") or {})
            self.operations.append((root.name, arguments))
            return 200, self.run(root, arguments)
        except GraphQLError as error:
            if error.code in ("GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"):
                self.complain(error.message)
            return 200, self.errors(error.message, error.code, error.data)

    @staticmethod
    def errors(message, code, data=None):
        return {"errors": [{"message": message, "extensions": {"code": code}}], "data": data}

    def give_token(self, call):
        form = dict(urllib.parse.parse_qsl(call.raw.decode(), keep_blank_values=True))
        if not call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise Refusal(415, {"error": "invalid_request"})
        if form.get("grant_type") != "client_credentials" or form.get("audience") != AUDIENCE:
            raise Refusal(403, {"error": "access_denied", "error_description": "audience or grant"})
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            raise Refusal(401, {"error": "access_denied", "error_description": "Unauthorized"})
        claims = json.dumps({"sub": CLIENT_ID, "scope": " ".join(self.scopes)}).encode()
        token = f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.{secrets.token_urlsafe(24)}"
        self.tokens[token] = True
        self.tokens_given += 1
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": self.token_ttl}

    def run(self, root, arguments):
        extra = []
        for saying in self.sayings:
            if saying["times"] > 0 and saying["root"] == root.name:
                saying["times"] -= 1
                if saying["data"] is None:
                    raise GraphQLError(saying["message"], saying["code"], {root.name: None})
                extra.append({"message": saying["message"], "extensions": {"code": saying["code"]}})
                break
        scope = ROOT_SCOPES.get(root.name, "read:resources")
        if scope not in self.scopes:
            raise GraphQLError(f"access denied, at least one of the following is required: [{scope}]", "UNAUTHORIZED",
                               {root.name: None})
        value = getattr(self, "do_" + root.name)(**arguments)
        answer = {"data": {root.alias or root.name: SCHEMA.project(copy.deepcopy(value), root.selection)}}
        return {**answer, "errors": extra} if extra else answer

    def page(self, rows, first, after, **more):
        first = 50 if first is None else first
        if not 0 < first <= 500:
            raise GraphQLError("first must be between 1 and 500", "BAD_USER_INPUT")
        begin = 0
        if after:
            try:
                begin = int(base64.b64decode(after).decode().removeprefix("at:"))
            except ValueError:
                raise GraphQLError("after is no cursor of ours", "BAD_USER_INPUT") from None
        end = min(begin + first, len(rows), self.most_rows)
        has_next = end < min(len(rows), self.most_rows)
        return {"nodes": rows[begin:end], "totalCount": min(len(rows), self.most_rows),
                "pageInfo": {"hasNextPage": has_next,
                             "endCursor": base64.b64encode(f"at:{end}".encode()).decode() if end > begin else None},
                **more}

    # Issues ----------------------------------------------------------------------------------------------------------

    def do_issuesV2(self, filterBy=None, first=None, after=None, orderBy=None):
        rows = [issue for issue in self.issues.values() if self.passes(issue, filterBy or {})]
        order = orderBy or {"field": "CREATED_AT", "direction": "DESC"}
        rows.sort(key=lambda issue: (str(issue.get(ORDERS.get(order["field"], "severity"))), issue["id"]),
                  reverse=order["direction"] == "DESC")
        return self.page(rows, first, after)

    @staticmethod
    def passes(issue, filters):
        for name, wanted in filters.items():
            if name == "project":
                if not {project["id"] for project in issue["projects"]} & set(wanted):
                    return False
            elif name in ("statusChangedAt", "createdAt", "resolvedAt"):
                at = issue.get(name)
                if at is None or "after" in wanted and moment(at) <= moment(wanted["after"]) or \
                        "before" in wanted and moment(at) >= moment(wanted["before"]):
                    return False
            elif name == "hasNote":
                if bool(issue["notes"]) != wanted:
                    return False
            elif name == "hasServiceTicket":
                if bool(issue["serviceTickets"]) != wanted:
                    return False
            elif name == "search":
                if wanted.lower() not in json.dumps(issue).lower():
                    return False
            elif issue[name] not in wanted:
                return False
        return True

    def issue_of(self, issue_id, root):
        if issue_id not in self.issues:
            raise GraphQLError("id must be a valid service issue id", "BAD_USER_INPUT", {root: None})
        return self.issues[issue_id]

    def do_issue(self, id):
        return self.issue_of(id, "issue")

    def do_createIssueNote(self, input):
        issue = self.issue_of(input["issueId"], "createIssueNote")
        note = {"id": f"note-{next(self.numbers)}", "text": input["text"], "createdAt": stamp(), "updatedAt": stamp(),
                "user": None, "serviceAccount": {"id": CLIENT_ID, "name": "dossier"}}
        issue["notes"].append(note)
        issue["updatedAt"] = stamp()
        return {"issueNote": note}

    def do_associateServiceTicket(self, input):
        issue = self.issue_of(input.get("issueId"), "associateServiceTicket")
        ticket = {"id": f"ticket-{next(self.numbers)}", "externalId": input["ticketId"], "name": input["ticketId"],
                  "url": input["ticketUrl"]}
        issue["serviceTickets"].append(ticket)
        issue["updatedAt"] = stamp()
        return {"serviceTicket": ticket}

    def do_updateIssue(self, input):
        issue, patch = self.issue_of(input["id"], "updateIssue"), input.get("patch") or {}
        status, reason = patch.get("status"), patch.get("resolutionReason")
        if status == "RESOLVED" and (issue["type"] != "THREAT_DETECTION" or reason not in THREAT_ENDS):
            raise GraphQLError("only threat detection issues can be resolved, with a reason", "BAD_USER_INPUT",
                               {"updateIssue": None})
        if status == "REJECTED" and reason not in REJECTIONS:
            raise GraphQLError("a rejection needs a resolution reason", "BAD_USER_INPUT", {"updateIssue": None})
        if status in ("OPEN", "IN_PROGRESS") and reason:
            raise GraphQLError("an open issue has no resolution reason", "BAD_USER_INPUT", {"updateIssue": None})
        self.change(input["id"], **{name: value for name, value in patch.items() if name != "note"})
        return {"issue": issue}

    # Other findings --------------------------------------------------------------------------------------------------

    def by_id(self, kind, filterBy, first, after):
        wanted = (filterBy or {}).get("id")
        rows = [row for key, row in self.findings[kind].items() if wanted is None or key in wanted]
        return self.page(rows, first, after)

    def do_configurationFindings(self, filterBy=None, first=None, after=None):
        return self.by_id("configurationFindings", filterBy, first, after)

    def do_vulnerabilityFindings(self, filterBy=None, first=None, after=None):
        return self.by_id("vulnerabilityFindings", filterBy, first, after)

    def do_detection(self, id):
        return self.findings["detection"].get(id)

    def do_dataFinding(self, id):
        return self.findings["dataFinding"].get(id)

    # The graph -------------------------------------------------------------------------------------------------------

    def do_graphSearch(self, query=None, projectId=None, first=None, after=None, quick=None):
        if not query:
            raise GraphQLError("query is missing", "BAD_USER_INPUT", {"graphSearch": None})
        if quick and after:
            raise GraphQLError("a quick search has no pages", "BAD_USER_INPUT", {"graphSearch": None})
        rows = []
        for entity in self.entities.values():
            for row in self.matches(entity, query):
                if row not in rows:
                    rows.append(row)
        rows = [{"entities": row} for row in rows]
        if quick:
            rows = rows[:50 if first is None else first]
        return self.page(rows, first, after, maxCountReached=len(rows) > self.most_rows)

    def matches(self, entity, query):
        """Every way in which `entity` fits the block: the selected entities of it and of what it leads to, in order."""
        if entity["type"] not in query["type"] and "ANY" not in query["type"]:
            return []
        if not all(self.holds(entity, name, test) for name, test in (query.get("where") or {}).items()):
            return []
        rows = [[entity] if query.get("select") else []]
        for relationship in query.get("relationships") or []:
            found = [row for other in self.others(entity, relationship["type"])
                     for row in self.matches(other, relationship["with"])]
            if relationship.get("negate"):
                if found:
                    return []
                continue
            if not found and relationship.get("optional"):
                found = [[None] * self.selected(relationship["with"])]
            rows = [row + more for row in rows for more in found]
        return rows

    def selected(self, query):
        below = sum(self.selected(one["with"]) for one in query.get("relationships") or [] if not one.get("negate"))
        return below + (1 if query.get("select") else 0)

    def others(self, entity, ways):
        for source, relation, target in self.edges:
            for way in ways:
                fits = way["type"] in (relation, "ANY") or way["type"] == "ANY_OUTGOING" and not way.get("reverse")
                near, far = (target, source) if way.get("reverse") else (source, target)
                if fits and near == entity["id"]:
                    yield self.entities[far]

    @staticmethod
    def holds(entity, name, test):
        value = entity["id"] if name == "_vertexID" else entity["properties"].get(name)
        for operator, wanted in test.items():
            wanted = wanted if isinstance(wanted, list) else [wanted]
            if operator == "EQUALS" and value not in wanted or operator == "NOT_EQUALS" and value in wanted:
                return False
            if operator == "CONTAINS" and not any(str(part) in str(value or "") for part in wanted):
                return False
            if operator not in ("EQUALS", "NOT_EQUALS", "CONTAINS"):
                raise GraphQLError(f"unknown operator {operator}", "BAD_USER_INPUT", {"graphSearch": None})
        return True

    # Around a resource -----------------------------------------------------------------------------------------------

    def expose(self, entity, source="0.0.0.0/0", ports="443", path=()):
        self.exposures.append({"id": f"exp-{next(self.numbers)}", "type": "PUBLIC_INTERNET", "sourceIpRange": source,
                               "portRange": ports, "networkProtocols": ["TCP"], "accessibleFrom": None,
                               "path": [self.entities[step] for step in path], "exposedEntity": self.entities[entity]})

    def grant(self, resource, principal, *types):
        self.access.append({"accessTypes": list(types), "grantedEntity": self.entities[principal],
                            "accessibleResource": self.entities[resource]})

    def use(self, resource, actor, name="GetObject", at=None):
        self.events.append({"__typename": "CloudEvent", "id": f"event-{next(self.numbers)}", "name": name,
                            "externalName": name, "category": "Read", "timestamp": at or stamp(),
                            "actor": {"id": actor, "name": actor, "externalId": actor, "type": "USER_ACCOUNT"},
                            "resource": resource})

    def do_networkExposures(self, filterBy=None, first=None, after=None):
        wanted = ((filterBy or {}).get("exposedEntity") or {}).get("id")
        return self.page([one for one in self.exposures if wanted is None or one["exposedEntity"]["id"] in wanted],
                         first, after)

    @staticmethod
    def resource_ids(filters, name):
        return (((filters or {}).get(name) or {}).get("id") or {}).get("equals")

    def do_entityEffectiveAccessEntries(self, filterBy=None, first=None, after=None):
        wanted = self.resource_ids(filterBy, "resource")
        return self.page([one for one in self.access if wanted is None or one["accessibleResource"]["id"] in wanted],
                         first, after)

    def do_excessiveAccessFindings(self, filterBy=None, first=None, after=None):
        wanted = self.resource_ids(filterBy, "scope")
        return self.page([one for one in self.excessive if wanted is None or one["scope"] in wanted], first, after)

    def do_cloudEvents(self, filterBy=None, first=None, after=None, orderDirection=None):
        wanted = self.resource_ids(filterBy, "resource")
        rows = sorted((one for one in self.events if wanted is None or one["resource"] in wanted),
                      key=lambda one: one["timestamp"], reverse=orderDirection != "ASC")
        return self.page(rows, first, after)

    def do_dataClassifiers(self, filterBy=None, first=None, after=None):
        enabled = (filterBy or {}).get("enabled")
        return self.page([one for one in self.classifiers if enabled is None or one["enabled"] == enabled], first,
                         after)

    def do_automationRules(self, first=None, after=None):
        return self.page(self.rules, first, after)
