//! Keeping the data when everything else goes: a last backup of the database, and the file system.

use std::time::Duration;

use oci_client::error::Error;
use oci_client::page::PageLimits;
use oci_client::services::mysql::models::{
    DbSystemLifecycleState, UpdateDbSystemDetails, UpdateDeletionPolicyDetails,
    UpdateDeletionPolicyDetailsFinalBackup,
};
use oci_client::services::mysql::operations::{GetDbSystem, ListBackups, UpdateDbSystem};
use oci_resources::file_storage::file_system;
use oci_resources::mysql::mysql_db_system;
use reconcile::Address;
use reconcile::plan::{Mode, PlanOptions};

use crate::session::Session;
use crate::stack::names::address;

/// Between two looks at a database that takes in another setting, which takes a minute.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// What stays when the rest goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Kept {
    /// The file system's OCID, if there is one.
    pub file_system_id: Option<String>,
    /// The database's OCID, if there was one: its backups are found by it.
    pub db_system_id: Option<String>,
    /// The OCIDs of the database's backups, the newest first; the first is the last one that was made.
    pub backup_ids: Vec<String>,
}

impl Session {
    /// What removes everything. With `keep_data` the file system stays, with the snapshot policy that it needs.
    #[must_use]
    pub fn destroy_options(&self, keep_data: bool) -> PlanOptions {
        let kept = address(file_system::TYPE, "site");
        let consents = |at: &&Address| !keep_data || **at != kept;
        let consent = self.state().entries().map(|(at, _)| at).filter(consents).cloned().collect();
        PlanOptions { mode: Mode::Destroy, consent, keep_protected: keep_data, ..PlanOptions::default() }
    }

    /// Sees to it that the service makes one more backup when the database is deleted. Returns what will be kept.
    ///
    /// # Errors
    /// When the service refuses. Nothing was removed then.
    ///
    /// # Cancel safety
    /// It may be dropped at any await: the setting may be made then, which changes nothing until a deletion.
    pub async fn require_final_backup(&self) -> Result<Kept, Error> {
        let id = |at: Address| self.state().entry(&at)?.identifier.as_ref().map(ToString::to_string);
        let kept = Kept {
            file_system_id: id(address(file_system::TYPE, "site")),
            db_system_id: id(address(mysql_db_system::TYPE, "site")),
            backup_ids: Vec::new(),
        };
        let Some(database) = &kept.db_system_id else { return Ok(kept) };
        let policy = UpdateDeletionPolicyDetails {
            final_backup: Some(UpdateDeletionPolicyDetailsFinalBackup::RequireFinalBackup),
            ..UpdateDeletionPolicyDetails::default()
        };
        let details =
            UpdateDbSystemDetails { deletion_policy: Some(policy), ..UpdateDbSystemDetails::default() };
        let client = &self.place().client;
        client.call(&UpdateDbSystem::new(database.clone(), details)).await?;
        loop {
            let state = client.call(&GetDbSystem::new(database.clone())).await?.value.lifecycle_state;
            if state != Some(DbSystemLifecycleState::Updating) {
                return Ok(kept);
            }
            self.place().cloud_time.sleep(LOOK_EVERY).await;
        }
    }

    /// `kept`, with the backups that there are now.
    ///
    /// # Errors
    /// When they cannot be listed.
    ///
    /// # Cancel safety
    /// It only reads, and may be dropped at any await.
    pub async fn with_backups(&self, mut kept: Kept) -> Result<Kept, Error> {
        let (Some(database), Some(compartment)) = (&kept.db_system_id, self.compartment()) else {
            return Ok(kept);
        };
        let mut list = ListBackups::new(compartment.to_owned());
        list.db_system_id = Some(database.clone());
        let mut backups = self.place().client.list(list, PageLimits::default()).await?;
        backups
            .sort_by_key(|backup| std::cmp::Reverse(backup.time_created.as_ref().map(ToString::to_string)));
        kept.backup_ids = backups.into_iter().filter_map(|backup| backup.id).collect();
        Ok(kept)
    }
}
