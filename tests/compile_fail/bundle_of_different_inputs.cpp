// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
// expect: wrap them in Projected
#include <weir/aggregators/bundle.hpp>
#include <weir/aggregators/mean.hpp>
#include <weir/aggregators/sum.hpp>

#ifdef VALID
weir::Bundle<weir::Sum<double>, weir::Mean<double>> bundle;
#else
weir::Bundle<weir::Sum<long>, weir::Mean<double>> bundle;
#endif
