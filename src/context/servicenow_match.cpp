#include "servicenow_match.hpp"

#include "dossier/base/strings.hpp"
#include "servicenow_table.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

namespace dossier::context {
namespace {

/// Words in a resource's type and the words of the CI classes that stand for it.
struct ClassHint {
    std::string_view type;
    std::array<std::string_view, 4> classes;
};
constexpr ClassHint class_hints[] = {
    {"bucket", {"storage", "bucket", "s3", "blob"}},
    {"storage", {"storage", "bucket", "s3", "blob"}},
    {"blob", {"storage", "bucket", "s3", "blob"}},
    {"database", {"database", "db", "rds", "sql"}},
    {"sql", {"database", "db", "rds", "sql"}},
    {"rds", {"database", "db", "rds", "sql"}},
    {"virtualmachine", {"vm", "server", "ec2", "compute"}},
    {"instance", {"vm", "server", "ec2", "instance"}},
    {"vm", {"vm", "server", "ec2", "compute"}},
    {"function", {"function", "lambda", "serverless", "faas"}},
};

auto class_fits(const Resource& resource, const std::string& ci_class) -> bool {
    const auto type = lower(resource.type);
    const auto there = lower(ci_class);
    return std::ranges::any_of(class_hints, [&](const ClassHint& hint) {
        return type.find(hint.type) != std::string::npos &&
               std::ranges::any_of(hint.classes, [&](auto word) { return there.find(word) != std::string::npos; });
    });
}

/// An id that names one resource in the world, unlike the ids of platforms.
auto is_whole_id(std::string_view id) -> bool {
    return id.starts_with("arn:") || id.starts_with("//") || icontains(id.substr(0, 15), "/subscriptions/");
}

struct Candidate {
    std::size_t row = 0;
    int strength = 0; ///< whole id 4, its last part 3, link 2, name 1
    std::string how;
    bool fits = false;
    bool operates = false;
    std::string changed;

    [[nodiscard]] auto rank() const { return std::tie(strength, fits, operates, changed); }
};

auto candidate(const Json& row, std::size_t index, const Resource& resource, const std::vector<std::string>& ids)
    -> std::optional<Candidate> {
    const auto is_one_of = [](const std::string& text, const std::vector<std::string>& wanted) {
        return !text.empty() && std::ranges::any_of(wanted, [&](const auto& one) { return iequals(text, one); });
    };
    Candidate found{.row = index};
    if (const auto id = stored(row, "object_id"); is_one_of(id, ids)) {
        found.strength = iequals(id, ids.front()) ? 4 : 3;
        found.how = "object_id=" + id;
    } else if (const auto link = stored(row, "correlation_id"); is_one_of(link, ids)) {
        found.strength = 2;
        found.how = "correlation_id=" + link;
    } else if (const auto name = stored(row, "name"); is_one_of(name, {resource.name})) {
        // Names repeat over accounts; a row that says whose it is is not taken for another resource of that name.
        if (!ids.empty() && is_whole_id(ids.front()) && is_whole_id(stored(row, "object_id"))) return std::nullopt;
        found.strength = 1;
        found.how = "name=" + name;
    } else {
        return std::nullopt;
    }
    const auto operational = stored(row, "operational_status");
    const auto installed = stored(row, "install_status");
    found.fits = class_fits(resource, stored(row, "sys_class_name"));
    found.operates = (operational.empty() || operational == "1") && installed != "7"; // 7: retired
    found.changed = stored(row, "sys_updated_on");
    return found;
}

} // namespace

auto id_spellings(const Resource& resource) -> std::vector<std::string> {
    const std::string id(trim(resource.id));
    if (id.empty()) return {};
    std::vector<std::string> spellings{id};
    const auto last = id.substr(id.find_last_of("/:") + 1);
    // The last part of an Azure path or of an ARN with a path may be a common word ("default"); only ids that can't be
    // anything else stand for the whole: buckets, instances and the like, which have ARNs of one part.
    const bool is_arn = id.starts_with("arn:");
    if (is_arn && last.size() >= 3 && last != id) spellings.push_back(last);
    return spellings;
}

auto match_ci(const std::vector<Json>& rows, const Resource& resource) -> std::optional<CiMatch> {
    const auto ids = id_spellings(resource);
    std::vector<Candidate> found;
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (auto one = candidate(rows[i], i, resource, ids)) found.push_back(std::move(*one));
    if (found.empty()) return std::nullopt;
    const auto best = std::ranges::max_element(found, {}, [](const Candidate& one) { return one.rank(); });
    CiMatch match{.row = best->row, .how = best->how};
    const Candidate* next = nullptr;
    for (const auto& one : found) {
        if (&one == &*best || one.strength != best->strength) continue;
        ++match.rivals;
        if (next == nullptr || one.rank() > next->rank()) next = &one;
    }
    if (next != nullptr)
        match.preferred = best->fits != next->fits           ? "of the fitting class"
                          : best->operates != next->operates ? "in operation"
                                                             : "changed last";
    return match;
}

} // namespace dossier::context
