# Fetches this server's files, which are too many for user data, then boots as usual.
umask 077
tell() { printf 'site-boot: %s\n' "$*" | tee /dev/console 2>/dev/null || true; }
for attempt in 1 2 3 4 5 6; do
    # Parts of Oracle's command line come from EPEL.
    dnf -y install dnf-plugins-core oracle-epel-release-el9 oraclelinux-developer-release-el9 &&
        dnf config-manager --set-enabled ol9_developer_EPEL && dnf -y install python39-oci-cli && break
    sleep $((attempt * 10))
done
if ! command -v oci >/dev/null; then
    tell "Oracle's command line cannot be installed"
    exit 1
fi
file=/run/site-bundle
# A dynamic group or policy that was just made counts after about an hour at the latest.
waited=0 pause=10
until timeout 120 oci os object get --auth instance_principal --namespace "$namespace" --bucket-name "$bucket" --name "$object" \
    --file "$file" >/dev/null; do
    if ((waited == 0 || waited % 600 < pause)); then tell "waiting for the right to read the server's files, $((waited / 60)) min so far"; fi
    if ((waited >= 4500)); then
        tell "the server's files cannot be read"
        exit 1
    fi
    sleep "$pause"
    waited=$((waited + pause)) pause=$((pause < 60 ? pause + 10 : 60))
done
sha256sum --quiet -c - <<<"$sha256  $file"
python3 - "$file" <<'UNPACK'
import base64, gzip, json, os, sys
os.umask(0o022)
bundle = base64.b64decode(open(sys.argv[1]).read())
for entry in json.loads(gzip.decompress(bundle))["write_files"]:
    os.makedirs(os.path.dirname(entry["path"]), mode=0o755, exist_ok=True)
    with open(entry["path"], "w", encoding="utf-8") as file:
        file.write(entry["content"])
    os.chmod(entry["path"], int(entry["permissions"], 8))
UNPACK
rm -f "$file"
exec bash /usr/local/lib/site/boot.sh
