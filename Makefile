# make demo    set up, and serve a test pattern on http://127.0.0.1:8080
# make test    every test, browsers included
# make check   format, lint, types, layers, documentation, packages, player types
# make install | bench | fuzz | autobahn | clean

.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BUNDLE := src/televise/assets/televise.js
CODE := $(wildcard src tests bench fuzz examples hatch_build.py)
JOBS ?= 3

.PHONY: help install demo test check bench fuzz fuzz-today autobahn clean tools-for-tests

help:
	@sed -n '1,/^$$/s/^# //p' Makefile

install: $(STAMP) $(BUNDLE)

demo: install
	$(BIN)/televise serve

test: install tools-for-tests
	$(BIN)/python hatch_build.py test
	$(BIN)/python -m pytest -n $(JOBS) tests

check: install
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports --no-logo
	$(BIN)/python hatch_build.py check
	$(BIN)/python -m pytest -q tests/project/test_documentation.py tests/project/test_public_names.py tests/project/test_packaging.py

bench: install
	$(BIN)/python -m bench.run

fuzz: install
	$(BIN)/python fuzz/run.py

# Two targets for a minute each, others each day.
fuzz-today: install
	$(BIN)/python fuzz/run.py --today 2 --jobs 2

# WebSockets against the Autobahn test suite, where there is Python 2.7.
autobahn: install
	$(BIN)/python -m tests.web.autobahn

clean:
	rm -rf $(VENV) .cache build dist src/televise/assets player/node_modules player/build
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# Debian's packages: $(call debian,PACKAGES) installs them if it may, otherwise it says what to do and
# fails. DEBIAN_FRONTEND keeps apt from asking.
debian = { \
	root=; [ "$$(id -u)" = 0 ] || root='sudo -n'; \
	if command -v apt-get >/dev/null && { [ -z "$$root" ] || $$root true 2>/dev/null; }; then \
		echo "Installing Debian packages:$(1)"; \
		$$root env DEBIAN_FRONTEND=noninteractive apt-get update -qq && \
		$$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1) >/dev/null; \
	else \
		echo "Missing here:$(1). On Debian, as root: apt-get install$(1)" >&2; false; \
	fi; }

$(BIN)/python:
	@if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then $(call debian, python3 python3-venv); fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "televise needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; false; }
	$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml hatch_build.py | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# The install has built the bundle; this builds it anew after a change in player/.
$(BUNDLE): $(STAMP) player/package.json player/package-lock.json $(wildcard player/src/*)
	$(BIN)/python hatch_build.py
	@[ -f $@ ] && touch $@

# Without them the tests that need them say so and are skipped; with CI=1 they fail.
tools-for-tests:
	@missing=; \
	command -v chromium >/dev/null || missing+=' chromium'; \
	command -v firefox-esr >/dev/null || missing+=' firefox-esr'; \
	command -v ffmpeg >/dev/null || missing+=' ffmpeg'; \
	command -v Xvfb >/dev/null || missing+=' xvfb'; \
	command -v openssl >/dev/null || missing+=' openssl'; \
	command -v nginx >/dev/null || missing+=' nginx-light'; \
	command -v caddy >/dev/null || missing+=' caddy'; \
	command -v promtool >/dev/null || missing+=' prometheus'; \
	command -v systemd-analyze >/dev/null || missing+=' systemd'; \
	command -v pulseaudio >/dev/null || missing+=' pulseaudio'; \
	command -v nft >/dev/null || missing+=' nftables'; \
	command -v slowhttptest >/dev/null || missing+=' slowhttptest'; \
	command -v strace >/dev/null || missing+=' strace'; \
	command -v ip >/dev/null || missing+=' iproute2'; \
	[ -e /usr/lib/*/faketime/libfaketimeMT.so.1 ] || missing+=' faketime'; \
	fc-list 2>/dev/null | grep -q . || missing+=' fonts-dejavu-core fontconfig'; \
	[ -z "$$missing" ] || $(call debian,$$missing) || [ -z "$$CI" ]
