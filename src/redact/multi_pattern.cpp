#include "multi_pattern.hpp"

#include <fmt/format.h>
#include <hs/hs.h>

#include <cstdlib>
#include <limits>
#include <mutex>
#include <utility>

namespace dossier::redact {

namespace {

struct FreeDatabase {
    void operator()(hs_database_t* database) const { hs_free_database(database); }
};
struct FreeScratch {
    void operator()(hs_scratch_t* scratch) const { hs_free_scratch(scratch); }
};
using Database = std::unique_ptr<hs_database_t, FreeDatabase>;
using Scratch = std::unique_ptr<hs_scratch_t, FreeScratch>;

auto flags_of(const MultiPattern::Pattern& pattern) -> unsigned { return pattern.any_case ? HS_FLAG_CASELESS : 0U; }

auto refusal(std::string_view pattern, hs_compile_error_t* error) -> Error {
    Error refused{.code = Errc::invalid_argument,
                  .message = fmt::format("the pattern '{}' can't be searched for: {}", pattern,
                                         error != nullptr ? error->message : "unknown reason")};
    hs_free_compile_error(error);
    return refused;
}

auto width_of(const MultiPattern::Pattern& pattern) -> Result<MultiPattern::Width> {
    hs_expr_info_t* info = nullptr;
    hs_compile_error_t* error = nullptr;
    if (hs_expression_info(pattern.text.c_str(), flags_of(pattern), &info, &error) != HS_SUCCESS)
        return std::unexpected(refusal(pattern.text, error));
    const MultiPattern::Width width{.least = info->min_width, .most = info->max_width};
    std::free(info); // NOLINT(cppcoreguidelines-no-malloc): the library's own allocator is malloc
    if (width.least == 0 || width.most == std::numeric_limits<unsigned>::max())
        return fail(Errc::invalid_argument, fmt::format("the pattern '{}' has no bounded width", pattern.text));
    return width;
}

auto keep_hit(unsigned id, unsigned long long, unsigned long long to, unsigned, void* hits) -> int {
    static_cast<std::vector<MultiPattern::Hit>*>(hits)->push_back({.pattern = id, .end = static_cast<std::size_t>(to)});
    return 0;
}

} // namespace

/// A scan needs scratch space of its own; those of scans that are over wait here for the next.
struct MultiPattern::Engine {
    Database database;
    Scratch prototype;
    std::mutex mutex;
    std::vector<Scratch> idle;

    auto take() -> Scratch {
        {
            const std::scoped_lock lock(mutex);
            if (!idle.empty()) {
                auto scratch = std::move(idle.back());
                idle.pop_back();
                return scratch;
            }
        }
        hs_scratch_t* scratch = nullptr;
        if (hs_clone_scratch(prototype.get(), &scratch) != HS_SUCCESS) throw std::bad_alloc();
        return Scratch(scratch);
    }
    void give_back(Scratch scratch) {
        const std::scoped_lock lock(mutex);
        idle.push_back(std::move(scratch));
    }
};

MultiPattern::MultiPattern(std::unique_ptr<Engine> engine, std::vector<Width> widths)
    : engine_(std::move(engine)), widths_(std::move(widths)) {}
MultiPattern::~MultiPattern() = default;
MultiPattern::MultiPattern(MultiPattern&&) noexcept = default;
MultiPattern& MultiPattern::operator=(MultiPattern&&) noexcept = default;

auto MultiPattern::make(const std::vector<Pattern>& patterns) -> Result<MultiPattern> {
    std::vector<const char*> texts;
    std::vector<unsigned> flags;
    std::vector<unsigned> ids;
    std::vector<Width> widths;
    for (const auto& pattern : patterns) {
        const auto width = width_of(pattern);
        if (!width) return std::unexpected(width.error());
        ids.push_back(static_cast<unsigned>(widths.size()));
        widths.push_back(*width);
        texts.push_back(pattern.text.c_str());
        flags.push_back(flags_of(pattern));
    }
    hs_database_t* database = nullptr;
    hs_compile_error_t* error = nullptr;
    if (hs_compile_multi(texts.data(), flags.data(), ids.data(), static_cast<unsigned>(texts.size()), HS_MODE_BLOCK,
                         nullptr, &database, &error) != HS_SUCCESS) {
        const auto at = error != nullptr && error->expression >= 0 ? static_cast<std::size_t>(error->expression) : 0;
        return std::unexpected(refusal(at < patterns.size() ? patterns[at].text : "", error));
    }
    auto engine = std::make_unique<Engine>();
    engine->database.reset(database);
    hs_scratch_t* scratch = nullptr;
    if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS)
        return fail(Errc::internal, "no memory to search for patterns");
    engine->prototype.reset(scratch);
    return MultiPattern(std::move(engine), std::move(widths));
}

void MultiPattern::scan(std::string_view text, std::vector<Hit>& hits) const {
    auto scratch = engine_->take();
    // A text of 4 GiB is beyond every bound of a request, and a failed scan must not pass for a clean text.
    const bool is_scanned = text.size() <= std::numeric_limits<unsigned>::max() &&
                            hs_scan(engine_->database.get(), text.data(), static_cast<unsigned>(text.size()), 0,
                                    scratch.get(), keep_hit, &hits) == HS_SUCCESS;
    engine_->give_back(std::move(scratch));
    if (!is_scanned) throw std::length_error("a text could not be searched for identifiers");
}

} // namespace dossier::redact
