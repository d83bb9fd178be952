#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# guest/load.sh FILE.bpf.o... - does this kernel's verifier take the lanes? One test a file; its log follows a refusal.
failed=0
for file in "$@"; do
	name=$(basename "$file" .bpf.o)
	if timeout 120 bpftool prog loadall "$file" "/sys/fs/bpf/$name" >/tmp/load 2>&1; then
		echo "ok the verifier of $(uname -r) takes $name"
	else
		tail -c 4000 /tmp/load
		echo "not ok the verifier of $(uname -r) takes $name"
		failed=1
	fi
	rm -rf "/sys/fs/bpf/$name"
done
exit $failed
