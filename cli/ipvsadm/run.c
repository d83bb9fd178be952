// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/ipvsadm/ipvsadm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"

static int change(struct client *client, const struct adm_command *command, struct adm_error *ret_error)
{
	json_t *op = adm_change_op(command), *result;
	int err = client_call(client, "change", json_pack("{s:[o]}", "ops", op), &result);

	if (err == -EREMOTEIO)
		return adm_change_error(command->cmd, client, ret_error);
	if (err < 0)
		return adm_call_failed(client, err, 255, ret_error);
	json_decref(result);
	return 0;
}

int adm_run(struct client *client, const struct adm_command *command, const char *program, struct adm_error *ret_error)
{
	switch (command->cmd) {
	case ADM_HELP: adm_usage(stdout, program); return 0;
	case ADM_VERSION: adm_version(stdout); return 0;
	case ADM_LIST:
	case ADM_SAVE: return adm_list(client, command, ret_error);
	case ADM_RESTORE: return ret_error->status = adm_restore(client, stdin, program, false);
	default: return change(client, command, ret_error);
	}
}

/* Ends a program: prints what there is to say. Returns the exit status. */
static int finish(struct adm_error *error)
{
	int status = error->status;

	if (fflush(stdout) != 0 && !status) {
		fprintf(stderr, "can't write: %s\n", strerror(errno));
		status = 1;
	}
	if (error->text)
		fprintf(stderr, "%s\n", error->text);
	adm_error_free(error);
	return status;
}

static int run(const struct adm_command *command, const char *program)
{
	bool alone = command->cmd == ADM_HELP || command->cmd == ADM_VERSION;
	struct client *client = NULL;
	struct adm_error error = {0};
	int err = alone ? 0 : client_open(&client);

	if (err < 0)
		adm_call_failed(NULL, err, 2, &error);
	else
		adm_run(client, command, program, &error);
	client_close(client);
	return finish(&error);
}

int adm_main(int argc, char **argv)
{
	struct adm_command command = {.cmd = ADM_LIST};
	struct adm_error error = {0};

	if (argc > 1 && (adm_parse(argc, argv, &command, &error) || adm_check(&command, &error)))
		return finish(&error);
	return run(&command, argv[0]);
}

int adm_save_main(int argc, char **argv)
{
	struct adm_command command = {.cmd = ADM_SAVE};

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-n") == 0) {
			command.options |= BIT(OPT_NUMERIC);
		} else if (strcmp(argv[i], "--strict") == 0) {
			command.options |= BIT(OPT_STRICT);
		} else if (argv[i][0] == '-') {
			fprintf(stderr,
			    "usage: %s [-n] [--strict]\n"
			    "Writes the table to stdout, as commands for ipvsadm-restore; -n: in numbers; --strict: without thresholds.\n",
			    argv[0]);
			return 1;
		}
	}
	return run(&command, argv[0]);
}

int adm_restore_main(int argc, char **argv)
{
	struct client *client;
	struct adm_error error = {0};
	int err;

	if (argc > 1 && argv[1][0] == '-' && strcmp(argv[1], "-n") != 0) {
		fprintf(stderr, "usage: %s < FILE\nReplaces the table by what ipvsadm-save wrote.\n", argv[0]);
		return 1;
	}
	err = client_open(&client);
	if (err < 0) {
		adm_call_failed(NULL, err, 2, &error);
		return finish(&error);
	}
	error.status = adm_restore(client, stdin, argv[0], true);
	client_close(client);
	return finish(&error);
}
