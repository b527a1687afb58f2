// Result<T>: an expected failure is a value; a programmer error is an assert.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace qc {

/// What went wrong in the broadest sense. HTTP maps it to a status, tools to an exit code.
enum class ErrorKind {
  kInvalid,          ///< malformed input; the caller must change it
  kUnauthenticated,  ///< no or wrong proof of who is calling
  kForbidden,        ///< known caller, but a rule says no
  kNotFound,
  kConflict,  ///< duplicate, or not possible in the present state
  kTooLarge,
  kRateLimited,  ///< back-pressure; retry later
  kUnavailable,  ///< a part the answer depends on is down; retry later
  kTimeout,
  kInternal,
};

/// Which side of an exchange has to act (design: problem details carry it).
enum class Side { kClient, kProvider, kPlatform };

/// A failure. `code` is stable and machine-readable ("grant.revoked"); `field` is the JSON path of
/// the offending input ("body.scope[0].fields") or empty. Never holds a secret or personal value.
struct [[nodiscard]] Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string code;
  std::string message;
  std::string field = {};
  Side side = Side::kClient;
  bool retryable = false;
  std::string txn_id = {};  ///< ledger transaction that records this refusal, or empty

  /// Returns a copy that names the field; keeps a field already named deeper.
  Error at(std::string_view name) const& {
    Error copy = *this;
    if (copy.field.empty()) copy.field = name;
    return copy;
  }
  /// Returns a copy whose field, relative to `parent` until now, is a full path.
  Error under(std::string_view parent) const& {
    Error copy = *this;
    copy.field = field.empty() ? std::string(parent) : std::string(parent) + "." + field;
    return copy;
  }
};

inline Error invalid(std::string code, std::string message, std::string field = {}) {
  return {ErrorKind::kInvalid, std::move(code), std::move(message), std::move(field)};
}
inline Error forbidden(std::string code, std::string message) {
  return {ErrorKind::kForbidden, std::move(code), std::move(message), {}};
}
inline Error not_found(std::string code, std::string message) {
  return {ErrorKind::kNotFound, std::move(code), std::move(message), {}};
}
inline Error conflict(std::string code, std::string message) {
  return {ErrorKind::kConflict, std::move(code), std::move(message), {}};
}
inline Error unauthenticated(std::string code, std::string message) {
  return {ErrorKind::kUnauthenticated, std::move(code), std::move(message), {}};
}
inline Error unavailable(std::string code, std::string message, Side side = Side::kPlatform) {
  return {ErrorKind::kUnavailable, std::move(code), std::move(message), {}, side, true};
}
inline Error internal(std::string code, std::string message) {
  return {ErrorKind::kInternal, std::move(code), std::move(message), {}, Side::kPlatform, false};
}

/// Value or Error. `[[nodiscard]]`: an unchecked failure does not compile (-Werror).
/// Thread contract: as safe as T.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : data_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(Error error)
      : data_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return data_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    assert(ok());
    return std::get<0>(data_);
  }
  const T& value() const& {
    assert(ok());
    return std::get<0>(data_);
  }
  T&& value() && {
    assert(ok());
    return std::get<0>(std::move(data_));
  }
  const Error& error() const {
    assert(!ok());
    return std::get<1>(data_);
  }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Error> data_;
};

/// Success without a value, or Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design
  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    assert(!ok());
    return error_.value();
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

/// Returns the error of `expr` to the caller, if it has one.
#define QC_TRY(expr)                                                                    \
  do {                                                                                  \
    if (auto qc_try_status = (expr); !qc_try_status.ok()) return qc_try_status.error(); \
  } while (false)

#define QC_CONCAT_INNER(a, b) a##b
#define QC_CONCAT(a, b) QC_CONCAT_INNER(a, b)

/// `QC_ASSIGN(auto x, f());` binds the value of f() or returns its error.
#define QC_ASSIGN(decl, expr) QC_ASSIGN_INNER(QC_CONCAT(qc_result_, __LINE__), decl, expr)
#define QC_ASSIGN_INNER(tmp, decl, expr) \
  auto tmp = (expr);                     \
  if (!tmp.ok()) return tmp.error();     \
  decl = std::move(tmp).value()

}  // namespace qc
