#!/usr/bin/bash
# machine.sh IMAGE WORK BOOTS: boots the image BOOTS times in a container, with the files of WORK/disk laid over it and
# WORK/outside mounted at /test. The console goes to WORK/console-N. What is written stays in memory and goes with the end.
#
# Where there is WORK/outside/cut-N, boot N loses its power: when the file exists in WORK/outside whose name is in it.
set -euo pipefail
# Whoever calls may have another one; users of the container must be able to read what is laid over its disk.
umask 022

image=$1
work=$2
boots=$3
name=site-$$

# In a group of its own, or the container's systemd would take the outside's processes for its own.
groups=()
for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
    [[ -w $hierarchy/cgroup.procs ]] || continue
    mkdir "$hierarchy/$name"
    groups+=("$hierarchy/$name")
done
cleanup() {
    local group
    for group in "${groups[@]}"; do
        echo $$ >"$(dirname "$group")/cgroup.procs"
        find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
}
trap cleanup EXIT
for group in "${groups[@]}"; do echo $$ >"$group/cgroup.procs"; done

mkdir -p "$work/memory"
mount -t tmpfs -o mode=0755 tmpfs "$work/memory"
mkdir "$work/memory/upper" "$work/memory/work" "$work/memory/root"
mount -t overlay -o "lowerdir=$image,upperdir=$work/memory/upper,workdir=$work/memory/work" overlay "$work/memory/root"
cp -a --no-preserve=ownership "$work/disk/." "$work/memory/root/"

# All of the container's processes at once, as without power: its first process is the only child of its nspawn.
cut() {
    local file=$1 pid
    until [[ -e $file ]]; do sleep 0.05; done
    for pid in $(pgrep -x systemd-nspawn); do
        if tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qxF -- "--machine=$name"; then pkill -KILL -P "$pid"; fi
    done
}

# The cause first, and briefly: who reads it may see no more than the end or the beginning of a long log.
explain() {
    local boot=$1 status=$2 root=$work/memory/root
    echo "boot $boot of $(basename "$work") ended with status $status (124: it took too long) and was not looked at"
    echo "--- what the boot said last:"
    tail -n 20 "$root/var/log/site/boot.log" 2>/dev/null || echo "(it never began)"
    echo "--- the end of the console:"
    tail -n 20 "$work/console-$boot" | tr -d '\r'
    echo "--- units that failed:"
    journalctl --no-pager --quiet --output=cat --directory="$root/var/log/journal" 2>/dev/null |
        grep -aE 'Failed to start|Failed with result|Main process exited' | tail -n 10 || true
    {
        journalctl --no-pager --directory="$root/var/log/journal"
        cat "$root/var/log/site/boot.log" "$root"/var/log/mysql/* "$root/var/log/cloud-init.log"
    } >"$work/everything" 2>&1 || true
    echo "--- all of the journal and of the logs: $work/everything"
}

for ((boot = 1; boot <= boots; boot++)); do
    echo "$boot" >"$work/outside/boot"
    if [[ -f $work/outside/before-$boot ]]; then (cd "$work/outside" && bash "before-$boot" "$work/memory/root"); fi
    # A console is a terminal; script makes one and keeps what is printed on it. In the foreground: timeout would put the container
    # into the terminal's background, where a process that sets the terminal is stopped (unless $SHELL is a shell that replaces
    # itself by its last command).
    container=(systemd-nspawn --quiet --directory="$work/memory/root" --boot --private-network --register=no --keep-unit
        --machine="$name" --hostname=web1 --bind="$work/outside:/test" --console=interactive)
    watcher=
    if [[ -f $work/outside/cut-$boot ]]; then
        cut "$work/outside/$(<"$work/outside/cut-$boot")" &
        watcher=$!
    fi
    status=0
    SHELL=/bin/bash TERM=linux script --quiet --return --flush \
        --command "timeout --foreground --kill-after=20 ${LIMIT:-240} ${container[*]@Q}" "$work/console-$boot" \
        </dev/null >/dev/null 2>&1 || status=$?
    if [[ -n $watcher ]]; then
        if kill "$watcher" 2>/dev/null; then
            explain "$boot" "$status"
            exit 1
        fi
        continue
    fi
    if [[ ! -f $work/outside/found-$boot.json ]]; then
        explain "$boot" "$status"
        exit 1
    fi
done
