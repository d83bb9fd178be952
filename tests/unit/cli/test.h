/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_UNIT_CLI_TEST_H
#define TESTS_UNIT_CLI_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
