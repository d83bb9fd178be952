# SPDX-License-Identifier: GPL-2.0-or-later
# The front door: each target does everything it needs, from installing packages to the last line. Meson does the work.

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
export BUILD PREFIX DESTDIR

.PHONY: all demo test bench fuzz install uninstall clean help

all:
	@tools/install-deps build
	@tools/build

demo:
	@tools/install-deps build demo
	@tools/build
	@KEEP='$(KEEP)' tools/demo

# SUITE="lab packet-bpf": only these; V=1: every line the tests print
test:
	@tools/install-deps build demo test
	@tools/build -Dtests=enabled
	@tools/run-tests $(if $(V),-v) $(SUITE)

# needs clang and its libFuzzer; ends with what it found in build/fuzz
fuzz:
	@tools/install-deps build test
	@tools/build -Dtests=enabled
	@tests/fuzz/run

bench:
	@tools/install-deps build bench
	@tools/build -Dbench=enabled
	@bench/run

install:
	@tools/install-deps build
	@tools/build
	@meson install -C $(BUILD) --no-rebuild --quiet
	@echo "Installed under $(DESTDIR)$(PREFIX). Start the director with 'sluiced', then use ipvsadm as ever."

uninstall:
	@tools/uninstall

clean:
	@rm -rf '$(BUILD)'
	@echo "Removed $(BUILD)."

help:
	@echo "make                build the programs and the lanes (in $(BUILD)/)"
	@echo "make demo           show a director at work in a lab of network namespaces; KEEP=1 leaves the lab up"
	@echo "make test           run all tests; SUITE='lab unit' runs only these, V=1 shows every line"
	@echo "make bench          measure and report"
	@echo "make fuzz           a minute of libFuzzer for each parser (clang's libclang-rt is needed)"
	@echo "make install        install under PREFIX ($(PREFIX)); DESTDIR is honoured"
	@echo "make uninstall      remove what make install put there"
	@echo "make clean          remove $(BUILD)/"
	@echo
	@echo "Each installs the Debian packages it misses (as root) or says which they are."
