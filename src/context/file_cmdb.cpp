// A CMDB in a YAML file: what a resource is for the business.

#include "dossier/base/config.hpp"
#include "dossier/context/file_sources.hpp"
#include "file_problems.hpp"
#include "match.hpp"
#include "watched_file.hpp"

#include <algorithm>
#include <utility>

namespace dossier::context {

namespace {

struct CmdbItem {
    Match match;
    Asset asset;
};
using CmdbFile = std::vector<CmdbItem>;

auto read_item(config::Section& section) -> CmdbItem {
    CmdbItem item{.match = read_match(section)};
    auto& asset = item.asset;
    section.read("business_unit", asset.business_unit);
    section.read("application", asset.application);
    section.read("owner", asset.owner);
    section.read("support_group", asset.support_group);
    std::string environment;
    section.read("environment", environment);
    asset.environment = environment_from_text(environment);
    if (!environment.empty() && asset.environment == Environment::unknown)
        section.problem("environment", "'" + environment + "' is none of prod, staging, test, dev");
    section.read_enum<Criticality>("criticality", asset.criticality,
                                   {{"low", Criticality::low},
                                    {"medium", Criticality::medium},
                                    {"high", Criticality::high},
                                    {"critical", Criticality::critical}});
    return item;
}

auto parse(const std::string& path, CmdbFile& file) -> std::vector<std::string> {
    auto document = config::Document::load(path);
    {
        auto root = document.root();
        for (auto& section : root.items("items")) file.push_back(read_item(section));
    }
    return problems_of(document);
}

auto load(const std::string& path) -> Result<CmdbFile> {
    CmdbFile file;
    if (auto problems = parse(path, file); !problems.empty()) return fail(rejection(problems));
    return file;
}

class FileCmdb final : public CmdbSource {
public:
    FileCmdb(std::string name, std::string path) : name_(std::move(name)), file_(std::move(path), load) {}

    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    [[nodiscard]] auto cache_key(const Resource& /*resource*/) const -> std::string override { return {}; }

    auto ask(Resource resource, Deadline) -> Task<Result<std::optional<Asset>>> override {
        auto file = file_.get();
        if (!file) co_return fail(std::move(file.error()));
        const auto item =
            std::ranges::find_if(**file, [&](const CmdbItem& each) { return each.match.accepts(resource); });
        if (item == (*file)->end()) co_return std::optional<Asset>();
        std::optional<Asset> asset = item->asset;
        asset->rule = "cmdb." + name_ + ":" + item->match.describe();
        asset->origin = "cmdb:" + name_;
        co_return asset;
    }

private:
    std::string name_;
    WatchedFile<CmdbFile> file_;
};

} // namespace

auto open_cmdb_file(std::string name, std::string path) -> std::unique_ptr<CmdbSource> {
    return std::make_unique<FileCmdb>(std::move(name), std::move(path));
}

auto check_cmdb_file(const std::string& path) -> std::vector<std::string> {
    CmdbFile file;
    return parse(path, file);
}

} // namespace dossier::context
