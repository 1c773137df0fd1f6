# cloud-init runs this early at each start. What it does once for each instance it marks as done before it does it; so a first boot
# that was cut short, or that failed, would never be gone on with. Until one has ended well, the marks are taken away: files are
# written and the boot begins as at the first start, by cloud-init itself.
[ -e /var/lib/site/ready ] || rm -f /var/lib/cloud/instance/sem/config_write_files /var/lib/cloud/instance/sem/config_runcmd \
    /var/lib/cloud/instance/sem/config_scripts_user
