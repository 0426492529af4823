#pragma once
// The page where somebody confirms a decision that a card in Teams linked to. Opening it decides nothing (mail scanners
// and previews open links); deciding takes a form, and the token of an approver: the link says what is decided, not
// who decides.

#include "dossier/api/rest_api.hpp"

namespace dossier::api {

auto show_decision(const Services& services, Call call) -> Task<net::HttpResponse>;
auto take_decision(const Services& services, Call call) -> Task<net::HttpResponse>;

} // namespace dossier::api
