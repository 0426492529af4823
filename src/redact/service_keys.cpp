// Keys without a shape of their own, told by the service in the name they are given: adafruitToken = "…",
// OKTA_API_KEY: …. The value must be as random as a key, so that names of resources and places stay.

#include "characters.hpp"
#include "shapes.hpp"
#include "validators.hpp"

#include <algorithm>
#include <array>

namespace dossier::redact {

namespace {

constexpr std::array services{
    "adafruit",    "adobe",        "airtable",     "algolia",      "amplitude",  "artifactory", "asana",
    "atlassian",   "auth0",        "beamer",       "bintray",      "bitbucket",  "bittrex",     "braintree",
    "bugsnag",     "circleci",     "cloudant",     "cloudflare",   "codecov",    "confluence",  "confluent",
    "contentful",  "datadog",      "discord",      "digitalocean", "dnkey",      "droneci",     "dropbox",
    "etsy",        "facebook",     "fastly",       "figma",        "finicity",   "finnhub",     "flickr",
    "freshbooks",  "gitter",       "heroku",       "hubspot",      "ibm_c",      "ibm-c",       "intercom",
    "jfrog",       "jira",         "kraken",       "kucoin",       "linear",     "linkedin",    "linked_in",
    "linked-in",   "launchdarkly", "looker",       "mailchimp",    "mailgun",    "mapbox",      "mattermost",
    "meraki",      "messagebird",  "message-bird", "message_bird", "mixpanel",   "netlify",     "newrelic",
    "new-relic",   "new_relic",    "nytimes",      "okta",         "opsgenie",   "pagerduty",   "plaid",
    "postmark",    "pusher",       "rapidapi",     "rollbar",      "salesforce", "sendbird",    "sentry",
    "shopify",     "snowflake",    "snyk",         "softlayer",    "sonar",      "sourcegraph", "splunk",
    "squarespace", "sumologic",    "sumo_",        "sumo-",        "sumotoken",  "sumokey",     "sumoaccess",
    "telegr",      "travis",       "trello",       "twilio",       "twitch",     "twitter",     "typeform",
    "vercel",      "xray",         "yandex",       "zendesk"};

/// Long, of letters and digits without words, and at its end.
auto check_service_key(Candidate& c) -> bool {
    const auto value = c.value();
    const auto after = c.after(1);
    if (!after.empty() && (is_letter(after[0]) || is_digit(after[0]) || after == "(" || after == "{")) return false;
    const auto digits = std::ranges::count_if(value, is_digit);
    const auto separators =
        std::ranges::count_if(value, [](char x) { return x == '.' || x == '/' || x == ':' || x == '-'; });
    // 8-4-4-4-12: some services give out UUIDs as keys.
    const bool is_uuid = value.size() == 36 && value[8] == '-' && value[13] == '-' && value[18] == '-';
    // Small and capital letters mixed are no word either.
    const bool is_mixed = std::ranges::any_of(value.substr(1), [](char x) { return x >= 'A' && x <= 'Z'; }) &&
                          std::ranges::any_of(value, [](char x) { return x >= 'a' && x <= 'z'; });
    return digits >= (is_mixed ? 1 : 2) && (separators <= 2 || is_uuid || value.size() >= 40) &&
           value.find("://") == value.npos && entropy_of(value) >= (value.size() >= 24 ? 3.0 : 2.7) && check_token(c);
}

} // namespace

void add_service_keys(std::vector<Shape>& rows) {
    // The head has told the service; what follows is alike for all.
    rows.push_back({.kind = "SECRET",
                    .heads = {services.begin(), services.end()},
                    .pattern = R"([\w.\-]{3,40}[\s'"\\]{0,4}(?:=>|[:?]{0,3}=|\|\||:|>|,)[\x60'"\s=\\]{0,6})"
                               R"(([A-Za-z0-9][\w.=\-+/%:]{13,250}))",
                    .check = check_service_key,
                    .any_case = true});
}

} // namespace dossier::redact
