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
    pub(super) side_by_side: u32,
}

/// How many of these places a cell takes that needs much memory.
const HEAVY: u32 = 8;

/// Runs every cell; what came of them, in their order.
pub(super) fn run_all(cells: Vec<Cell>, round: Round) -> Vec<(Cell, Outcome)> {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let places = Arc::new(Semaphore::new(usize::try_from(round.side_by_side).unwrap()));
        let tls = Tls::of_lab();
        let mut running = JoinSet::new();
        for (n, cell) in cells.into_iter().enumerate() {
            let wanted = if cell.fault.is_heavy() { HEAVY.min(round.side_by_side) } else { 1 };
            let place = Arc::clone(&places).acquire_many_owned(wanted).await.unwrap();
            let tls = tls.clone();
            running.spawn(async move {
                let outcome = cell.run(round.scale, &tls).await;
                drop(place);
                (n, cell, outcome)
            });
        }
        let mut all = running.join_all().await;
        all.sort_by_key(|(n, ..)| *n);
        all.into_iter().map(|(_, cell, outcome)| (cell, outcome)).collect()
    })
}
