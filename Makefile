# Every target is also a plain command; the README lists them.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed-from-lock
TESTS ?= tests
JOURNEY ?=

.PHONY: env demo test e2e screenshots assurance matrix oq-results bench lint format lock-check clean-static
.PHONY: lint-format lint-code lint-types lint-layers lint-templates lint-django
env: $(STAMP)

$(STAMP): requirements.txt qms/plant/system_packages.py
	$(PYTHON) qms/plant/system_packages.py env
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt
	$(RUN) -c "import weasyprint"
	touch $@

# The whole plant on this machine; PORT, BIND and VAR come from the environment.
demo: env
	@$(RUN) manage.py demo

# On embedded servers, or on those of DATABASE_URL (an administrator's) and REDIS_URL.
test: env
	$(PYTHON) qms/plant/system_packages.py test
	$(RUN) -m pytest -n 2 --dist loadfile -m "not e2e and not slow" $(TESTS)

# Everything that needs the distribution's Chromium; one journey with make e2e JOURNEY=a_operator.
e2e: env
	$(PYTHON) qms/plant/system_packages.py e2e
	DJANGO_ALLOW_ASYNC_UNSAFE=1 $(RUN) -m pytest -m e2e $(if $(JOURNEY),-k $(JOURNEY) tests/journeys,-n 2 --dist loadfile $(TESTS))

# The pictures in docs/screenshots, made by the journeys.
screenshots: env
	$(PYTHON) qms/plant/system_packages.py e2e
	SCREENSHOTS=1 DJANGO_ALLOW_ASYNC_UNSAFE=1 $(RUN) -m pytest -m e2e tests/journeys

# The assurance goals at full size; make test runs them small.
assurance: env
	$(PYTHON) qms/plant/system_packages.py test
	ASSURANCE_SIZE=full $(RUN) -m pytest -m assurance -o faulthandler_timeout=0 $(TESTS)

# docs/part11-matrix.md and docs/validation/requirements.md, from data and the tests' marks.
matrix: env
	$(RUN) -m tests.architecture.matrix

# examples/validation/oq-results.xml: the tests that carry requirements, and how they ended.
oq-results: env
	$(RUN) -m tests.oq_results

# Ratios, printed; kept out of make test, whose machine is shared.
bench: env
	$(RUN) -m pytest -s -q -p no:randomly -o faulthandler_timeout=0 -o python_files="bench_*.py" --ds=tests.bench.settings tests/bench

# With make -k lint, every check reports, whatever the others say.
lint: lint-format lint-code lint-types lint-layers lint-templates lint-django lock-check

lint-format: env
	$(VENV)/bin/ruff format --check --output-format concise .

lint-code: env
	$(VENV)/bin/ruff check --output-format concise .

lint-types: env
	$(VENV)/bin/mypy

lint-layers: env
	$(VENV)/bin/lint-imports --no-logo

lint-templates: env
	$(VENV)/bin/djade --check --target-version 5.2 $$(find templates -name '*.html')
	$(VENV)/bin/djlint templates --lint --quiet

lint-django: env
	$(RUN) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	DATABASE_URL=postgres://app@127.0.0.1/countersign SITE_URL=https://qms.example.com \
	  SECRET_KEY=$$($(RUN) -c "import secrets; print(secrets.token_urlsafe(64))") \
	  $(RUN) manage.py check --deploy --fail-level WARNING

# An index address in the lock would tie every installation to one host.
lock-check:
	@! grep -n '://' requirements.txt

format: env
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/djade --target-version 5.2 $$(find templates -name '*.html')

clean-static:
	rm -rf var/static var/run/static-collected
