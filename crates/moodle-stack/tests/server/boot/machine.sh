#!/usr/bin/bash
# machine.sh IMAGE WORK BOOTS: boots the image BOOTS times in a container, with the files of WORK/disk laid over it and
# WORK/outside mounted at /test. The console goes to WORK/console-N. What is written stays in memory and goes with the end.
set -euo pipefail

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

for ((boot = 1; boot <= boots; boot++)); do
    echo "$boot" >"$work/outside/boot"
    if [[ -f $work/outside/before-$boot ]]; then (cd "$work/outside" && bash "before-$boot"); fi
    # A console is a terminal; script makes one and keeps what is printed on it. In the foreground: timeout would put the container
    # into the terminal's background, where a process that sets the terminal is stopped (unless $SHELL is a shell that replaces
    # itself by its last command).
    container=(systemd-nspawn --quiet --directory="$work/memory/root" --boot --private-network --register=no --keep-unit
        --machine="$name" --hostname=web1 --bind="$work/outside:/test" --console=interactive)
    status=0
    script --quiet --return --flush --command "timeout --foreground --kill-after=20 ${LIMIT:-240} ${container[*]@Q}" "$work/console-$boot" \
        </dev/null >/dev/null 2>&1 || status=$?
    if [[ ! -f $work/outside/found-$boot.json ]]; then
        echo "boot $boot ended with $status and was not looked at; its console, its journal and its log:"
        tail -n 60 "$work/console-$boot"
        journalctl --no-pager --lines=150 --directory="$work/memory/root/var/log/journal" || true
        cat "$work/memory/root/var/log/site/boot.log" "$work"/memory/root/var/log/mysql/* || true
        exit 1
    fi
done
