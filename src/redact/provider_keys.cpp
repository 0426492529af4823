// Keys that their provider gave a prefix of its own: what one begins with, and what follows. Lengths are the least that
// the provider gives; a longer run is masked whole. Facts from the providers' documents and the rules of public secret
// scanners.

#include "shapes.hpp"

#include <array>

namespace dossier::redact {

namespace {

struct ProviderKey {
    const char* head;
    const char* body;
    bool any_case = false; ///< of the head
};

constexpr std::array provider_keys{
    // Code hosts, registries and builds.
    ProviderKey{"gh[pousr]_", "[0-9A-Za-z]{36,}"},
    ProviderKey{"github_pat_", R"(\w{22,})"},
    ProviderKey{"gl(?:pat|dt|rt|ft|soat|cbt)-", R"([\w\-.]{20,})"},
    ProviderKey{"glptt-", "[0-9a-f]{40,}"},
    ProviderKey{"glimt-", R"([\w\-]{25,})"},
    ProviderKey{"glagent-", R"([\w\-]{50,})"},
    ProviderKey{"gl(?:oas|ffct)-", R"([\w\-]{20,})"},
    ProviderKey{"GR1348941", R"([\w\-]{20,})"},
    ProviderKey{"_gitlab_session=", "[0-9a-z]{32}"},
    ProviderKey{"npm_", "[A-Za-z0-9]{36,}"},
    ProviderKey{"pypi-", R"([\w\-]{50,})"},
    ProviderKey{"rubygems_", "[a-f0-9]{48}"},
    ProviderKey{"dckr_pat_", R"([\w\-]{20,})"},
    ProviderKey{"oy2", "[a-z0-9]{43}"},
    ProviderKey{"AKC[a-zA-Z0-9]", "[A-Za-z0-9]{9,}"},
    ProviderKey{"AP[0-9A-F]", "[A-Za-z0-9]{24,}"},
    ProviderKey{"cmVmd", "[A-Za-z0-9]{59}"},
    ProviderKey{"sgp_(?:local_|[a-fA-F0-9]{16}_)", "[a-fA-F0-9]{40}"},
    ProviderKey{"sgp_", "[a-fA-F0-9]{40}"},
    ProviderKey{"pul-", "[a-f0-9]{40}"},
    ProviderKey{"pnu_", "[A-Za-z0-9]{36}"},
    ProviderKey{"API-", R"([A-Z0-9]{26}\b)"},
    ProviderKey{"bkua_", "[a-z0-9]{40}"},
    ProviderKey{"CCIPAT_", "[A-Za-z0-9_]{40,}"},

    // Clouds and hosting.
    ProviderKey{"LTAI", "[A-Za-z0-9]{16,20}"},
    ProviderKey{"ABSK", "[A-Za-z0-9+/]{109,269}={0,2}"},
    ProviderKey{"AIza", R"([\w\-]{35,})"},
    ProviderKey{R"(ya29\.)", R"([\w\-]{20,})"},
    ProviderKey{"GOCSPX-", R"([\w\-]{20,})"},
    ProviderKey{"do[opr]_v1_", "[a-f0-9]{64}"},
    ProviderKey{"HRKU-AA", R"([\w\-]{58})"},
    ProviderKey{"dapi", R"([a-f0-9]{32}(?:-\d)?)"},
    ProviderKey{"pscale_(?:oauth|pw|tkn)_", R"([\w=.\-]{32,64})"},
    ProviderKey{"sha256~", R"([\w\-]{43})"},
    ProviderKey{"tk-us-", R"([\w\-]{48})"},
    ProviderKey{"4b1d", "[A-Za-z0-9]{38}"},
    ProviderKey{"fly?o1_|FlyV1 fm[12]_", R"([\w+/=\-,]{40,})"},
    ProviderKey{"rnd_", "[A-Za-z0-9]{28,}"},
    ProviderKey{"nfp_", "[A-Za-z0-9]{36,}"},
    ProviderKey{R"(hv[sbr]\.)", R"([\w\-]{24,})"},
    ProviderKey{R"([A-Za-z0-9]{14}\.atlasv1\.)", R"([\w\-=]{60,70})"},
    ProviderKey{R"(dt0[a-zA-Z]01\.)", R"([A-Z0-9]{24}\.[A-Z0-9]{64})", true},
    ProviderKey{R"(pat[A-Za-z0-9]{14}\.)", "[a-f0-9]{64}"},
    ProviderKey{"EZ[AT]K", "[A-Za-z0-9]{54}"},

    // Models.
    ProviderKey{"sk-(?:proj|ant|svcacct|admin|or)-", R"([\w\-]{20,})"},
    ProviderKey{"sk-", R"([A-Za-z0-9_\-]{20,})"},
    ProviderKey{"hf_", R"([A-Za-z]{34}\b)"},
    ProviderKey{"api_org_", "[A-Za-z]{34}"},
    ProviderKey{"pplx-", "[A-Za-z0-9]{48,}"},
    ProviderKey{"gsk_", "[A-Za-z0-9]{48,}"},
    ProviderKey{"xai-", "[A-Za-z0-9]{60,}"},
    ProviderKey{"r8_", "[A-Za-z0-9]{37,}"},

    // People talking.
    ProviderKey{"xox[abeoprs]-", R"([A-Za-z0-9\-]{10,})"},
    ProviderKey{R"(xox[be]\.xox[bp]-)", R"(\d-[A-Za-z0-9]{100,})"},
    ProviderKey{R"(xapp-\d-)", R"([A-Z0-9]+-\d+-[a-z0-9]+)", true},
    ProviderKey{R"([MNO][\w\-]{23,25}\.[\w\-]{6}\.)", R"([\w\-]{27,})"},
    ProviderKey{R"(\d{5,16}:A)", R"([\w\-]{34}\b)"},
    ProviderKey{"SK[a-f0-9]", R"([a-f0-9]{31}\b)"},
    ProviderKey{"AC[a-f0-9]", R"([a-f0-9]{31}\b)"},
    ProviderKey{R"(SG\.)", R"([\w=\-.]{60,})"},
    ProviderKey{"xkeysib-", "[a-f0-9]{64}-[A-Za-z0-9]{16}"},
    ProviderKey{"key-[a-f0-9]", R"([a-f0-9]{31}\b)"},
    ProviderKey{R"([a-f0-9]{32}-us\d)", R"(\d?\b)"},
    ProviderKey{"pubkey-", "[a-f0-9]{32}"},
    ProviderKey{"intercom_|ic_live_", "[A-Za-z0-9_]{30,}"},

    // Money and shops.
    ProviderKey{"(?:sk|rk|pk)_(?:live|test|prod)_", "[A-Za-z0-9]{10,}"},
    ProviderKey{"whsec_", "[A-Za-z0-9+/=]{20,}"},
    ProviderKey{"sq0(?:atp|csp|idp)-", R"([\w\-]{20,})"},
    ProviderKey{"EAAA", R"([\w\-]{22,60})"},
    ProviderKey{"shp(?:at|ca|pa|ss)_", "[a-fA-F0-9]{32}"},
    ProviderKey{"FLW(?:SEC|PUB)K_TEST-", "[A-Za-z0-9]{12,}(?:-X)?"},
    ProviderKey{"FLW(?:SEC|PUB)K-", "[A-Za-z0-9]{32}-X"},
    ProviderKey{"shippo_(?:live|test)_", "[a-fA-F0-9]{40}"},
    ProviderKey{"duffel_(?:test|live)_", R"([\w\-=]{43})"},
    ProviderKey{"(?:test|live)_pub_", "[a-f0-9]{31}"},
    ProviderKey{R"(access_token\$production\$)", R"([0-9a-z]{16}\$[0-9a-f]{32})"},
    ProviderKey{"p8e-", "[A-Za-z0-9]{32}"},

    // Watching and planning.
    ProviderKey{"glsa_", "[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}"},
    ProviderKey{"glc_", "[A-Za-z0-9+/]{32,}={0,2}"},
    ProviderKey{"eyJrIjoi", "[A-Za-z0-9]{70,}={0,2}"},
    ProviderKey{"sntrys_", "[A-Za-z0-9+/=_]{40,}"},
    ProviderKey{"sntryu_", "[a-f0-9]{60,}"},
    ProviderKey{"NR(?:AK|II|JS|IQ|RA)-", R"([A-Za-z0-9\-]{19,})"},
    ProviderKey{"dd[ap]_", "[A-Za-z0-9]{32,}"},
    ProviderKey{"lin_(?:api|oauth)_", "[A-Za-z0-9]{40,}"},
    ProviderKey{"AT[AC]TT3", R"([\w\-=]{40,})"},
    ProviderKey{"ATBB", "[A-Za-z0-9]{32,}"},
    ProviderKey{"PMAK-", R"([a-fA-F0-9]{24}-[a-fA-F0-9]{34})"},
    ProviderKey{"rdme_", "[a-z0-9]{70}"},
    ProviderKey{"(?:secret|ntn)_", R"([A-Za-z0-9]{43,46}\b)"},
    ProviderKey{"figd_", R"([\w\-]{40,})"},
    ProviderKey{"tfp_", R"([\w\-.=]{59})"},
    ProviderKey{"fio-u-", R"([\w\-=]{64})"},
    ProviderKey{R"(sl\.)", R"([\w\-=]{130,})"},
    ProviderKey{"dnkey-", R"([a-z0-9=_\-]{26}-[a-z0-9=_\-]{52})"},
    ProviderKey{"s-s4t2(?:ud|af)-", "[a-f0-9]{64}", true},
    ProviderKey{"sm_[aps]at_", "[A-Za-z0-9]{16}"},
    ProviderKey{"(?:sc|ext|scauth|authress)_",
                R"([a-z0-9]{5,30}\.[A-Za-z0-9]{4,6}\.acc[_\-][a-z0-9\-]{10,32}\.[A-Za-z0-9+/_=\-]{30,120})"},
    ProviderKey{"ops_eyJ", "[A-Za-z0-9+/=]{100,}"},
    ProviderKey{"A3-[A-Z0-9]{6}-", "(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}"},
    ProviderKey{"tskey-[a-z]{3,7}-", "[A-Za-z0-9-]{20,}"},
    ProviderKey{"phc_|phx_", "[A-Za-z0-9]{40,}"},

    // Meta.
    ProviderKey{"EAA[MC]", "[A-Za-z0-9]{60,}"},
    ProviderKey{R"(\d{15,16}(?:\||%7C|%))", R"([\w\-]{27,40})", true},
};

} // namespace

void add_provider_keys(std::vector<Shape>& rows) {
    for (const auto& key : provider_keys) {
        const std::string head = std::string(R"(\b(?:)") + key.head + ")";
        rows.push_back({.kind = "SECRET",
                        .heads = {head},
                        .pattern = (key.any_case ? "(?i:" + head + ")" : head) + key.body,
                        .check = check_token,
                        .any_case = key.any_case});
    }
    rows.push_back(
        {.kind = "SECRET", .heads = {R"(\bAGE-SECRET-KEY-1)"}, .pattern = R"(\bAGE-SECRET-KEY-1[A-Z0-9]{58})"});
    rows.push_back({.kind = "SECRET",
                    .heads = {R"(https://hooks\.slack\.com/)", R"(https://discord(?:app)?\.com/api/webhooks/)"},
                    .pattern = R"(https://(?:hooks\.slack\.com/(?:services|workflows|triggers)|)"
                               R"(discord(?:app)?\.com/api/webhooks)/([\w+/\-]{20,}))",
                    .check = check_token});
    rows.push_back({.kind = "SECRET",
                    .heads = {R"(api\.softlayer\.com/soap/v3)"},
                    .pattern = R"(api\.softlayer\.com/soap/v3(?:\.1)?/([a-z0-9]{64}))"});
}

} // namespace dossier::redact
