# Fetches this server's files, which are too many for user data, then boots as usual.
umask 077
for attempt in 1 2 3 4 5 6; do
    # Parts of Oracle's command line come from EPEL.
    dnf -y install dnf-plugins-core oracle-epel-release-el9 oraclelinux-developer-release-el9 &&
        dnf config-manager --set-enabled ol9_developer_EPEL && dnf -y install python39-oci-cli && break
    sleep $((attempt * 10))
done
file=/run/site-bundle
for attempt in 1 2 3 4 5 6; do
    oci os object get --auth instance_principal --namespace "$namespace" --bucket-name "$bucket" --name "$object" \
        --file "$file" >/dev/null && break
    sleep $((attempt * 10))
done
sha256sum --quiet -c - <<<"$sha256  $file"
python3 - "$file" <<'UNPACK'
import gzip, json, os, sys
os.umask(0o022)
for entry in json.load(gzip.open(sys.argv[1]))["write_files"]:
    os.makedirs(os.path.dirname(entry["path"]), mode=0o755, exist_ok=True)
    with open(entry["path"], "w", encoding="utf-8") as file:
        file.write(entry["content"])
    os.chmod(entry["path"], int(entry["permissions"], 8))
UNPACK
rm -f "$file"
exec bash /usr/local/lib/site/boot.sh
