// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
// expect: Mean<T> takes integers, floating point and Decimal
#include <string>

#include <weir/aggregators/mean.hpp>

#ifdef VALID
weir::Mean<double> mean;
#else
weir::Mean<std::string> mean;
#endif
