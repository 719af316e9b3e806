# The usual targets, for those who type `make`; each is a task of deno.json (docs/hacking.md).

DENO ?= $(or $(shell command -v deno),npx -y deno@2.9.6)

.PHONY: all build test lint proto docs clean pkg-deb

all: build

build:
	$(DENO) task setup

test:
	$(DENO) task test

lint:
	$(DENO) task lint

proto:
	$(DENO) task proto

docs:
	$(DENO) task docs

# What was built or fetched into the checkout; Deno's cache stays.
clean:
	rm -rf build

pkg-deb:
	$(DENO) task deb
