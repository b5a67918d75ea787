# Two commands matter: `make run` and `make test`. Both set up everything they need.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
AS_ROOT := $(shell test "$$(id -u)" = 0 || echo sudo)
DEBIAN_INSTALL := $(AS_ROOT) apt-get install --quiet --yes --no-install-recommends

.PHONY: run test search lint peers fonts train bench lock clean
.DEFAULT_GOAL := run

$(VENV)/.ready: requirements/dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

run: $(VENV)/.ready  ## verify the example tray with simulated devices, in virtual time
	$(BIN)/hardlab demo $(ARGS)

lint: $(VENV)/.ready  ## style, types and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint $(VENV)/.fonts  ## everything that must hold
	$(BIN)/pytest -n auto --dist worksteal -rs $(ARGS)

search: $(VENV)/.ready  ## let every property try examples that nobody tried before
	HARDLAB_HYPOTHESIS=search $(BIN)/pytest -n auto -m hypothesis $(ARGS) tests

fonts: $(VENV)/.ready  ## the typefaces of the documents, into the virtual environment; no root needed
	rm -f $(VENV)/.fonts
	$(MAKE) --no-print-directory $(VENV)/.fonts
	test -s $(VENV)/.fonts

# Debian's package is unpacked, not installed. Without it the tests of the documents are skipped.
$(VENV)/.fonts: $(VENV)/.ready
	@$(BIN)/python -m lims_bridge.documents.fonts > $@ 2> /dev/null || { \
	  mkdir -p $(VENV)/share/fonts/hardlab $(VENV)/fonts-deb && cd $(VENV)/fonts-deb && \
	  { apt-get download fonts-noto-cjk || { $(AS_ROOT) apt-get update --quiet && \
	    apt-get download fonts-noto-cjk; }; } > apt.log 2>&1 && \
	  dpkg-deb --extract fonts-noto-cjk_*.deb unpacked && cd - > /dev/null && \
	  cp $(VENV)/fonts-deb/unpacked/usr/share/fonts/opentype/noto/Noto*CJK-*.ttc $(VENV)/share/fonts/hardlab && \
	  rm -rf $(VENV)/fonts-deb && $(BIN)/python -m lims_bridge.documents.fonts > $@; } || \
	  echo "no typefaces for the documents: their tests are skipped; see make fonts"

peers: $(VENV)/.ready  ## other people's programs for tests/peers; Debian's need root
	$(AS_ROOT) apt-get update --quiet
	$(DEBIAN_INSTALL) aravis-tools gcc libaravis-0.8-0 libc6-dev libmodbus-dev libnss3-tools mbpoll pkg-config poppler-utils qpdf socat
	command -v npm || $(DEBIAN_INSTALL) nodejs npm  # nodejs from elsewhere brings its own npm
	mkdir -p $(VENV)/peers
	cp tests/peers/package.json tests/peers/package-lock.json $(VENV)/peers
	npm ci --prefix $(VENV)/peers --omit=optional --ignore-scripts --no-audit --no-fund
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/peers.txt

# A torchvision built for CUDA works beside a CPU torch too: models/training/operators.py.
train: $(VENV)/.ready  ## train the classifier of indentations anew: minutes to an hour
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0 pillow onnx==1.23.2
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps torchvision==0.28.0
	$(BIN)/hardlab train $(ARGS)

bench: $(VENV)/.ready  ## ratios against a peer, measured side by side
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	$(BIN)/python -m benchmarks.orchestration

lock: $(VENV)/.ready  ## renew the pinned and hashed dependencies
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra dev pyproject.toml requirements/build.in -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra dev --extra bench pyproject.toml requirements/build.in -o requirements/bench.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra dev --extra peers pyproject.toml requirements/build.in -o requirements/peers.txt

clean:
	rm -rf $(VENV) out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
