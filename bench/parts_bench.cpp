// What each part costs by itself, on the sample deliveries of config/samples: parts_bench DIRECTORY [benchmark flags].

#include "dossier/audit/chain.hpp"
#include "dossier/base/json.hpp"
#include "dossier/explain/grounding.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/ingest/adapter.hpp"
#include "dossier/redact/redactor.hpp"
#include "dossier/ticket/markup.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace {

using namespace dossier;

std::string samples; // NOLINT: set once by main

auto read_sample(const char* name) -> std::string {
    std::ifstream in(samples + "/" + name);
    std::string text(std::istreambuf_iterator<char>(in), {});
    if (text.empty()) {
        fmt::print(stderr, "no sample {} in {}\n", name, samples);
        std::exit(1);
    }
    return text;
}

auto adapter_of(const char* kind) -> std::unique_ptr<ingest::Adapter> {
    ingest::SourceConfig config;
    config.name = kind;
    config.kind = kind;
    return ingest::make_adapter(config);
}

auto sample_finding() -> Finding {
    const auto adapter = adapter_of("wiz");
    const auto text = read_sample("wiz-issue.json");
    const auto document = JsonDocument::parse(text);
    return adapter->normalise(adapter->items(document->root()).front()).value();
}

void adapter(benchmark::State& state, const char* kind, const char* sample) {
    const auto adapter = adapter_of(kind);
    const auto text = read_sample(sample);
    for (auto _ : state) {
        const auto document = JsonDocument::parse(text);
        for (const auto item : adapter->items(document->root()))
            benchmark::DoNotOptimize(adapter->normalise(item).has_value());
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK_CAPTURE(adapter, wiz, "wiz", "wiz-issue.json");
BENCHMARK_CAPTURE(adapter, prisma, "prisma", "prisma-alerts.json");
BENCHMARK_CAPTURE(adapter, orca, "orca", "orca-alert.json");

void redaction_of_4_kib(benchmark::State& state) {
    const auto redactor = redact::Redactor::make({});
    std::string text;
    for (int i = 0; text.size() < 4'096; ++i) {
        text += fmt::format("{{\"path\":\"/exports/daily/part-{:05}.csv\",\"owner\":\"user{}@mail.example\",\"bytes\":"
                            "{},\"note\":\"Read by the export job of the billing team\"}}\n",
                            i, i, i * 7919);
    }
    text.resize(4'096);
    for (auto _ : state) {
        redact::Redaction kept;
        benchmark::DoNotOptimize((*redactor)->redact(text, kept).size());
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK(redaction_of_4_kib);

void grounding_of_8_sentences(benchmark::State& state) {
    EvidenceList evidence;
    std::vector<Sentence> sentences;
    const char* statements[] = {"The severity is critical.",
                                "The resource is of the type bucket.",
                                "Data of these classes was found: pci, pii.",
                                "The exposure of the resource is public.",
                                "The resource is in the region eu-central-1.",
                                "The finding is of the type sensitive data.",
                                "The resource is named acme-payments-exports.",
                                "The finding was first seen on 2026-03-04."};
    for (const auto* statement : statements) {
        Evidence one;
        one.id = fmt::format("E{}", evidence.size() + 1);
        one.kind = "finding";
        one.statement = statement;
        Sentence sentence;
        sentence.text = statement;
        sentence.evidence = {one.id};
        sentences.push_back(std::move(sentence));
        evidence.push_back(std::move(one));
    }
    for (auto _ : state) {
        explain::Grounding grounding(evidence);
        for (const auto& sentence : sentences) benchmark::DoNotOptimize(grounding.objection(sentence).has_value());
    }
}
BENCHMARK(grounding_of_8_sentences);

void fingerprint_and_exposure(benchmark::State& state) {
    auto finding = sample_finding();
    for (auto _ : state) {
        finding.fingerprint = make_fingerprint(finding);
        benchmark::DoNotOptimize(make_exposure_key(finding));
    }
}
BENCHMARK(fingerprint_and_exposure);

void content_hash_of_a_finding(benchmark::State& state) {
    const auto finding = sample_finding();
    for (auto _ : state) benchmark::DoNotOptimize(content_hash(finding));
}
BENCHMARK(content_hash_of_a_finding);

void canonical_json_of_a_finding(benchmark::State& state) {
    const Json json(sample_finding());
    for (auto _ : state) benchmark::DoNotOptimize(canonical_json(json));
}
BENCHMARK(canonical_json_of_a_finding);

void audit_seal(benchmark::State& state) {
    store::AuditEntry entry;
    entry.action = "finding.received";
    entry.finding_id = "fnd_01j";
    entry.dossier_id = "dos_01j";
    entry.details = R"({"outcome":"created","source":"wiz","request_id":"req-1"})";
    std::string prev(64, '0');
    std::int64_t seq = 0;
    for (auto _ : state) prev = audit::seal(entry, ++seq, prev).hash;
}
BENCHMARK(audit_seal);

void adf_of_a_draft(benchmark::State& state) {
    std::string markdown = "# What was found\n\n";
    for (int i = 0; i < 12; ++i) {
        markdown += fmt::format("- **Evidence {}**: the bucket `exports-{}` is [public](https://example.org/{}) and holds "
                                "card data\n",
                                i, i, i);
    }
    markdown += "\n| factor | points |\n| --- | --- |\n| public | 30 |\n| card data | 25 |\n";
    for (auto _ : state) benchmark::DoNotOptimize(ticket::markdown_to_adf(markdown).size());
}
BENCHMARK(adf_of_a_draft);

} // namespace

auto main(int count, char** arguments) -> int {
    if (count < 2) {
        fmt::print(stderr, "usage: parts_bench DIRECTORY_OF_SAMPLES [--benchmark_…]\n");
        return 2;
    }
    samples = arguments[1];
    redact::Redactor::prepare(); // patterns are compiled once in a process
    benchmark::Initialize(&count, arguments);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
