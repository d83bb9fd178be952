#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# guest/floor.sh - the whole floor suite, inside the guest
cd "$(dirname "$0")" || exit 1
failed=0
./load.sh /t/lanes/*.bpf.o || failed=1
if [ -x /usr/bin/packet_bpf ]; then
	packet_bpf || failed=1
fi
./lab.sh plain vlan bond bridge || failed=1
exit $failed
