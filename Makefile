# Every task by name. `make help` lists them.
PY := .venv/bin/python
.DEFAULT_GOAL := help

help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## system packages, and .venv with the wellhouse command in it
	./install.sh --setup

run:  ## the whole appliance with invented people, in var/demo, until Ctrl-C
	.venv/bin/wellhouse up --root var/demo --demo

rehearse-box:  ## install.sh and --uninstall on clean machines, once cut off again and again (root; ON= as for rehearse)
	$(PY) -m tests.system.rehearse --with-systemd --box $(addprefix --on ,$(ON))
	$(PY) -m tests.system.rehearse --with-systemd --box-cut-off $(addprefix --on ,$(ON))
rehearse-around:  ## the clinic's box beside ufw, asking an authority, and beside firewalld, with a certificate of its own (root)
	$(PY) -m tests.system.rehearse --with-systemd --on debian-12 --box --certificate acme --firewall ufw --backups /mnt/backup/wellhouse
	$(PY) -m tests.system.rehearse --with-systemd --on debian-13 --box --certificate own --firewall firewalld --backups /srv/clinic-backup
.PHONY: rehearse-box rehearse-around

format:  ## rewrite the code in the house's format
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

lint:  ## format, lint, types and import contracts, without changing anything
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

test:  ## all tests, on SQLite and PostgreSQL, then in real browsers
	.venv/bin/pytest --ignore=tests/browser
	.venv/bin/pytest tests/browser

test-pairs:  ## the same without browsers, two files at a time
	.venv/bin/pytest --numprocesses=2 --dist=loadfile --ignore=tests/browser
.PHONY: test-pairs

test-nat:  ## desk, far away and a strict firewall in one room, behind a router without hairpin whose address changes (root)
	.venv/bin/pytest -s tests/browser/nat/test_one_room.py tests/browser/nat/changing_address.py

bench-join:  ## how long people wait for each other's face: p50 and p95 of 20
	$(PY) -m tests.bench.join

bench-flood:  ## a call while strangers send 50,000 datagrams a second for a minute
	$(PY) -m tests.bench.rtc_flood

bench-reloads:  ## a hundred new certificates under a call, straight over UDP and relayed over TLS
	$(PY) -m tests.bench.reloads

bench-signin:  ## signing in and pages while fifty wrong passwords a second are tried
	$(PY) -m tests.bench.signin

bench-telling:  ## whether an answer's time tells who has an account: 2,000 answers each (QUICK=1: a cheaper hash)
	$(PY) -m tests.bench.telling $(if $(QUICK),--quick)

bench-races:  ## twenty at once for a code, an invitation, a reset: 1,000 rounds each, on both databases
	$(PY) -m tests.bench.races

bench-backup:  ## a gigabyte on both databases: backed up twice with one changed row, lost, restored (ten minutes)
	$(PY) -m tests.bench.backup

test-damage:  ## more than fifty damaged backups: each refused, nothing touched (five minutes)
	$(PY) -m tests.appliance.backup.damages

sure: lint test  ## everything that must hold before a change is shared

docs:  ## docs/SETTINGS.md and docs/ACCESS.md anew, from the settings and from the table of access
	.venv/bin/wellhouse settings > docs/SETTINGS.md
	.venv/bin/wellhouse access > docs/ACCESS.md

bench-swaps:  ## 5,000 requests with somebody else's ids, on SQLite and PostgreSQL: each refused, none told apart
	$(PY) -m tests.bench.swaps

LOCK := .venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links --quiet

lock:  ## make requirements/*.lock anew from pyproject.toml, by hash, for every supported Python and machine
	$(LOCK) -o requirements/runtime.lock
	$(LOCK) --extra dev -c requirements/runtime.lock -o requirements/dev.lock
	$(LOCK) --extra provision -c requirements/runtime.lock -o requirements/provision.lock
	echo "setuptools>=77" | $(subst pyproject.toml,-,$(LOCK)) --no-annotate -o requirements/build.lock

test-machine:  ## the clinic's box on clean machines with systemd: facts, a call, a power cut, a restore (root; ON=debian-13)
	$(PY) -m tests.system.machine $(addprefix --on ,$(ON))

test-vm:  ## virtual machines with a TPM2 and an encrypted disk: power cut, thief, passphrase (root; ON=debian-13)
	$(PY) -m tests.system.vm $(addprefix --on ,$(ON))

rehearse:  ## install.sh --demo on clean machines, with and without systemd (root; ON="debian-13 ubuntu-24.04" for others)
	$(PY) -m tests.system.rehearse $(addprefix --on ,$(ON))

.PHONY: test-nat test-machine test-vm test-damage docs bench-swaps rehearse lock help setup run format lint test sure bench-join bench-flood bench-reloads bench-signin bench-telling bench-races bench-backup
