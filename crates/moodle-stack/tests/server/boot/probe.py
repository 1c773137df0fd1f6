"""Looks at a server after its boot and writes what it found, as JSON; and once more after /test/then-N and another run of the
boot, where there is such a script."""
import grp
import hashlib
import json
import os
import pwd
import subprocess
import time

BOOT = open("/test/boot").read().strip()
MOUNT_POINT = open("/test/mount-point").read()
UNITS = ["httpd", "php-fpm", "site-health", "site-cron.timer", "site-update.timer", "firewalld", "chronyd"]
FOLDERS = ["/etc/site", "/etc/pki/site", "/etc/httpd/conf.d", "/var/www", "/etc/fstab", "/etc/chrony.conf", "/etc/php.d",
           "/etc/systemd/system", MOUNT_POINT]


def run(*command, **more):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", **more)
    return done.returncode, done.stdout, done.stderr


def curl(*arguments):
    _, out, _ = run("/usr/bin/curl", "-sk", "--max-time", "20", "-o", "/tmp/body", "-w", "%{http_code} %{redirect_url}",
                    "--resolve", "moodle.example.org:443:127.0.0.1", *arguments)
    body = open("/tmp/body", errors="replace").read() if os.path.exists("/tmp/body") else ""
    return {"code": out.split(" ")[0], "redirect": out.split(" ", 1)[1], "body": body}


def certificate():
    command = "openssl s_client -connect 127.0.0.1:443 </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256"
    return run("bash", "-c", command)[1]


def files():
    found = {}
    for top in FOLDERS:
        paths = [top] if os.path.isfile(top) else []
        for folder, folders, names in os.walk(top):
            paths += [os.path.join(folder, name) for name in folders + names]
        for path in paths:
            state = os.lstat(path)
            owner = f"{pwd.getpwuid(state.st_uid).pw_name}:{grp.getgrgid(state.st_gid).gr_name}"
            text = f"{state.st_mode & 0o7777:04o} {owner}"
            if os.path.islink(path):
                text = f"link {os.readlink(path)}"
            elif os.path.isfile(path):
                text += " " + hashlib.sha256(open(path, "rb").read()).hexdigest()
            found[path] = text
    return found


def sql(query):
    return run("mariadb", "--batch", "--skip-column-names", "-e", query)[1]


def leaks():
    """Files that hold a secret, anywhere but where the test itself lies; and whether the journal does."""
    _, out, _ = run("grep", "-rlF", "-f", "/test/tokens", "--exclude-dir=proc", "--exclude-dir=sys", "--exclude-dir=test",
                    "--exclude-dir=dev", "/")
    found = {path: f"{os.stat(path).st_mode & 0o7777:04o}" for path in out.splitlines()}
    _, journal, _ = run("bash", "-c", "journalctl --all --output=export | grep -aF -f /test/tokens")
    return {"files": found, "journal": journal}


def settle():
    """A server comes into rotation some seconds after its services are there."""
    until = time.monotonic() + 40
    while run("systemctl", "is-active", "site-health")[0] == 0 and time.monotonic() < until:
        if curl("http://127.0.0.1/")["code"] != "503":
            return
        time.sleep(0.5)


def look():
    settle()
    report = "/var/lib/site/report.json"
    return {
        "cloud_init": json.loads(run("cloud-init", "status", "--format", "json")[1] or "{}"),
        "report": json.load(open(report)) if os.path.exists(report) else None,
        "units": {unit: [run("systemctl", verb, unit)[1].strip() for verb in ("is-active", "is-enabled")] for unit in UNITS},
        "failed_units": run("systemctl", "--failed", "--plain", "--no-legend")[1],
        "http": curl("http://127.0.0.1/"),
        "https": curl("https://moodle.example.org/"),
        "secret_file": curl("https://moodle.example.org/config.php"),
        "headers": run("/usr/bin/curl", "-skI", "--resolve", "moodle.example.org:443:127.0.0.1",
                       "https://moodle.example.org/")[1],
        "redirect": curl("-H", "Host: moodle.example.org", "http://127.0.0.1/some/page?a=b"),
        "certificate": certificate(),
        "files": files(),
        "mounted": os.path.ismount(MOUNT_POINT),
        "root_can_write_unmounted": can_write_unmounted(),
        "database": sql(open("/test/query").read()),
        "calls": len(open("/test/calls").readlines()),
        "boot_log": open("/var/log/site/boot.log", errors="replace").read() if os.path.exists("/var/log/site/boot.log") else "",
    }


def can_write_unmounted():
    """Whether root can make a file in the mount point while nothing is mounted there; None when something is."""
    if os.path.ismount(MOUNT_POINT) or not os.path.isdir(MOUNT_POINT):
        return None
    try:
        open(os.path.join(MOUNT_POINT, "stray"), "w").close()
        return True
    except OSError:
        return False


found = {"first": look()}
then = f"/test/then-{BOOT}"
if os.path.exists(then):
    found["then"] = run("bash", then)
    found["again_run"] = run("bash", "/usr/local/lib/site/boot.sh")
    found["again"] = look()
found["leaks"] = leaks()
with open(f"/test/found-{BOOT}.json.new", "w") as file:
    json.dump(found, file, indent=1)
os.rename(f"/test/found-{BOOT}.json.new", f"/test/found-{BOOT}.json")
