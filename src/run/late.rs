//! Mail that comes after its attempt was given up: it tells a slow way from a lost mail.

use super::{Environment, Item, goals::Goals, wait};
use crate::outcome::{ScenarioReport, Status};

/// Looks whether the mail of an earlier attempt that had timed out has come since, and says so. The last attempt has just
/// looked for its own.
pub(super) async fn look(environment: &Environment, item: &Item, report: &mut ScenarioReport) {
    let Some((_, earlier)) = report.attempts.split_last_mut() else { return };
    let mut late = false;
    for attempt in earlier.iter_mut().filter(|a| a.status == Status::TimedOut) {
        let Ok(world) = environment.worlds.world(&item.scenario.knobs).await else { return };
        for (name, folder) in Goals::of(&item.scenario, &world.target, item.scenario.wait.timeout).folders_of_copies() {
            let Some(account) = world.target.accounts.get(&name) else { continue };
            // A folder that cannot be searched says nothing of the mail.
            if wait::is_in(&world, account, folder, &attempt.message_id).await.unwrap_or(false) {
                attempt.status = Status::Late;
                attempt.summary = format!("came late: it is in the {folder} of {name} now");
                late = true;
                break;
            }
        }
    }
    if late && report.status == Status::TimedOut {
        report.status = Status::Late;
    }
}
