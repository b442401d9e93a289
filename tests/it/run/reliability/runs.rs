//! Many cells, side by side.

use super::{
    cell::{Cell, Outcome, Scale},
    proxy::Tls,
};
use std::sync::Arc;
use tokio::{sync::Semaphore, task::JoinSet};

/// How fast, and how many at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
    pub(super) scale: Scale,
    /// Cells wait more than they work.
    pub(super) side_by_side: usize,
}

/// How many cells that need much memory may run at a time.
const HEAVY: usize = 8;

/// A round, with the places that are free in it.
struct Places {
    scale: Scale,
    free: Semaphore,
}

/// Runs every cell, and again in the next round while it is not `right`: at once, beside cells of earlier rounds. What
/// came of them, in their order.
pub(super) fn run_all(cells: Vec<Cell>, rounds: &[Round], right: fn(Cell, &Outcome) -> bool) -> Vec<(Cell, Outcome)> {
    let places = |round: &Round| Places { scale: round.scale, free: Semaphore::new(round.side_by_side) };
    let rounds: Arc<Vec<Places>> = Arc::new(rounds.iter().map(places).collect());
    let heavy = Arc::new(Semaphore::new(HEAVY));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let tls = Tls::of_lab();
        let mut running = JoinSet::new();
        for (n, cell) in cells.into_iter().enumerate() {
            let (rounds, heavy, tls) = (Arc::clone(&rounds), Arc::clone(&heavy), tls.clone());
            running.spawn(async move {
                let mut last = None;
                for round in rounds.iter() {
                    let _heavy = match cell.fault.is_heavy() {
                        true => Some(heavy.acquire().await.unwrap()),
                        false => None,
                    };
                    let _place = round.free.acquire().await.unwrap();
                    let outcome = last.insert(cell.run(round.scale, &tls).await);
                    if right(cell, outcome) {
                        break;
                    }
                }
                (n, cell, last.unwrap())
            });
        }
        let mut all = running.join_all().await;
        all.sort_by_key(|(n, ..)| *n);
        all.into_iter().map(|(_, cell, outcome)| (cell, outcome)).collect()
    })
}
