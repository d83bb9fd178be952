// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sluice/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_LINES 1000

/* Splits "name = value" at its first "=", in place; false: it is neither that nor empty. *ret_name is "" for an empty line. */
static bool split(char *line, size_t len, char **ret_name, char **ret_value)
{
	char *equals, *value;

	if (len == 0 || (line[len - 1] != '\n' && len > 200))
		return false;
	line[strcspn(line, "#\r\n")] = '\0';
	*ret_name = line + strspn(line, " \t");
	equals = strchr(*ret_name, '=');
	if (!**ret_name)
		return true;
	if (!equals || equals == *ret_name)
		return false;
	value = equals + 1 + strspn(equals + 1, " \t");
	value[strcspn(value, " \t")] = '\0';
	while (equals > *ret_name && (equals[-1] == ' ' || equals[-1] == '\t'))
		equals--;
	*equals = '\0';
	*ret_value = value;
	return *value;
}

static int wrong_line(const char *path, unsigned number)
{
	fprintf(stderr, "%s:%u: this is no setting; write NAME = NUMBER. Nothing of the file was taken.\n", path, number);
	return SLUICE_FAILED;
}

static int load_lines(FILE *in, const char *path, json_t *pairs)
{
	char line[256], *name, *value;

	for (unsigned number = 1; fgets(line, sizeof(line), in); number++) {
		if (number > MOST_LINES || !split(line, strlen(line), &name, &value))
			return wrong_line(path, number);
		if (*name)
			json_array_append_new(pairs, json_pack("[s, s]", name, value));
		if (*name && !json_array_get(pairs, json_array_size(pairs) - 1))
			return wrong_line(path, number);
	}
	return SLUICE_OK;
}

int saved_load(const struct sluice_args *args, const char *path, json_t **ret_pairs)
{
	FILE *in = fopen(path, "re");
	json_t *pairs;
	int status;

	if (!in && errno == ENOENT) {
		*ret_pairs = json_array();
		return SLUICE_OK;
	}
	if (!in) {
		fprintf(stderr, "Can't open %s: %m.\n", path);
		return SLUICE_FAILED;
	}
	pairs = json_array();
	status = load_lines(in, path, pairs);
	fclose(in);
	if (status == SLUICE_OK)
		*ret_pairs = pairs;
	else
		json_decref(pairs);
	return status;
}

static bool print_rows(FILE *out, const json_t *answer)
{
	json_t *row;
	size_t i;

	fputs("# Written by `sluice settings --save`; sluiced.service sets them again with `sluice settings --load`.\n", out);
	json_array_foreach (json_object_get(answer, "settings"), i, row) {
		const json_t *value = json_object_get(row, "value");
		const char *name = json_string_value(json_object_get(row, "name"));

		if (name && !json_equal(value, json_object_get(row, "default")))
			fprintf(out, "%s = %lld\n", name, (long long)json_integer_value(value));
	}
	return fflush(out) == 0 && fsync(fileno(out)) == 0;
}

/* The directory of the file, if only it is missing. */
static void make_directory(const char *path)
{
	char *name = strdup(path), *slash = name ? strrchr(name, '/') : NULL;

	if (slash && slash != name) {
		*slash = '\0';
		mkdir(name, 0755);
	}
	free(name);
}

static int failed(const char *path)
{
	fprintf(stderr, "The settings hold, but can't be kept in %s: %m.\n", path);
	return SLUICE_FAILED;
}

int saved_store(const char *path, const json_t *answer)
{
	char temporary[512];
	FILE *out = NULL;
	bool good;
	int fd;

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return failed(path);
	}
	make_directory(path);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return failed(path);
	out = fdopen(fd, "w");
	good = out && fchmod(fd, 0644) == 0 && print_rows(out, answer);
	if (out ? fclose(out) != 0 : close(fd) != 0)
		good = false;
	if (good && rename(temporary, path) == 0)
		return SLUICE_OK;
	fd = failed(path);
	unlink(temporary);
	return fd;
}
