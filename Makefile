# make run and make test are all that a newcomer needs.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

GO       ?= go
FUZZTIME ?= 30s
PACKAGES ?= ./...

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR    ?=
ACCOUNT     = iisd

bindir  = $(PREFIX)/bin
mandir  = $(PREFIX)/share/man/man8
unitdir = $(PREFIX)/lib/systemd/system
usrdir  = $(PREFIX)/lib/sysusers.d
pages   = $(PREFIX)/share/iisd/wwwroot
conf    = $(SYSCONFDIR)/iisd

# Tests that run whole programs. The race detector leaves them out: what they
# start is not built with it.
SLOW = ^(TestScript|TestBench|TestPeer.*)$$

# Who may import whom in this module, importer first. cmd/iisd may import all;
# a package that is not named here imports none of ours. "*" stands for any package below.
define EDGES
server authn metabase logging server/*
authn  server/status authn/*
server/content server/urlpath
endef

# Packages that know only bytes: the standard library and golang.org/x/crypto.
CODECS = server/http1 server/urlpath authn/ntlm authn/digest authn/spnego

export EDGES CODECS

.PHONY: all run test check imports bench fuzz vuln install clean

all:
	$(GO) build -o bin/iisd ./cmd/iisd

# git does not keep mode 0600, and iisd warns where others can read accounts.
run: all
	@chmod 600 conf/accounts.toml
	@echo 'http://localhost:8080 as IIS 10.0, :8081 as 6.0, :8082 as 4.0; Ctrl-C ends it'
	@exec bin/iisd serve --metabase conf/metabase.toml

test:
	@cmd/iisd/testdata/peers/install.sh
	$(GO) test -parallel 8 ./...
	@$(MAKE) --no-print-directory check

check: imports
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "gofmt would change: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) test -race -skip '$(SLOW)' ./...

imports:
	@$(GO) list -f '{{$$p := .ImportPath}}{{range .Imports}}{{$$p}} {{.}}{{"\n"}}{{end}}' ./... | awk ' \
	BEGIN { \
		n = split(ENVIRON["EDGES"], line, "\n"); \
		for (i = 1; i <= n; i++) { m = split(line[i], w, " "); for (j = 2; j <= m; j++) allowed[w[1], w[j]] } \
		n = split(ENVIRON["CODECS"], w, " "); for (i = 1; i <= n; i++) codec[w[i]] \
	} \
	NF == 2 { \
		from = $$1; to = $$2; sub("^iisd/", "", from); ours = sub("^iisd/", "", to); host = below = to; sub("/.*", "", host); sub("[^/]*$$", "*", below); \
		if (ours ? from != "cmd/iisd" && !((from, to) in allowed) && !((from, below) in allowed) : from in codec && host ~ /\./ && to !~ "^golang.org/x/crypto/") { \
			print from " must not import " to; bad = 1 \
		} \
	} \
	END { exit bad }'

bench:
	@cmd/iisd/testdata/peers/install.sh
	IISD_BENCH=1 $(GO) test -run '^TestBench' -count=1 -v -timeout 30m ./cmd/iisd

fuzz:
	@for package in $$($(GO) list $(PACKAGES)); do \
		targets=$$($(GO) test -list '^Fuzz' $$package) || exit 1; \
		for target in $$(echo "$$targets" | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package || exit 1; \
		done; \
	done

vuln:
	$(GO) run golang.org/x/vuln/cmd/govulncheck@latest ./...

# Installs the program, its pages, the manual page and a systemd unit. What an
# administrator may have changed, the files in $(SYSCONFDIR)/iisd, is never overwritten.
install: all
	install -D -m 755 bin/iisd $(DESTDIR)$(bindir)/iisd
	install -D -m 644 cmd/iisd/iisd.8 $(DESTDIR)$(mandir)/iisd.8
	install -d $(DESTDIR)$(unitdir) $(DESTDIR)$(usrdir) $(DESTDIR)$(pages)
	sed -e 's,/usr/local/bin,$(bindir),; s,/etc/iisd,$(conf),' cmd/iisd/iisd.service >$(DESTDIR)$(unitdir)/iisd.service
	echo 'u $(ACCOUNT) - "IIS-compatible web server"' >$(DESTDIR)$(usrdir)/iisd.conf
	cp -R wwwroot/. $(DESTDIR)$(pages)
	chmod -R u=rwX,go=rX $(DESTDIR)$(pages)
	install -d $(DESTDIR)$(conf)
	@if [ -e $(DESTDIR)$(conf)/metabase.toml ]; then echo 'kept $(conf)/metabase.toml'; else \
		sed -e 's,"\.\./wwwroot,"$(pages),; s,^\(LogFileDirectory *= \)"logs" *#.*,\1"/var/log/iisd",' conf/metabase.toml >$(DESTDIR)$(conf)/metabase.toml; fi
	@if [ -e $(DESTDIR)$(conf)/accounts.toml ]; then echo 'kept $(conf)/accounts.toml'; else \
		install -m 600 conf/accounts.toml $(DESTDIR)$(conf)/accounts.toml; fi
	@if [ -n '$(DESTDIR)' ] || [ "$$(id -u)" != 0 ]; then \
		echo 'to do: systemd-sysusers; chown $(ACCOUNT): $(conf)/accounts.toml'; \
	else \
		id -u $(ACCOUNT) >/dev/null 2>&1 || systemd-sysusers $(usrdir)/iisd.conf || useradd --system --no-create-home --shell /usr/sbin/nologin $(ACCOUNT); \
		chown $(ACCOUNT): $(conf)/accounts.toml; \
		echo 'next: systemctl daemon-reload; systemctl enable --now iisd'; \
	fi

clean:
	rm -rf bin
