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

/// How many of them may be such that need much memory.
const HEAVY: usize = 4;

/// Runs every cell; what came of them, in their order.
pub(super) fn run_all(cells: Vec<Cell>, round: Round) -> Vec<(Cell, Outcome)> {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let places = Arc::new(Semaphore::new(round.side_by_side));
        let heavy_places = Arc::new(Semaphore::new(HEAVY));
        let tls = Tls::of_lab();
        let mut running = JoinSet::new();
        for (n, cell) in cells.into_iter().enumerate() {
            let (places, heavy_places, tls) = (Arc::clone(&places), Arc::clone(&heavy_places), tls.clone());
            running.spawn(async move {
                let _heavy = match cell.fault.is_heavy() {
                    true => Some(heavy_places.acquire().await.unwrap()),
                    false => None,
                };
                let _place = places.acquire().await.unwrap();
                (n, cell, cell.run(round.scale, &tls).await)
            });
        }
        let mut all = running.join_all().await;
        all.sort_by_key(|(n, ..)| *n);
        all.into_iter().map(|(_, cell, outcome)| (cell, outcome)).collect()
    })
}
