#pragma once
// Running a coroutine to its end in a test, sources with behaviour, and a file that goes when the test does.

#include "support/run_task.hpp"

#include "dossier/context/sources.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace dossier::context {

template <class T>
auto run(Task<T> task) -> T {
    asio::io_context io;
    return dossier::test::run_on(io, std::move(task));
}

/// Waits until cancelled, as a server does that accepts and never answers.
inline auto never() -> Task<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await timer.async_wait(asio::use_awaitable);
}

enum class Behaviour { answers, is_silent, fails, throws };

template <class T>
auto behave(Behaviour behaviour, T answer, int* cancelled) -> Task<Result<T>> {
    struct Ended {
        int* count;
        ~Ended() {
            if (count != nullptr) ++*count;
        }
    };
    switch (behaviour) {
    case Behaviour::answers:
        co_return answer;
    case Behaviour::fails:
        co_return fail(Errc::unavailable, "the directory refused the connection");
    case Behaviour::throws:
        throw std::runtime_error("secret detail");
    case Behaviour::is_silent:
        break;
    }
    const Ended ended{cancelled};
    co_await never();
    co_return answer;
}

class FakeIdentity final : public IdentitySource {
public:
    FakeIdentity(std::string name, Behaviour behaviour, IdentityAnswer answer = {}, std::vector<Person> people = {},
                 int* ended = nullptr)
        : name_(std::move(name)),
          behaviour_(behaviour),
          answer_(std::move(answer)),
          people_(std::move(people)),
          ended_(ended) {}
    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    auto ask(Resource, Deadline) -> Task<Result<IdentityAnswer>> override {
        return behave(behaviour_, answer_, ended_);
    }
    auto person(std::string id_or_email, Deadline) -> Task<Result<std::optional<Person>>> override {
        for (const auto& person : people_)
            if (person.id == id_or_email || person.email == id_or_email)
                return behave(behaviour_, std::optional<Person>(person), ended_);
        return behave(behaviour_, std::optional<Person>(), ended_);
    }

private:
    std::string name_;
    Behaviour behaviour_;
    IdentityAnswer answer_;
    std::vector<Person> people_;
    int* ended_;
};

class FakeCmdb final : public CmdbSource {
public:
    FakeCmdb(std::string name, Behaviour behaviour, std::optional<Asset> answer = {}, int* ended = nullptr)
        : name_(std::move(name)), behaviour_(behaviour), answer_(std::move(answer)), ended_(ended) {}
    [[nodiscard]] auto name() const -> const std::string& override { return name_; }
    auto ask(Resource, Deadline) -> Task<Result<std::optional<Asset>>> override {
        return behave(behaviour_, answer_, ended_);
    }

private:
    std::string name_;
    Behaviour behaviour_;
    std::optional<Asset> answer_;
    int* ended_;
};

class TemporaryFile {
public:
    explicit TemporaryFile(const std::string& content) {
        static int count = 0;
        path_ = std::filesystem::temp_directory_path() /
                ("dossier-context-" + std::to_string(::getpid()) + "-" + std::to_string(++count) + ".yaml");
        write(content);
    }
    ~TemporaryFile() { std::filesystem::remove(path_); }
    TemporaryFile(const TemporaryFile&) = delete;
    auto operator=(const TemporaryFile&) -> TemporaryFile& = delete;
    void write(const std::string& content) const { std::ofstream(path_, std::ios::trunc) << content; }
    [[nodiscard]] auto path() const -> std::string { return path_.string(); }

private:
    std::filesystem::path path_;
};

} // namespace dossier::context
