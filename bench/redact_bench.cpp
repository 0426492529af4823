// How fast the gate is on texts of a finding's size, in MB/s, beside a plain RE2::GlobalReplace of one e-mail pattern
// over the same texts in the same run: their ratio says more than a figure that depends on the machine.
// redact_bench [seconds for each measurement]

#include "dossier/redact/redactor.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace dossier;

/// A posture finding as JSON: names, digests and counts, and now and then what has to be masked.
auto finding(std::mt19937& random, std::size_t size) -> std::string {
    const auto number = [&](unsigned bound) { return random() % bound; };
    std::string text = "{\"source\":\"generic\",\"title\":\"Storage bucket is open to the internet\",\"objects\":[";
    while (text.size() < size) {
        text += fmt::format(
            "{{\"arn\":\"arn:aws:s3:::acme-exports-{:04x}/daily/part-{:05}.csv\",\"account\":\"{:012}\","
            "\"id\":\"{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}\",\"seen\":\"2026-0{}-1{}T08:{:02}:07Z\","
            "\"region\":\"eu-west-1\",\"bytes\":{},\"public\":true,\"tags\":{{\"env\":\"prod\",\"team\":\"payments\"}},"
            "\"note\":\"Reached by the export job of the billing team; the policy allows any principal to read.\"",
            number(65536), number(100000), random(), random(), number(65536), number(4096), number(4096), random(),
            1 + number(9), number(10), number(60), number(90000000));
        switch (number(8)) {
        case 0:
            text += fmt::format(",\"sample\":\"user{}@mail.example\"", number(1000));
            break;
        case 1:
            text += ",\"sample\":\"4111 1111 1111 1111\"";
            break;
        case 2:
            text += fmt::format(",\"caller\":\"203.0.113.{}\"", number(250));
            break;
        case 3:
            text += fmt::format(",\"db_password\":\"k{:x}!Zq\"", random());
            break;
        default:
            break;
        }
        text += "},\n";
    }
    return text + "]}";
}

/// Calls `work` with each text, round after round, for at least `seconds`; megabytes a second.
template <typename Work>
auto megabytes_per_second(const std::vector<std::string>& texts, double seconds, Work work) -> double {
    using Clock = std::chrono::steady_clock;
    for (const auto& text : texts) work(text);
    std::size_t bytes = 0;
    const auto start = Clock::now();
    double passed = 0;
    while (passed < seconds) {
        for (const auto& text : texts) {
            work(text);
            bytes += text.size();
        }
        passed = std::chrono::duration<double>(Clock::now() - start).count();
    }
    return static_cast<double>(bytes) / passed / 1e6;
}

} // namespace

auto main(int count, char** arguments) -> int {
    const double seconds = count > 1 ? std::strtod(arguments[1], nullptr) : 1.0;
    const auto made = redact::Redactor::make({});
    if (!made) {
        fmt::print(stderr, "{}\n", made.error().message);
        return 1;
    }
    const RE2 email(R"([A-Za-z0-9._%+\-]+@[A-Za-z0-9.\-]+\.[A-Za-z]{2,})");
    std::size_t masked = 0;
    fmt::print("{:>6}  {:>12}  {:>18}  {:>6}\n", "KiB", "redact MB/s", "one pattern MB/s", "ratio");
    for (const std::size_t kibibytes : {4, 8, 20}) {
        std::mt19937 random(7);
        std::vector<std::string> texts;
        for (int i = 0; i < 50; ++i) texts.push_back(finding(random, kibibytes << 10));
        const auto gate = megabytes_per_second(texts, seconds, [&](const std::string& text) {
            redact::Redaction state;
            masked += (*made)->redact(text, state).size();
        });
        const auto baseline = megabytes_per_second(texts, seconds, [&](const std::string& text) {
            auto copy = text;
            masked += static_cast<std::size_t>(RE2::GlobalReplace(&copy, email, "<EMAIL>"));
        });
        fmt::print("{:>6}  {:>12.1f}  {:>18.1f}  {:>6.2f}\n", kibibytes, gate, baseline, gate / baseline);
    }
    return masked == 0 ? 1 : 0;
}
