#include "dossier/context/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::context {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

auto errors_in(const std::string& cmdb) -> std::vector<std::string> {
    auto document = config::Document::parse("cmdb: [" + cmdb + "]", "d.yaml");
    {
        auto root = document.root();
        (void)read_context(root);
    }
    std::vector<std::string> errors;
    for (const auto& problem : document.problems())
        if (!problem.is_warning) errors.push_back(problem.describe());
    return errors;
}

TEST(CmdbConfig, TellsWhatIsWrong) {
    struct Row {
        const char* text;
        const char* expected;
    };
    const Row rows[] = {
        {"{kind: http, url: 'https://c.example/'}", "cmdb[0].map: is required"},
        {"{kind: http, url: 'https://c.example/', map: {buisness_unit: /bu}}",
         "cmdb[0].map: unknown name `buisness_unit`; did you mean `business_unit`?"},
        {"{kind: http, url: 'https://c.example/', map: {owner: item/owner}}", "a JSON pointer begins with `/`"},
        {"{kind: http, url: 'https://c.example/{resource.acount}', map: {owner: /o}}",
         "cmdb[0].url: `{resource.acount}` is no place for something known of a resource; did you mean "
         "`{resource.account}`?"},
        {"{kind: http, url: 'https://{resource.name}.example/', map: {owner: /o}}", "cmdb[0].url: "},
        {"{kind: http, url: 'https://c.example/', map: {owner: /o}, user: u}", "cmdb[0].user: needs `password`"},
        {"{kind: http, url: 'https://c.example/', map: {owner: /o}, user: u, password: p, token: t}",
         "cmdb[0].token: either `token` or"},
        {"{kind: http, url: 'https://c.example/', map: {owner: /o}, table: t}",
         "cmdb[0].table: is not used by kind `http`"},
        {"{kind: servicenow, url: 'https://s.example'}", "needs `user` and `password`, or `client_id`"},
        {"{kind: servicenow, url: 'https://s.example', client_id: c}", "cmdb[0].client_id: needs `client_secret`"},
        {"{kind: servicenow, url: 'https://s.example', user: u, password: p, auth_url: 'https://s.example/o'}",
         "cmdb[0].auth_url: needs `client_id`"},
        {"{kind: servicenow, url: 'https://s.example', user: u, password: p, table: 'cmdb_ci?x'}",
         "cmdb[0].table: a table's name"},
        {"{kind: servicenow, url: 'https://s.example', user: u, password: p, map: {owner: 'u_owner^x'}}",
         "cmdb[0].map: `owner`: a column's name"},
        {"{kind: backstage, url: 'https://b.example', annotations: ['a,b']}", "cmdb[0].annotations: `a,b` is no key"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.text);
        EXPECT_THAT(errors_in(row.text), Contains(HasSubstr(row.expected)));
    }
}

TEST(CmdbConfig, TakesWhatTheContractShows) {
    for (const auto* text :
         {"{kind: http, url: 'https://cmdb.acme.example/items?resource={resource.id}', headers: {}, map: "
          "{business_unit: /item/bu, owner: /item/owner}}",
          "{kind: servicenow, url: 'https://acme.service-now.com', user: u, password: p, rate: 5/s, cache_ttl: 1h}",
          "{kind: servicenow, url: 'https://acme.service-now.com', client_id: c, client_secret: s, user: u, password: "
          "p, "
          "map: {owner: u_steward}}",
          "{kind: backstage, url: 'https://backstage.acme.example', token: t, annotations: [acme.example/arn]}"})
        EXPECT_THAT(errors_in(text), IsEmpty()) << text;
}

} // namespace
} // namespace dossier::context
