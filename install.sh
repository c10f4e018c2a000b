#!/usr/bin/env bash
# Puts Wellhouse on this machine, as its usage text below says. Safe to run again at any time, also after it was cut off.
# Everything that needs root on the machine is Ansible's (ansible/); this file only gets Ansible there and speaks to the
# person at the console. Sourcing it runs nothing, so that tests can call one function.
set -euo pipefail

CHECKOUT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
OS_RELEASE=/etc/os-release
MACHINE=$(uname -m)
LOG=/var/log/wellhouse-install.log
LOCK=/run/wellhouse-install.lock # not in /run/lock, where everybody could put a link in its place
PROVISION=/opt/wellhouse/provision # Ansible's own environment, apart from the appliance's
PYTHON=/usr/bin/python3            # the distribution's; another one on the PATH has no python3-apt
DEMO_ROOT=/var/lib/wellhouse-demo
INSTALL_JSON=/etc/wellhouse/install.json
HANDED_OVER=/run/wellhouse-install # in memory: what Ansible is told and no file keeps
# What a person may have set for downloads; sudo would drop it. CI is pytest's and make's business.
KEPT_ENVIRONMENT=(http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY
    PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_CERT SSL_CERT_FILE REQUESTS_CA_BUNDLE CI)

step='starting'     # what is being done, for the sentence when it fails
explained=''        # set once a failure has been put in words
is_alone=''         # set once no other install.sh can be at work

usage() {
    cat <<'TEXT'
Wellhouse: telehealth that a clinic hosts itself.

  ./install.sh              makes this machine the clinic's box: asks what it must know, looks at the machine, shows
                            what it will do, and changes something only then. Again later: asks only what is new.
  ./install.sh --answers FILE | --hostname NAME --email ADDRESS --certificate acme|local|FILE[,KEYFILE] …
                            the same with answers given; docs/INSTALL.md lists all of them.
  ./install.sh --uninstall  takes Wellhouse off again. The data, the keys and the settings stay, unless --and-data
                            is added and the site's name typed. Backups and the system's packages stay in any case.
  ./install.sh --demo       the whole appliance with invented people, on high ports of this machine. Prints the address
                            and the accounts. Lives in /opt/wellhouse and /var/lib/wellhouse-demo, under its own user;
                            touches no firewall and no service that is already here.
  ./install.sh --test       what the tests need (packages, and .venv in this checkout), then runs all of them.
  ./install.sh --setup      the same without running the tests; `make setup` calls it.
  ./install.sh --help       this page.

Each can be run again at any time: what is already there is left alone. Needs Debian 12 or 13, or Ubuntu 24.04, on
x86_64 or aarch64, and root (it asks sudo by itself). Details of a run are in /var/log/wellhouse-install.log.
TEXT
}

say() {
    printf '==> %s\n' "$*"
    [[ ! -w $LOG ]] || printf '%s ==> %s\n' "$(date '+%F %T')" "$*" >>"$LOG"
}

refuse() {
    explained=yes
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

# Runs a command with its output in the log only.
quietly() {
    printf '$ %s\n' "$*" >>"$LOG"
    "$@" >>"$LOG" 2>&1
}

# One field of os-release, which is written as shell assignments; empty if it is not there.
os_field() {
    sed -nE "s/^$1=[\"']?([^\"']*)[\"']?\$/\1/p" "$OS_RELEASE" 2>/dev/null | tail -n 1
}

require_supported_system() {
    local system name
    system=$(os_field ID) && system+=" $(os_field VERSION_ID)" && name=$(os_field PRETTY_NAME)
    case "$system" in
        'debian 12' | 'debian 13' | 'ubuntu 24.04') ;;
        *) refuse "this is ${name:-a system that does not say what it is}; Wellhouse runs on Debian 12, Debian 13 and" \
            "Ubuntu 24.04. Nothing was changed. Use one of those, a virtual machine will do." ;;
    esac
    case "$MACHINE" in
        x86_64 | aarch64) ;;
        *) refuse "this processor is $MACHINE; Wellhouse runs on x86_64 and aarch64. Nothing was changed." ;;
    esac
}

