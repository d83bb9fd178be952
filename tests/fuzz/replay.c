/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a target over seeds: replay [-n CHANGES] [-w DIRECTORY] DIRECTORY...
 *
 *	-n	how many times each seed is changed and run again (200)
 *	-w	only writes the target's own seeds into this directory, for a fuzzer to start from
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

enum { SEED_MAX = 1 << 20 };

static unsigned changes = 200;
static uint64_t dice = 0x5eed5eed5eed5eedULL;

__attribute__((weak)) void fuzz_seeds(fuzz_give give, void *arg)
{
}

static uint32_t roll(uint32_t sides)
{
	dice ^= dice >> 12;
	dice ^= dice << 25;
	dice ^= dice >> 27;
	return (uint32_t)((dice * 0x2545f4914f6cdd1dULL) >> 33) % sides;
}

/* One change; returns the new size, at most twice the old. */
static size_t change(uint8_t *data, size_t size)
{
	static const uint8_t odd[] = {0, 1, 0x7f, 0x80, 0xff, ' ', '"', '{', '[', '-', ':', '9'};
	size_t at = roll(size), n = 1 + roll(size - at < 64 ? size - at : 64);

	switch (roll(7)) {
	case 0: data[at] ^= 1 << roll(8); return size;
	case 1: data[at] = roll(256); return size;
	case 2: data[at] = odd[roll(sizeof(odd))]; return size;
	case 3: return at ? at : 1; /* cut */
	case 4: memmove(data + at, data + at + n, size - at - n); return size > n ? size - n : 1;
	case 5: memmove(data + at + n, data + at, size - at); return size + n; /* twice */
	default: memmove(data + at, data + roll(size - n + 1), n); return size;
	}
}

/* On the heap and of exactly this size, so that a sanitizer sees one byte too many. */
static void run(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size);

	if (!exact)
		return;
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static void run_seed(void *arg, const char *name, const uint8_t *data, size_t size)
{
	uint8_t *changed = size ? malloc(2 * SEED_MAX) : NULL;

	run(data, size);
	for (unsigned i = 0; changed && i < changes; i++) {
		size_t now = size;

		memcpy(changed, data, size);
		for (uint32_t n = 1 + roll(4); n && now < SEED_MAX / 2; n--)
			now = change(changed, now);
		run(changed, now);
	}
	free(changed);
	printf("ok %s\n", name);
	++*(unsigned *)arg;
}

static void write_seed(void *arg, const char *name, const uint8_t *data, size_t size)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", (const char *)arg, name);
	f = fopen(path, "w");
	if (!f || fwrite(data, 1, size, f) != size)
		perror(path);
	if (f)
		fclose(f);
}

static void run_file(const char *dir, const char *name, unsigned *seeds)
{
	static uint8_t data[SEED_MAX];
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (!f) {
		printf("not ok %s\n", path);
		exit(1);
	}
	run_seed(seeds, name, data, fread(data, 1, SEED_MAX / 2, f));
	fclose(f);
}

static void run_dir(const char *dir, unsigned *seeds)
{
	struct dirent **found;
	int n = scandir(dir, &found, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (found[i]->d_name[0] != '.')
			run_file(dir, found[i]->d_name, seeds);
		free(found[i]);
	}
	if (n >= 0)
		free(found);
}

int main(int argc, char **argv)
{
	unsigned seeds = 0;
	int opt;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((opt = getopt(argc, argv, "n:w:")) != -1) {
		if (opt == 'w') {
			fuzz_seeds(write_seed, optarg);
			return 0;
		}
		if (opt != 'n')
			return 2;
		changes = strtoul(optarg, NULL, 10);
	}
	fuzz_seeds(run_seed, &seeds);
	for (int i = optind; i < argc; i++)
		run_dir(argv[i], &seeds);
	if (!seeds)
		printf("not ok seeds\n");
	return !seeds;
}
