/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUZZ_H
#define FUZZ_H
/*
 * DOC: fuzzing
 *
 * A target is a function from bytes to nothing: it must neither crash nor break an invariant it checks with fuzz_check(). libFuzzer
 * drives it (`make fuzz`), and replay.c does without one: the seeds of <target>.in/ as they are and changed a few hundred
 * times by fixed dice, in `meson test`, under sanitizers. An input that once broke something goes into <target>.in/.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A target's own seeds, besides the files: calls give() with each. replay.c has an empty one. */
typedef void (*fuzz_give)(void *arg, const char *name, const uint8_t *data, size_t size);
void fuzz_seeds(fuzz_give give, void *arg);

#define fuzz_check(condition)                                                      \
	do {                                                                       \
		if (!(condition)) {                                                \
			dprintf(2, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                   \
		}                                                                  \
	} while (0)

#endif
