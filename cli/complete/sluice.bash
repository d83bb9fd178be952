# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of sluice(8): the program itself says what fits, with `sluice complete`.

_sluice()
{
	local line=${COMP_LINE:0:COMP_POINT} last=
	local -a words

	read -ra words <<<"$line"
	case $line in
	*[[:blank:]]) words+=('') ;;
	esac
	words=("${words[@]#[\'\"]}")
	last=${words[-1]}
	# What bash takes for the word begins behind the last : or =; what stands before must not come twice.
	mapfile -t COMPREPLY < <("${words[0]}" complete "${words[@]:1}" 2>/dev/null | cut -f 1)
	if [[ $COMP_WORDBREAKS == *:* ]]; then
		last=${last%"${last##*[:=]}"}
		COMPREPLY=("${COMPREPLY[@]#"$last"}")
	fi
}
complete -o default -F _sluice sluice
