#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# guest/load.sh FILE.bpf.o... - does this kernel's verifier take the lanes? One test a file; its log follows a refusal.
failed=0
for file in "$@"; do
	name=$(basename "$file" .bpf.o)
	if timeout 60 bpftool prog loadall "$file" "/sys/fs/bpf/$name" >/tmp/load 2>&1; then
		echo "ok the verifier of $(uname -r) takes $name"
	else
		timeout 60 bpftool -d prog loadall "$file" "/sys/fs/bpf/$name" 2>&1 | grep -v '^libbpf: \(sec\|elf\|map\|looking\)' | tail -n 50
		echo "not ok the verifier of $(uname -r) takes $name"
		failed=1
	fi
	rm -rf "/sys/fs/bpf/$name"
done
exit $failed
