#pragma once
// What every store must do, whatever is underneath: the suites in *_suite_test.cpp run against each kind of store that
// `store_kinds()` names. A kind makes a place (a file, a database) in which stores can be opened one after another.

#include "support/run_task.hpp"

#include "dossier/base/task.hpp"
#include "dossier/store/store.hpp"

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dossier::store {

/// Somewhere a store can live; goes with what it kept.
class Place {
public:
    virtual ~Place() = default;
    virtual auto open() -> std::unique_ptr<Store> = 0;
    [[nodiscard]] virtual auto url() const -> std::string = 0;
    virtual void pretend_schema(int version) = 0; ///< of a store that was made
};

struct StoreKind {
    std::string name;
    std::function<std::unique_ptr<Place>()> make_place; ///< nullptr where the database isn't installed
};
[[nodiscard]] auto store_kinds() -> std::vector<StoreKind>;
[[nodiscard]] inline auto kind_name(const testing::TestParamInfo<StoreKind>& info) -> std::string {
    return info.param.name;
}

template <class T>
auto await(Task<T> task) -> T {
    return dossier::test::run_task(std::move(task));
}
/// The value of a task that is expected to succeed.
template <class T>
auto value_of(Task<Result<T>> task) -> T {
    auto result = await(std::move(task));
    if (!result) throw std::runtime_error("unexpected error: " + result.error().describe());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}
/// The error code of a task; nullopt where it succeeded.
template <class T>
auto error_of(Task<Result<T>> task) -> std::optional<Errc> {
    auto result = await(std::move(task));
    if (result) return std::nullopt;
    return result.error().code;
}

/// A minute of the day on which all tests happen.
[[nodiscard]] auto minute(int n) -> Timestamp;
/// A chain whose records can be checked by eye: "seq|prev|action|finding|dossier".
[[nodiscard]] auto plain_seal(const AuditEntry& entry, std::int64_t seq, const std::string& prev) -> AuditRow;
[[nodiscard]] auto entry(std::string action) -> AuditEntry;

struct Sample {
    std::string source = "wiz";
    std::string id = "1"; ///< fingerprint, and exposure where that isn't given
    std::string exposure;
    std::string title = "Bucket is public";
    Severity severity = Severity::high;
    Status status = Status::open;
    std::optional<Timestamp> last_seen;
};
[[nodiscard]] auto finding(const Sample& sample) -> Finding;
[[nodiscard]] auto delivery(const std::vector<Sample>& samples, Timestamp at) -> Intake;

class StoreSuite : public testing::TestWithParam<StoreKind> {
protected:
    void SetUp() override {
        place_ = GetParam().make_place();
        if (!place_) GTEST_SKIP() << "no PostgreSQL server is installed (scripts/setup installs one)";
        store_ = place_->open();
    }
    void TearDown() override {
        store_.reset();
        place_.reset();
    }
    void reopen() {
        store_.reset();
        store_ = place_->open();
    }
    auto store() -> Store& { return *store_; }
    auto deliver(const Sample& sample, Timestamp at = minute(0)) -> IntakeResult {
        return value_of(store_->commit_intake(delivery({sample}, at), {})).front();
    }
    auto claim(Timestamp now, std::size_t limit = 10) -> std::vector<Claim> {
        return value_of(store_->claim_ready("worker", now, std::chrono::minutes(1), limit));
    }

private:
    std::unique_ptr<Place> place_;
    std::unique_ptr<Store> store_;
};

} // namespace dossier::store
