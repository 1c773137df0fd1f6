//! What stays when everything else goes.

use crate::site::{Site, example};

#[tokio::test(start_paused = true)]
async fn the_data_can_be_kept_when_everything_else_goes() {
    let mut site = Site::new(42);
    let file = example("moodle-small.toml");
    site.reach(&file).await;
    let files = site.live("oci_file_storage_file_system");
    let kept = site.destroy_keeping_data(&file).await;
    assert_eq!(site.live("oci_file_storage_file_system"), files);
    assert_eq!(kept.file_system_id.as_ref(), files.first());
    let backups = site.live("oci_mysql_mysql_backup");
    assert!(!kept.backup_ids.is_empty() && kept.backup_ids.iter().all(|id| backups.contains(id)), "{kept:?}");
    for gone in [
        "oci_core_vcn",
        "oci_core_instance",
        "oci_mysql_mysql_db_system",
        "oci_core_public_ip",
        "oci_objectstorage_bucket",
    ] {
        assert_eq!(site.live(gone), Vec::<String>::new(), "{gone}");
    }
    // The state still knows what was kept, so that the next `apply` goes on with it.
    site.reach(&file).await;
    assert_eq!(site.live("oci_file_storage_file_system"), files);
}
