#include "dossier/context/sources.hpp"

#include "concurrent.hpp"

namespace dossier::context {

namespace {

using PersonAnswer = Result<std::optional<Person>>;

auto nothing_to_try() -> net::ConnectCheck {
    return {.what = {}, .url = {}, .verdict = net::ConnectCheck::Verdict::skipped, .missing = {}, .detail = {}};
}

auto ask_for_one(IdentitySource& source, std::string name, Deadline deadline, PersonAnswer& answer) -> Task<void> {
    answer = co_await within<std::optional<Person>>(
        [&source, name = std::move(name), deadline] { return source.person(name, deadline); },
        "identity:" + source.name(), deadline);
}

} // namespace

auto IdentitySource::people(std::vector<std::string> names, Deadline deadline) -> Task<std::vector<PersonAnswer>> {
    std::vector<PersonAnswer> answers(names.size());
    std::vector<Task<void>> questions;
    for (std::size_t i = 0; i < names.size(); ++i)
        questions.push_back(ask_for_one(*this, std::move(names[i]), deadline, answers[i]));
    co_await all_of(std::move(questions));
    co_return answers;
}

auto IdentitySource::team(std::string /*name*/, Deadline /*deadline*/) -> Task<Result<std::optional<Team>>> {
    co_return std::optional<Team>();
}

auto IdentitySource::check(Deadline /*deadline*/) -> Task<net::ConnectCheck> { co_return nothing_to_try(); }
auto CmdbSource::check(Deadline /*deadline*/) -> Task<net::ConnectCheck> { co_return nothing_to_try(); }
auto PolicySource::check(Deadline /*deadline*/) -> Task<net::ConnectCheck> { co_return nothing_to_try(); }

} // namespace dossier::context
