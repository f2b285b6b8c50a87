// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a callable takes: the type of its one parameter, where its signature says so.

#include <functional>
#include <type_traits>

namespace weir::detail {

template <class F>
struct Signature {};
template <class R, class T>
struct Signature<R T::*> {  // to data, or to a member function without parameters
    using Input = T;
};
template <class R, class X>
struct Signature<R (*)(X)> {
    using Input = std::remove_cvref_t<X>;
};
template <class R, class X>
struct Signature<R (*)(X) noexcept> {
    using Input = std::remove_cvref_t<X>;
};

template <class F>
struct CallOperator {};
template <class R, class F, class X>
struct CallOperator<R (F::*)(X) const> {
    using Input = std::remove_cvref_t<X>;
};
template <class R, class F, class X>
struct CallOperator<R (F::*)(X) const noexcept> {
    using Input = std::remove_cvref_t<X>;
};
template <class R, class F, class X>
struct CallOperator<R (F::*)(X)> {
    using Input = std::remove_cvref_t<X>;
};
template <class R, class F, class X>
struct CallOperator<R (F::*)(X) noexcept> {
    using Input = std::remove_cvref_t<X>;
};

// A member, not a base: g++ warns of a base that names a type of an unnamed namespace.
template <class F>
requires requires { typename CallOperator<decltype(&F::operator())>::Input; }
struct Signature<F> {
    using Input = typename CallOperator<decltype(&F::operator())>::Input;
};

/// What cannot be told: a generic lambda, an overloaded call operator.
struct Unknown {};

template <class F>
struct InputOf {
    using type = Unknown;
};
template <class F>
requires requires { typename Signature<F>::Input; }
struct InputOf<F> {
    using type = typename Signature<F>::Input;
};

template <class F>
using input_of_t = typename InputOf<F>::type;

}  // namespace weir::detail
