# make demo: one conversation through the whole product, with no account.   make test: every check.
# Both work on a bare machine with Python 3.11 or newer, git and make; everything stays in this folder.
.PHONY: demo test install lock clean

demo:
	@scripts/bootstrap main
	@.venv/bin/sovetnik demo

test:
	@scripts/bootstrap dev
	@scripts/check

install:
	@scripts/bootstrap main

lock:
	@scripts/bootstrap main
	@. scripts/environment && .poetry/bin/poetry lock

clean:
	rm -rf .venv .poetry .cache
