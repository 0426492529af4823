#pragma once
// What was found of the texts asked about last. The texts of a rule, a regulation or a step come with every finding,
// and those of a finding are asked about for evidence, for grounding and for the ticket. One a thread, so it needs no
// lock; bounded in bytes, and emptied when it is full.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace dossier {

template <class Found>
class RecentTexts {
public:
    /// @param most_kept bytes of texts with what is kept beside them
    /// @param cost_of_one bytes that one finding takes beside its text, about
    RecentTexts(std::size_t most_kept, std::size_t cost_of_one) : most_kept_(most_kept), cost_of_one_(cost_of_one) {}

    /// What is known of the text, else what `find` says of it. Good until the next call.
    template <class Find>
    auto of(std::string_view text, Find find) -> const Found& {
        if (const auto known = found_.find(text); known != found_.end()) return known->second;
        std::string key(text);
        auto found = find(key);
        bytes_ += text.size() + cost_of_one_;
        if (bytes_ > most_kept_) {
            found_.clear();
            bytes_ = text.size() + cost_of_one_;
        }
        return found_.emplace(std::move(key), std::move(found)).first->second;
    }

private:
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    std::size_t most_kept_;
    std::size_t cost_of_one_;
    std::unordered_map<std::string, Found, Hash, std::equal_to<>> found_;
    std::size_t bytes_ = 0;
};

} // namespace dossier
