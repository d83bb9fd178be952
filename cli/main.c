// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DOC: one binary, several programs
 *
 * The name it is called by says which one it is; any other name is `sluice` itself, which also takes the programs as subcommands.
 */
#include <string.h>

#include "cli/ipvsadm/ipvsadm.h"
#include "cli/sluice/sluice.h"

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} programs[] = {
    {"ippfvsadm", adm_ippfvsadm_main},
    {"ipvsadm", adm_main},
    {"ipvsadm-restore", adm_restore_main},
    {"ipvsadm-save", adm_save_main},
    {"sluice-ipvsadm", adm_main},
    {"sluice-ipvsadm-restore", adm_restore_main},
    {"sluice-ipvsadm-save", adm_save_main},
};

int main(int argc, char **argv)
{
	const char *name = argc > 0 && argv[0] ? argv[0] : "sluice", *slash = strrchr(name, '/');

	if (slash)
		name = slash + 1;
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (strcmp(name, programs[i].name) == 0)
			return programs[i].main(argc, argv);
	return sluice_main(argc, argv);
}
