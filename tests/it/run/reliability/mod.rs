//! What a fault of the network, or of a server, does to a verdict: every stage of SMTP and IMAP with every fault, and the
//! tables of docs/reliability.md that tell of it.

mod cell;
mod client;
mod dialogue;
mod fault;
mod figures;
mod imap;
mod proxy;
mod runs;
mod smtp;
mod stage;
mod table;

use crate::{
    project::diagnosis_page::assert_page,
    support::program::{Project, forward},
};
use cell::{Cell, Outcome, Scale};
use fault::Fault;
use runs::{Round, run_all};
use std::{collections::BTreeSet, sync::LazyLock};
use table::{ABSENCE, CLEANUP, IMAP_ALWAYS, IMAP_ONCE, SMTP, Table};

/// Those whose cells take longest come first.
const TABLES: [Table; 5] = [IMAP_ALWAYS, ABSENCE, CLEANUP, IMAP_ONCE, SMTP];

static PAGE: LazyLock<String> = LazyLock::new(|| {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md");
    std::fs::read_to_string(page).unwrap()
});

/// Deadlines of a tenth. Where a busy machine decides, a cell is run again at real deadlines, which alone count.
const ROUNDS: [Round; 2] =
    [Round { scale: Scale(0.1), side_by_side: 20 }, Round { scale: Scale::REAL, side_by_side: 24 }];

/// What is not right yet when everything else has run.
const ALONE: Round = Round { scale: Scale::REAL, side_by_side: 2 };

/// The outcomes of a cell that the page has.
fn in_page(cell: Cell) -> BTreeSet<String> {
    let table = TABLES.iter().find(|table| table.has(cell)).unwrap();
    table.read(&PAGE, cell)
}

/// Whether a cell breaks no promise and is as the page has it.
fn is_right(cell: Cell, outcome: &Outcome) -> bool {
    outcome.broken(cell.wants).is_empty() && in_page(cell).contains(&outcome.shown())
}

fn cells() -> impl Iterator<Item = Cell> {
    TABLES.iter().flat_map(Table::cells)
}

/// Every promise that was broken, with what the program said.
fn broken(outcomes: &[(Cell, Outcome)]) -> String {
    let wrong = outcomes.iter().map(|(cell, outcome)| (cell, outcome, outcome.broken(cell.wants)));
    let wrong = wrong.filter(|(.., broken)| !broken.is_empty());
    wrong
        .map(|(cell, outcome, broken)| format!("{cell}: {}: {broken:?}\n{}\n", outcome.shown(), outcome.said))
        .collect()
}

/// The tables of the page with what was seen.
fn tables(outcomes: &[(Cell, Outcome)]) -> Vec<(&'static str, String)> {
    let seen = |cell: Cell| {
        let seen = outcomes.iter().find(|(other, _)| *other == cell).map(|(_, outcome)| outcome.shown());
        in_page(cell).into_iter().chain(seen).collect()
    };
    let faults = Fault::ALL.iter().map(|fault| format!("| {} | {} |\n", fault.name(), fault.says()));
    let faults = format!("| fault | what the client sees |\n|---|---|\n{}", faults.collect::<String>());
    let met = TABLES.iter().filter(|table| outcomes.iter().any(|(cell, _)| table.has(*cell)));
    met.map(|table| (table.name, table.written(seen))).chain([("faults", faults)]).collect()
}

#[test]
#[ignore = "takes two minutes of a machine that does nothing else; .ci/run has a step for it"]
fn no_fault_of_the_network_makes_a_wrong_verdict() {
    let (mut outcomes, wrong): (Vec<_>, Vec<_>) =
        run_all(cells().collect(), &ROUNDS, is_right).into_iter().partition(|(cell, outcome)| is_right(*cell, outcome));
    outcomes.extend(run_all(wrong.into_iter().map(|(cell, _)| cell).collect(), &[ALONE], is_right));
    assert_eq!(broken(&outcomes), "");
    assert_page("reliability.md", &tables(&outcomes));
}

#[test]
fn who_shortens_limits_is_told_so() {
    let project = Project::new().scenario("forward", &forward("embedded").replace("name:", "snapshot: none\nname:"));
    for (factor, code, told) in [
        ("0.5", 0, "NOTE for a test, every limit of a connection is 0.5 of the usual one"),
        ("200", 2, "SEALCHECK_TEST_TIME_SCALE: `200` is no number above 0 and up to 100"),
    ] {
        let ran = project.with_env("SEALCHECK_TEST_TIME_SCALE", factor).run(&["run"]);
        assert!(ran.code == code && format!("{ran}").contains(told), "{ran}");
    }
    assert!(!project.run(&["run"]).stdout.contains("NOTE"));
}

/// Everything at real deadlines, or what two variables say: the cells that have all words of `SEALCHECK_CELLS` (between
/// commas) in their names, and `SEALCHECK_CELLS_SCALE` of the real deadlines. What every program said is left beside the
/// build.
#[test]
#[ignore = "takes a quarter of an hour; by hand, and the page has its figures"]
#[expect(clippy::disallowed_methods, reason = "the person who runs it by hand says which cells")]
fn by_hand() {
    let variable = |name| std::env::var(name).ok();
    let words = variable("SEALCHECK_CELLS").unwrap_or_default();
    let scale = variable("SEALCHECK_CELLS_SCALE").map_or(Scale::REAL, |scale| Scale(scale.parse().unwrap()));
    let which = |cell: &Cell| words.split(',').all(|word| cell.to_string().contains(word));
    let outcomes = run_all(cells().filter(which).collect(), &[Round { scale, ..ROUNDS[1] }], is_right);
    let said = outcomes.iter().map(|(cell, o)| format!("{cell}: {} in {:?}\n{}\n", o.shown(), o.took, o.said));
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("reliability.txt");
    std::fs::write(&file, said.collect::<String>()).unwrap();
    let figures = figures::of(&outcomes);
    assert_eq!(broken(&outcomes), "", "{figures}");
    let mut tables = tables(&outcomes);
    if words.is_empty() && scale == Scale::REAL {
        tables.push(("figures", figures));
    }
    assert_page("reliability.md", &tables);
}
