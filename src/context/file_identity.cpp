// Identity from a YAML file: people, who owns what, who can reach what.

#include "dossier/base/config.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/context/file_sources.hpp"
#include "file_problems.hpp"
#include "match.hpp"
#include "watched_file.hpp"

#include <algorithm>
#include <utility>

namespace dossier::context {

namespace {

struct OwnerRule {
    Match match;
    std::string owner; ///< person id or e-mail
};

struct AccessRule {
    Match match;
    std::vector<Principal> principals;
};

struct IdentityFile {
    std::vector<Person> people;
    std::vector<OwnerRule> owners;
    std::vector<AccessRule> access;

    [[nodiscard]] auto find(std::string_view id_or_email) const -> const Person* {
        if (id_or_email.empty()) return nullptr;
        const auto found = std::ranges::find_if(people, [&](const Person& person) {
            return iequals(person.id, id_or_email) || (!person.email.empty() && iequals(person.email, id_or_email));
        });
        return found == people.end() ? nullptr : &*found;
    }
};

auto read_person(config::Section& section) -> Person {
    Person person;
    section.read("id", person.id);
    section.read("name", person.name);
    section.read("email", person.email);
    section.read("manager", person.manager);
    section.read("department", person.department);
    section.read("groups", person.groups);
    section.require("id");
    if (!person.email.empty() && person.email.find('@') == std::string::npos)
        section.problem("email", "'" + person.email + "' is no e-mail address");
    return person;
}

auto read_principal(config::Section& section) -> Principal {
    Principal principal;
    section.read("id", principal.id);
    section.require("id");
    section.read_enum<std::string>("kind", principal.kind,
                                   {{"user", "user"},
                                    {"group", "group"},
                                    {"role", "role"},
                                    {"service", "service"},
                                    {"account", "account"},
                                    {"anyone", "anyone"}});
    section.read_enum<std::string>("level", principal.level,
                                   {{"read", "read"}, {"write", "write"}, {"admin", "admin"}});
    if (principal.kind.empty()) principal.kind = principal.id == "*" ? "anyone" : "user";
    if (principal.level.empty()) principal.level = "read";
    return principal;
}

void read_document(config::Section& root, IdentityFile& file) {
    for (auto& section : root.items("people")) {
        auto person = read_person(section);
        if (file.find(person.id) != nullptr) section.problem("id", "'" + person.id + "' stands here twice");
        file.people.push_back(std::move(person));
    }
    for (auto& section : root.items("owners")) {
        OwnerRule rule{.match = read_match(section)};
        section.read("owner", rule.owner);
        section.require("owner");
        const bool is_email = rule.owner.find('@') != std::string::npos;
        if (!rule.owner.empty() && !is_email && file.find(rule.owner) == nullptr)
            section.problem("owner", "'" + rule.owner + "' is neither an e-mail address nor the id of one of `people`");
        file.owners.push_back(std::move(rule));
    }
    for (auto& section : root.items("access")) {
        AccessRule rule{.match = read_match(section)};
        for (auto& principal : section.items("principals")) rule.principals.push_back(read_principal(principal));
        if (rule.principals.empty()) section.problem("principals", "an access rule names at least one principal");
        file.access.push_back(std::move(rule));
    }
}

auto parse(const std::string& path, IdentityFile& file) -> std::vector<std::string> {
    auto document = config::Document::load(path);
    {
        auto root = document.root();
        read_document(root, file);
    }
    return problems_of(document);
}

auto load_identities(const std::string& path) -> Result<IdentityFile> {
    IdentityFile file;
    if (auto problems = parse(path, file); !problems.empty()) return fail(rejection(problems));
    return file;
}

class FileIdentity final : public IdentitySource {
public:
    FileIdentity(std::string name, std::string path)
        : name_(std::move(name)), file_(std::move(path), load_identities) {}

    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    [[nodiscard]] auto cache_key(const Resource& /*resource*/) const -> std::string override { return {}; }
    [[nodiscard]] auto person_key(const std::string& /*name*/) const -> std::string override { return {}; }

    auto ask(Resource resource, Deadline) -> Task<Result<IdentityAnswer>> override {
        auto file = file_.get();
        if (!file) co_return fail(std::move(file.error()));
        IdentityAnswer answer;
        const auto accepts = [&](const auto& rule) { return rule.match.accepts(resource); };
        const auto& owners = (*file)->owners;
        if (const auto rule = std::ranges::find_if(owners, accepts); rule != owners.end()) {
            OwnerSignal signal{
                .rule = "identity." + name_ + ":" + rule->match.describe(),
                .origin = "identity:" + name_,
                .confidence = 0.85,
            };
            if (const auto* person = (*file)->find(rule->owner))
                signal.person = *person;
            else
                signal.person.email = rule->owner;
            answer.owners.push_back(std::move(signal));
        }
        const auto& access = (*file)->access;
        if (const auto rule = std::ranges::find_if(access, accepts); rule != access.end()) {
            answer.access = rule->principals;
            for (auto& principal : answer.access) principal.origin = "identity:" + name_;
        }
        co_return answer;
    }

    auto person(std::string id_or_email, Deadline) -> Task<Result<std::optional<Person>>> override {
        auto file = file_.get();
        if (!file) co_return fail(std::move(file.error()));
        if (const auto* person = (*file)->find(id_or_email)) co_return std::optional<Person>(*person);
        co_return std::optional<Person>();
    }

private:
    std::string name_;
    WatchedFile<IdentityFile> file_;
};

} // namespace

auto open_identity_file(std::string name, std::string path) -> std::unique_ptr<IdentitySource> {
    return std::make_unique<FileIdentity>(std::move(name), std::move(path));
}

auto check_identity_file(const std::string& path) -> std::vector<std::string> {
    IdentityFile file;
    return parse(path, file);
}

} // namespace dossier::context
