//! Waiting for a member of a rolling group to do its work again.

use std::time::Duration;

use super::Context;
use crate::provider::{Failure, Health, ReadRequest};

/// Waits until a member is healthy.
pub(super) async fn healthy(
    context: Context<'_>,
    request: ReadRequest,
    limit: Duration,
) -> Result<(), Failure> {
    let until = context.world.monotonic() + limit;
    let mut why_not = String::new();
    loop {
        let pause = match context.provider.health(request.clone()).await {
            Ok(Health::Healthy) => return Ok(()),
            Ok(Health::Unhealthy(why)) => return Err(Failure::refused(format!("is not healthy: {why}"))),
            Ok(Health::NotYet { why, again_after }) => {
                why_not = why;
                again_after
            }
            Err(failure) => {
                why_not.clone_from(&failure.message);
                failure.again_after.unwrap_or(Duration::from_secs(5))
            }
        };
        // At least a moment, so that time passes and the limit is reached.
        let pause = pause.max(Duration::from_millis(100));
        if context.world.monotonic() + pause > until {
            return Err(Failure::refused(format!("did not become healthy in time: {why_not}")));
        }
        context.world.sleep(pause).await;
    }
}
