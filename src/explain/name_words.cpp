#include "name_words.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace dossier::explain {
namespace {

constexpr std::size_t longest_name = 300;
constexpr std::size_t longest_joined = 40; ///< of a word that may be several written together

auto is_lower(char c) -> bool { return c >= 'a' && c <= 'z'; }
auto is_upper(char c) -> bool { return c >= 'A' && c <= 'Z'; }
auto is_numeral(char c) -> bool { return c >= '0' && c <= '9'; }

/// Latin letters with marks as plain ones: é → e, ä → ae, ß → ss.
auto folded_accents(std::string_view text) -> std::string {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 31> marks{{
        {"ä", "ae"}, {"ö", "oe"}, {"ü", "ue"}, {"Ä", "Ae"}, {"Ö", "Oe"}, {"Ü", "Ue"}, {"ß", "ss"}, {"à", "a"},
        {"á", "a"},  {"â", "a"},  {"ã", "a"},  {"ç", "c"},  {"è", "e"},  {"é", "e"},  {"ê", "e"},  {"ë", "e"},
        {"ì", "i"},  {"í", "i"},  {"î", "i"},  {"ï", "i"},  {"ñ", "n"},  {"ò", "o"},  {"ó", "o"},  {"ô", "o"},
        {"õ", "o"},  {"ù", "u"},  {"ú", "u"},  {"û", "u"},  {"É", "E"},  {"Ñ", "N"},  {"Ç", "C"},
    }};
    std::string plain(text);
    for (const auto& [mark, letter] : marks) plain = replace_all(std::move(plain), mark, letter);
    return plain;
}

/// Lower-case runs: at separators, before a capital after a small letter, and before the last capital of several.
auto raw_words(std::string_view name) -> Words {
    Words words;
    std::string word;
    const auto end_word = [&] {
        if (!word.empty()) words.push_back(lower(word));
        word.clear();
    };
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        if (!is_lower(c) && !is_upper(c) && !is_numeral(c)) {
            end_word();
            continue;
        }
        if (is_upper(c) && i > 0) {
            const bool after_small = is_lower(name[i - 1]) || is_numeral(name[i - 1]);
            const bool before_small = i + 1 < name.size() && is_lower(name[i + 1]) && is_upper(name[i - 1]);
            // "PRODUCTs", "IDs": a plural s belongs to the capitals before it.
            const bool is_plural =
                before_small && name[i + 1] == 's' && (i + 2 == name.size() || !is_lower(name[i + 2]));
            if (after_small || (before_small && !is_plural)) end_word();
        }
        word += c;
    }
    end_word();
    return words;
}

auto singular_of(const std::string& word) -> std::string {
    if (word.size() > 4 && word.ends_with("ies")) return word.substr(0, word.size() - 3) + "y";
    if (word.size() > 5 && (word.ends_with("sses") || word.ends_with("xes") || word.ends_with("ches")))
        return word.substr(0, word.size() - 2);
    if (word.size() > 3 && word.ends_with('s') && !word.ends_with("ss") && !word.ends_with("us") &&
        !word.ends_with("is"))
        return word.substr(0, word.size() - 1);
    return word;
}

class Cutter {
public:
    explicit Cutter(const ClassificationKnowledge& knowledge) : knowledge_(knowledge) {}

    auto cut(const Words& raw) const -> Words {
        Words out;
        for (std::size_t i = 0; i < raw.size();) {
            const auto taken = joined(raw, i, out);
            if (taken > 0) {
                i += taken;
                continue;
            }
            single(raw[i], out);
            ++i;
        }
        return out;
    }

private:
    /// Two or three raw words that together are one entry: "code postal", "mot de passe", "pass word".
    auto joined(const Words& raw, std::size_t at, Words& out) const -> std::size_t {
        for (std::size_t count = 3; count >= 2; --count) {
            if (at + count > raw.size()) continue;
            auto key = raw[at];
            for (std::size_t i = 1; i < count; ++i) key += "_" + raw[at + i];
            if (const auto known = knowledge_.expand.find(key); known != knowledge_.expand.end()) {
                out.insert(out.end(), known->second.begin(), known->second.end());
                return count;
            }
        }
        return 0;
    }

    auto known(const std::string& word) const -> std::optional<Words> {
        if (const auto entry = knowledge_.expand.find(word); entry != knowledge_.expand.end()) return entry->second;
        if (const auto one = singular_of(word); one != word && !knowledge_.vocabulary.contains(word)) {
            if (const auto entry = knowledge_.expand.find(one); entry != knowledge_.expand.end()) return entry->second;
            if (knowledge_.vocabulary.contains(one)) return Words{one};
        }
        if (knowledge_.vocabulary.contains(word)) {
            const auto one = singular_of(word);
            return Words{one != word && knowledge_.vocabulary.contains(one) ? one : word};
        }
        return std::nullopt;
    }

    void single(const std::string& word, Words& out) const {
        if (auto words = known(word)) {
            out.insert(out.end(), words->begin(), words->end());
            return;
        }
        if (const auto digits = std::ranges::find_if(word, is_numeral);
            digits != word.begin() && digits != word.end()) {
            single(std::string(word.begin(), digits), out);
            out.emplace_back(digits, word.end());
            return;
        }
        if (auto words = written_together(word)) {
            for (const auto& one : *words) single(one, out);
            return;
        }
        out.push_back(singular_of(word));
    }

    /// The cut into the fewest known words of three letters and more, or "id" at the end.
    auto written_together(const std::string& word) const -> std::optional<Words> {
        if (word.size() < 5 || word.size() > longest_joined) return std::nullopt;
        std::vector<std::optional<Words>> best(word.size() + 1);
        best[0] = Words{};
        for (std::size_t end = 2; end <= word.size(); ++end) {
            for (std::size_t begin = 0; begin + 2 <= end; ++begin) {
                if (!best[begin]) continue;
                const auto piece = word.substr(begin, end - begin);
                const bool is_tail =
                    end == word.size() && begin >= 4 && (piece == "id" || piece == "no" || piece == "nr");
                if ((piece.size() < 3 && !is_tail) || !known(piece)) continue;
                if (best[end] && best[end]->size() <= best[begin]->size() + 1) continue;
                best[end] = *best[begin];
                best[end]->push_back(piece);
            }
        }
        return best[word.size()];
    }

    const ClassificationKnowledge& knowledge_;
};

} // namespace

auto words_of(const ClassificationKnowledge& knowledge, std::string_view name) -> Words {
    auto words = Cutter(knowledge).cut(raw_words(folded_accents(name.substr(0, longest_name))));
    // "…_no" is a number, "no" elsewhere is the word.
    if (words.size() > 1 && words.back() == "no") words.back() = "number";
    return words;
}

auto path_words(const ClassificationKnowledge& knowledge, std::string_view path) -> std::vector<Words> {
    std::vector<Words> parts;
    for (const auto part : split(path.substr(0, longest_name), '.'))
        if (auto words = words_of(knowledge, part); !words.empty()) parts.push_back(std::move(words));
    return parts;
}

} // namespace dossier::explain
