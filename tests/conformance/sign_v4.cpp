// Signs requests with our signer, for another one to judge: a JSON object a line on standard input {method, url,
// headers, body, region, service, time, key, secret, token}, one with our signature on standard output. No part of the
// product.

#include "dossier/base/json.hpp"
#include "dossier/net/sigv4.hpp"

#include <iostream>

int main() {
    using namespace dossier;
    for (std::string line; std::getline(std::cin, line);) {
        const auto given = parse_json(line);
        if (!given) {
            std::cerr << given.error().describe() << '\n';
            return 1;
        }
        net::ClientRequest request{.method = text_at(*given, "method"),
                                   .url = text_at(*given, "url"),
                                   .headers = {},
                                   .body = text_at(*given, "body")};
        for (const auto& [name, value] : (*given)["headers"].items())
            request.headers.set(name, value.get<std::string>());
        const net::AwsKeys keys{.access_key_id = text_at(*given, "key"),
                                .secret_access_key = Secret(text_at(*given, "secret")),
                                .session_token = Secret(text_at(*given, "token"))};
        const auto made = net::sign_v4(request, keys,
                                       net::sigv4_options(text_at(*given, "service"), text_at(*given, "region"),
                                                          *parse_time(text_at(*given, "time"))));
        std::cout << dump_json({{"authorization", made.authorization}, {"canonical", made.canonical_request}}) << '\n';
    }
}
