# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion of sluice(8): the program itself says what fits, with `sluice complete`.

function __sluice_complete
    set -l words (commandline -opc)
    set -l last (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    $program complete $words "$last" 2>/dev/null
end
complete -c sluice -f -a '(__sluice_complete)'
