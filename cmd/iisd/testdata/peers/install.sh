#!/usr/bin/env bash
# Installs the programs that the tests talk to, as far as they are missing
# (Debian and its relatives). Where that is not possible it says what to
# install and fails: a test that skips proves nothing.
set -eu

# package, and the file that shows it is there
wanted='
curl        curl
chromium    chromium
goaccess    goaccess
wrk         wrk
nginx-light nginx
gcc         gcc
libc6-dev   /usr/include/stdlib.h
'

export PATH="$PATH:/usr/sbin:/sbin"

missing=()
while read -r package proof; do
	[ -n "$package" ] || continue
	case $proof in
	/*) [ -e "$proof" ] || missing+=("$package") ;;
	*) command -v "$proof" >/dev/null || missing+=("$package") ;;
	esac
done <<<"$wanted"
[ ${#missing[@]} -gt 0 ] || exit 0

root=()
[ "$(id -u)" = 0 ] || root=(sudo -n)
if ! command -v apt-get >/dev/null || ! "${root[@]}" true 2>/dev/null; then
	echo "The tests need these Debian packages or their like: ${missing[*]}" >&2
	exit 1
fi

# No daemon may start because its package was installed: they would listen on
# all addresses. An administrator's own policy stays in force.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap '"${root[@]}" rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
	"${root[@]}" chmod 755 "$policy"
fi

install() {
	"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
}

echo "installing for the tests: ${missing[*]}" >&2
install 2>/dev/null || { "${root[@]}" apt-get update -qq && install; } || {
	echo "apt-get failed; the tests need: ${missing[*]}" >&2
	exit 1
}