# Ansible and pip are told this path; in these signs they would read something else.
require_plain_path() {
    [[ $CHECKOUT != *[\"\\{}]* && $CHECKOUT != *[[:cntrl:]]* ]] ||
        refuse "the path $CHECKOUT has quotes, braces, backslashes or line breaks in it. Nothing was changed. Move the" \
            "checkout to another folder, as /root/wellhouse."
}

become_root() {
    ((EUID != 0)) || return 0
    command -v sudo >/dev/null ||
        refuse "this needs root, and sudo is not here. Nothing was changed. Become root and run it again: install.sh $*"
    local name keep=()
    for name in "${KEPT_ENVIRONMENT[@]}"; do
        [[ -z ${!name+set} ]] || keep+=("$name")
    done
    # An empty list would be an error for sudo, and for bash before 4.4.
    if ((${#keep[@]})); then
        exec sudo --preserve-env="$(IFS=,; printf '%s' "${keep[*]}")" -- "$CHECKOUT/install.sh" "$@"
    fi
    exec sudo -- "$CHECKOUT/install.sh" "$@"
}

open_log() {
    # The log names users and versions, no secrets; still nobody else's business.
    (umask 077 && : >>"$LOG") || refuse "cannot write $LOG. Make room or mount it writable, then run this again."
    printf '\n=== %s install.sh %s in %s\n' "$(date '+%F %T')" "$*" "$CHECKOUT" >>"$LOG"
}

alone() {
    mkdir -p "$(dirname "$LOCK")"
    exec 9>"$LOCK"
    flock --nonblock 9 || refuse "another install.sh is at work on this machine. Wait for it, then run this again."
    is_alone=yes
}

# On any exit: a failure that nobody has put in words yet gets the log's last lines and what to do next.
farewell() {
    local status=$?
    [[ -z $is_alone ]] || rm -rf -- "$HANDED_OVER" # else it is another's, who still needs it
    ((status != 0)) || return 0
    [[ -z $explained ]] || return 0
    {
        printf '\ninstall.sh stopped while %s. The last lines of %s:\n\n' "$step" "$LOG"
        tail -n 30 "$LOG" | sed 's/^/    /' || true
        printf '\nPut right what they name (often the network or a full disk), then run the same command again:\n'
        printf 'it goes on where it stopped.\n'
    } >&2
}

installed() {
    [[ $(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null) == 'ii ' ]]
}

# What the questions and Ansible itself stand on. Everything else is installed by Ansible's roles.
bring() {
    local package missing=()
    step="installing $* with apt"
    export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
    # An earlier run, of anything, may have been cut off between unpacking and configuring.
    [[ -z $(dpkg --audit) ]] || quietly dpkg --configure -a
    for package in "$@"; do
        installed "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    say "Installing ${missing[*]}"
    quietly apt-get -o DPkg::Lock::Timeout=300 update
    quietly apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "${missing[@]}"
}

install_python() {
    bring python3 python3-venv python3-apt ca-certificates
}

# The mark of an environment made from these files by this Python: equal marks mean there is nothing to do.
mark_of() {
    { "$PYTHON" --version && sha256sum <(cat -- "$@"); } | sha256sum | cut -d' ' -f1
}

install_ansible() {
    local lock=$CHECKOUT/requirements mark
    step='installing Ansible with pip'
    mark=$(mark_of "$lock/provision.lock" "$lock/build.lock")
    [[ $(cat "$PROVISION/mark" 2>/dev/null) != "$mark" ]] || return 0
    say 'Installing Ansible in /opt/wellhouse/provision'
    mkdir -p "$(dirname "$PROVISION")"
    rm -f "$PROVISION/mark"
    quietly "$PYTHON" -m venv --clear "$PROVISION"
    quietly "$PROVISION/bin/python" -m pip install --disable-pip-version-check --progress-bar off --require-hashes \
        -r "$lock/provision.lock" -r "$lock/build.lock"
    sync --file-system "$PROVISION" # the mark must not survive a power cut that the files before it do not
    printf '%s\n' "$mark" >"$PROVISION/mark"
}

# Runs one step of appliance/install with the system's own Python: nothing has been brought to the machine yet.
converse() {
    local name=$1
    shift
    # -P and -B: neither read from nor write into the folder that somebody happens to stand in, nor the checkout.
    PYTHONPATH=$CHECKOUT "$PYTHON" -P -B -m appliance.install "$name" "$LOG" "$@" 9>&-
}

# Runs one playbook here with more options for it, shows the names of its tasks, and its count of changes at the end.
play() {
    local playbook=$1
    shift
    step="running ansible/$playbook"
    # Unlike a config file in the working directory, one that is named is honoured in a world-writable folder too, which
    # a virtual machine's shared folder is.
    ANSIBLE_CONFIG=$CHECKOUT/ansible/ansible.cfg ANSIBLE_NOCOLOR=1 PATH="$PROVISION/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
        "$PROVISION/bin/ansible-playbook" --extra-vars "{\"wellhouse_checkout\": \"$CHECKOUT\"}" \
        "$@" "$CHECKOUT/ansible/$playbook" </dev/null 9>&- 2>&1 |
        tee -a "$LOG" |
        sed --unbuffered -nE 's/^TASK \[(.*)\] \*+$/    \1/p; s/^localhost +: (ok=[0-9]+ +changed=[0-9]+) .*/    \1/p'
}

# The person whose checkout this is: .venv and the tests are theirs, not root's.
as_caller() {
    if [[ -z ${SUDO_USER:-} || $SUDO_USER == root ]]; then
        "$@"
    else
        runuser -u "$SUDO_USER" -- env HOME="$(getent passwd "$SUDO_USER" | cut -d: -f6)" USER="$SUDO_USER" \
            LOGNAME="$SUDO_USER" "$@"
    fi
}

make_venv() {
    local venv=$CHECKOUT/.venv lock=$CHECKOUT/requirements mark pip
    step='making .venv'
    as_caller test -w "$CHECKOUT" ||
        refuse "${SUDO_USER:-root} may not write in $CHECKOUT, where .venv belongs. Give the folder to ${SUDO_USER:-root}, or use a checkout of your own."
    mark=$(mark_of "$lock/dev.lock" "$lock/build.lock" "$CHECKOUT/pyproject.toml")
    if [[ $(cat "$venv/mark" 2>/dev/null) != "$mark" || ! -x $venv/bin/wellhouse ]]; then
        say 'Making .venv from requirements/dev.lock'
        rm -f "$venv/mark"
        # An environment of another Python is made anew; otherwise what already fits in it stays.
        if [[ $("$venv/bin/python" --version 2>/dev/null) == "$("$PYTHON" --version)" ]]; then
            quietly as_caller "$PYTHON" -m venv "$venv"
        else
            quietly as_caller "$PYTHON" -m venv --clear "$venv"
        fi
        pip=("$venv/bin/python" -m pip install --disable-pip-version-check --progress-bar off)
        quietly as_caller "${pip[@]}" --require-hashes -r "$lock/dev.lock" -r "$lock/build.lock"
        quietly as_caller "${pip[@]}" --no-index --no-deps --no-build-isolation --editable "$CHECKOUT"
        printf '%s\n' "$mark" | as_caller tee "$venv/mark" >/dev/null
    fi
    step='making the web fonts'
    (cd "$CHECKOUT" && quietly as_caller "$venv/bin/python" -m webapp.ui.fonts)
    if [[ ! -x /usr/bin/chromium ]]; then
        # Ubuntu packages Chromium as a snap only, which cannot read the tests' temporary folders.
        step='bringing a browser for the tests'
        quietly "$venv/bin/python" -m playwright install-deps chromium
        quietly as_caller "$venv/bin/python" -m playwright install chromium
    fi
}

setup() {
    play tests.yml
    make_venv
}

run_tests() {
    step='running the tests'
    say 'Running the tests: make sure'
    local status=0
    (cd "$CHECKOUT" && as_caller make sure </dev/null 9>&- 2>&1) | tee -a "$LOG" || status=$?
    if ((status)); then
        explained=yes
        printf '\ninstall.sh: the tests did not pass; what failed stands above, and in %s.\n' "$LOG" >&2
        exit 1
    fi
    say 'All tests passed.'
}

print_demo() {
    "$PYTHON" - "$DEMO_ROOT/demo.json" <<'PYTHON'
import json, sys
demo = json.load(open(sys.argv[1], encoding="utf-8"))
print(f"\nWellhouse is up, with invented people:\n\n    {demo['url']}\n")
width = max(len(account["email"]) for account in demo["accounts"])
for account in demo["accounts"]:
    print(f"    {account['email']:{width}}  {account['password']}  {account['name']} ({', '.join(account['role'])})")
print(f"\nA visit that is on now: {demo['appointment_url']}")
print("The browser will warn once: the demonstration signs its own certificate.\n")
PYTHON
}

# The clinic's box. Until the answers are on disk nothing on the machine is changed but, where it has none, Python.
install_box() {
    local status=0
    bring python3 # nearly every machine has it
    step='asking what must be known'
    converse prepare "$@" || status=$?
    if ((status)); then
        explained=yes
        exit "$status"
    fi
    install_python
    install_ansible
    say "Making this machine the clinic's box"
    play appliance.yml --extra-vars "@$INSTALL_JSON"
    rm -rf -- "$HANDED_OVER"
    step='writing what to do next'
    converse closing
}

uninstall() {
    local status=0 and_data=false
    [[ -x $PYTHON && -f $INSTALL_JSON ]] || refuse "there is no Wellhouse here that install.sh has made. Nothing was changed."
    step='asking whether Wellhouse should go'
    converse leaving "$@" || status=$?
    case $status in
        0) ;;
        10) and_data=true ;;
        *)
            explained=yes
            exit "$status"
            ;;
    esac
    install_python
    install_ansible
    say 'Taking Wellhouse off this machine'
    play uninstall.yml --extra-vars "@$INSTALL_JSON" --extra-vars "{\"uninstall_data\": $and_data}"
    [[ -d $DEMO_ROOT ]] || rm -rf -- "$(dirname "$PROVISION")" # the demonstration runs from there too
    say 'Wellhouse is gone.'
}

# Options that somebody mistyped are named before root is asked for.
require_known_options() {
    local status=0
    [[ -x $PYTHON ]] || return 0 # they are then read once Python is there
    converse options "$@" || status=$?
    ((status == 0)) || exit "$status"
}

main() {
    case "${1:-}" in
        --help | -h) usage; exit 0 ;;
        --demo | --test | --setup)
            if (($# != 1)); then
                printf 'install.sh: %s takes no other options.\n\n' "$1" >&2
                usage
                exit 2
            fi
            ;;
        --uninstall) ;;
        *) require_known_options "$@" ;;
    esac
    require_supported_system
    require_plain_path
    become_root "$@"
    # sudo may have kept the caller's home, where root's caches have no place.
    [[ -z ${SUDO_USER:-} ]] || export HOME=/root
    trap farewell EXIT
    alone
    open_log "$@"
    case "${1:-}" in
        --demo)
            install_python
            install_ansible
            say 'Setting up the demonstration'
            play site.yml
            step='reading what the demonstration says of itself'
            print_demo
            ;;
        --test)
            say 'Setting up what the tests need'
            install_python
            install_ansible
            setup
            run_tests
            ;;
        --setup)
            say 'Setting up what the tests need'
            install_python
            install_ansible
            setup
            say 'Ready. "make help" lists what can be done; "make run" starts the appliance in var/demo.'
            ;;
        --uninstall) uninstall "${@:2}" ;;
        *) install_box "$@" ;;
    esac
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    main "$@"
fi
