# cloud-init runs this early at each start. What it does once for each instance it marks as done before it does it; so a first boot
# that was cut short, or that failed, would never be gone on with. Until one has ended well, the marks are taken away: files are
# written and the boot begins as at the first start, by cloud-init itself.
cd /var/lib/cloud/instance && { [ -e site-ready ] || rm -f sem/config_write_files sem/config_runcmd sem/config_scripts_user; }
