#pragma once
// What makes two findings alike for an explanation: their evidence says the same but for the particulars of each (what
// the resource is called, its account, its owner, how many records, when it was seen). A text written about one can
// then serve another: particulars are taken out by code and those of the other put in. What a text says in words of its
// own about a particular can't be replaced; sentences with a piece of one are left out, and the grounding check of the
// filled text finds the rest.

#include "dossier/explain/grounding.hpp"

#include <set>
#include <string>
#include <vector>

namespace dossier::explain {

class Likeness {
public:
    /// @param shown evidence as a model sees it: redacted
    explicit Likeness(const EvidenceList& shown);
    /// Equal for like findings; "" where evidence from outside holds one of our own marks, so that nothing is shared.
    [[nodiscard]] auto key() const -> const std::string& { return key_; }
    /// The text with a mark such as {OWNER_1} in the place of each particular, without the sentences that hold a word
    /// of a particular yet (the first name of an owner): nobody else's text may.
    [[nodiscard]] auto generalise(DraftedNarrative text) const -> DraftedNarrative;
    /// The text of a like finding with the particulars of this one.
    [[nodiscard]] auto fill(DraftedNarrative text) const -> DraftedNarrative;

private:
    struct Particular {
        std::string mark;
        std::string value;
        std::string evidence;    ///< id of the item that it stands in
        bool everywhere = false; ///< else in sentences that cite that item only: "5" may mean anything elsewhere
    };
    void add(const std::string& role, std::string value, const Evidence& item);
    [[nodiscard]] auto abstract(const std::string& text, const std::vector<std::string>& cited) const -> std::string;
    [[nodiscard]] auto filled(std::string text) const -> std::string;

    [[nodiscard]] auto tells_particulars(const std::string& text) const -> bool;

    std::vector<Particular> particulars_; ///< in the order of the evidence
    std::set<std::string> own_words_;     ///< of particulars, in lower case, as far as like findings don't have them
    std::string key_;
};

} // namespace dossier::explain
