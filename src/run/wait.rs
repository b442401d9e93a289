//! Waiting for mail: every folder that matters is watched from before the mail is sent.

use super::{
    arrival::{self, Found},
    goals::{Decision, Goals, Sighting, lost},
    log::{Log, millis},
    world::World,
};
use crate::{
    core::{Token, deadline, duration},
    evidence::{Arrival, Folder, Searched, Sent, Submission, Watched},
    mail::{Message, dsn::Dsn},
    outcome::{Event, HarnessCode, StageError},
    probe::mailbox::{Wanted, Watch},
    scenario::{Account, target::Provider},
};
use jiff::Timestamp;
use std::time::{Duration, Instant};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// How long a search may take.
const SEARCH: Duration = Duration::from_secs(10);

/// How long a connection may stay broken when everything else is decided.
const MEND: Duration = Duration::from_secs(20);

/// What came of waiting.
pub(super) struct Waited {
    pub(super) found: Vec<Found>,
    /// How long, from the end of the submission.
    pub(super) waited: Duration,
    /// A folder that mattered could no longer be watched.
    pub(super) error: Option<StageError>,
}

/// The folders of one attempt, watched.
pub(super) struct Watches(Vec<(Watch, bool)>);

/// Watches every folder that the goals need and, where it can be, the sender's inbox, where bounces arrive.
/// Returns when all of them are watched.
pub(super) async fn watch(
    world: &World,
    goals: &Goals,
    sender: &str,
    wanted: &Wanted,
    deadline: Instant,
) -> Result<Watches, StageError> {
    let mut tasks = JoinSet::new();
    for (account, folder, needed) in folders(world, goals, sender) {
        let (account, mailboxes, wanted) = (account.clone(), world.mailboxes.clone(), wanted.clone());
        tasks.spawn(async move {
            let watch = mailboxes.watch(&account, folder, wanted);
            let opened = tokio::time::timeout_at(deadline.into(), watch).await;
            let opened = opened.unwrap_or_else(|_| Err(mailboxes.why_closed(&account.name, folder)));
            (account, folder, opened, needed)
        });
    }
    let mut watches = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (account, folder, watch, needed) = done.map_err(|e| bug(&e))?;
        let is_gmail = account.imap.is_some_and(|imap| imap.provider == Provider::Gmail);
        match watch {
            Ok(Some(watch)) => watches.push((watch, needed)),
            // Elsewhere mail cannot be in a folder that is not there.
            Ok(None) if needed && (is_gmail || goals.is_named(&account.name, folder)) => {
                return Err(world.mailboxes.why_closed(&account.name, folder));
            }
            Ok(None) => {}
            Err(error) if needed => return Err(error),
            Err(_) => {}
        }
    }
    Ok(Watches(watches))
}

/// The folders of an attempt, and whether a goal needs them.
fn folders<'w>(world: &'w World, goals: &Goals, sender: &str) -> Vec<(&'w Account, Folder, bool)> {
    let needed = goals.folders();
    let bounces = (sender.to_owned(), Folder::Inbox);
    // Without a goal nothing is waited for, and a bounce would come too late to be seen.
    let also = (!needed.is_empty() && !needed.contains(&bounces)).then_some((bounces, false));
    let all = needed.into_iter().map(|folder| (folder, true)).chain(also);
    let of = |name: &str| world.target.accounts.get(name).filter(|a| a.imap.is_some());
    all.filter_map(|((name, folder), needed)| Some((of(&name)?, folder, needed))).collect()
}

/// What the folders of an attempt hold already, of what came since a moment in seconds since 1970.
pub(super) async fn there(
    world: &World,
    goals: &Goals,
    sender: &str,
    wanted: &Wanted,
    since: i64,
) -> Result<Vec<Arrival>, StageError> {
    let mut all = Vec::new();
    for (account, folder, needed) in folders(world, goals, sender) {
        match world.mailboxes.past(account, folder, wanted, since).await {
            Ok(arrivals) => all.extend(arrivals),
            Err(error) if needed => return Err(error),
            Err(_) => {}
        }
    }
    Ok(all)
}

/// What waiting needs to know.
pub(super) struct Waiting<'a> {
    pub(super) world: &'a World,
    pub(super) goals: &'a Goals,
    pub(super) token: &'a Token,
    pub(super) sent: &'a Sent,
    pub(super) submission: &'a Submission,
    /// How long ago the submission ended.
    pub(super) ago: Duration,
    /// When that was, where the receiver's clock says what came in time.
    pub(super) submitted: Option<Timestamp>,
    /// The moment to say that it is slow.
    pub(super) slow_at: Option<Instant>,
    /// The attempt's end.
    pub(super) deadline: Instant,
}

/// Waits until the goals are decided or time is up. `there` is what was there before, and how long after the submission it
/// came.
pub(super) async fn wait(
    watches: Watches,
    there: Vec<(Arrival, Duration)>,
    waiting: &Waiting<'_>,
    log: &Log,
) -> Waited {
    let Waiting { world, goals, token, sent, submission, ago, submitted, mut slow_at, deadline } = *waiting;
    let began = Instant::now();
    let mut found: Vec<Found> = Vec::new();
    let mut sightings: Vec<Sighting> = Vec::new();
    for (arrival, after) in there {
        note(arrival, after, &mut found, &mut sightings);
    }
    // A server can deliver before it answers the end of DATA.
    let after = |arrival: &Arrival| {
        let seen = ago + arrival.seen.saturating_duration_since(began);
        submitted.map_or(seen, |submitted| arrival::came(arrival, submitted, seen))
    };
    let over = CancellationToken::new();
    let mut news = listen(watches, deadline, &over);
    let mut error = loop {
        let now = ago + began.elapsed();
        let lost = lost(&world.target, &sent.rcpt_to, submission, &sightings);
        let until = match goals.decide(&sightings, &lost, now) {
            Decision::Enough => break None,
            Decision::WaitUntil(until) => (began + until.saturating_sub(ago)).min(deadline),
        };
        if Instant::now() >= deadline {
            break None;
        }
        let wake = slow_at.map_or(until, |slow| slow.min(until));
        tokio::select! {
            next = news.recv() => match next {
                Some(Ok(arrival)) => {
                    let after = after(&arrival);
                    note(arrival, after, &mut found, &mut sightings);
                    tell(world, token, &found);
                    log.emit(|scenario, attempt| Event::Poll {
                        scenario,
                        attempt,
                        n: u32::try_from(sightings.len()).unwrap_or(u32::MAX),
                        found: true,
                    });
                }
                Some(Err(error)) => break Some(error),
                None => tokio::time::sleep_until(until.into()).await,
            },
            () = tokio::time::sleep_until(wake.into()) => {
                if slow_at.is_some_and(|slow| slow <= Instant::now()) {
                    slow_at = None;
                    let ms = millis(log.started().elapsed());
                    log.emit(|scenario, attempt| Event::Slow { scenario, attempt, ms });
                }
            }
        }
    };
    // What came in the last moment counts, and so does a folder that nobody could see any more.
    over.cancel();
    while let Some(last) = news.recv().await {
        match last {
            Ok(arrival) => {
                let after = after(&arrival);
                note(arrival, after, &mut found, &mut sightings);
            }
            Err(last) => drop(error.get_or_insert(last)),
        }
    }
    tell(world, token, &found);
    Waited { found, waited: ago + began.elapsed(), error }
}

/// Looks once more into the folders that a copy should be in, each in a new session, when no copy and no bounce was
/// seen; and why a folder could not be searched: then nobody knows what is in it.
pub(super) async fn search_again(
    world: &World,
    goals: &Goals,
    sent: &Sent,
    submission: &Submission,
    found: &[Found],
) -> (Vec<Searched>, Option<StageError>) {
    let (mut searched, mut unseen) = (Vec::new(), None);
    if !submission.may_be_accepted() || !found.is_empty() {
        return (searched, unseen);
    }
    for (account, folder) in goals.folders_of_copies() {
        let Some(it) = world.target.accounts.get(&account) else { continue };
        match is_in(world, it, folder, &sent.message_id).await {
            Ok(found) => searched.push(Searched { account, folder, found }),
            Err(error) => {
                unseen = Some(error);
                break;
            }
        }
    }
    (searched, unseen)
}

/// Whether a folder holds a message, asked in a new session; who does not answer is not waited for.
pub(super) async fn is_in(
    world: &World,
    account: &Account,
    folder: Folder,
    message_id: &str,
) -> Result<bool, StageError> {
    let search = world.mailboxes.contains(account, folder, message_id);
    tokio::time::timeout(deadline::scaled(SEARCH), search).await.unwrap_or_else(|_| {
        let message = format!("the server did not answer within {}", duration::human(SEARCH));
        let next = "the server accepts connections and says nothing; see its log, and imap.log of the attempt";
        Err(StageError::new(HarnessCode::H04, format!("search {folder} of {}", account.name), message, next))
    })
}

/// Tells the other attempts which copies have come.
fn tell(world: &World, token: &Token, found: &[Found]) {
    for copy in found.iter().filter(|f| f.dsn.is_none()) {
        world.deliveries.came(token, &copy.arrival.account, copy.arrival.seen);
    }
}

/// How it stands with every folder of these accounts that is watched.
pub(super) fn standings(world: &World, accounts: &[String]) -> Vec<Watched> {
    let folders = accounts.iter().flat_map(|account| [Folder::Inbox, Folder::Spam].map(|folder| (account, folder)));
    let standing = folders.filter_map(|(account, folder)| {
        let it = world.mailboxes.standing(account, folder)?;
        let (asked, problem) = (it.asked.map(|at| at.elapsed()), it.problem.map(|e| e.message));
        Some(Watched { account: account.clone(), folder, asked, problem })
    });
    standing.collect()
}

/// Notes an arrival, unless it is known.
fn note(arrival: Arrival, after: Duration, found: &mut Vec<Found>, sightings: &mut Vec<Sighting>) {
    let place = |a: &Arrival| (a.account.clone(), a.folder, a.uid);
    if found.iter().any(|f| place(&f.arrival) == place(&arrival)) {
        return;
    }
    let message = Message::parse(arrival.raw.clone());
    let dsn = Dsn::of(&message);
    let one = Found { arrival, after, message, dsn };
    sightings.push(Sighting {
        account: one.arrival.account.clone(),
        folder: one.arrival.folder,
        after: one.after,
        dsn: one.dsn.clone(),
    });
    found.push(one);
}

type News = mpsc::UnboundedReceiver<Result<Arrival, StageError>>;

/// One task a watch, all of them into one channel, which ends when all of them have: at the deadline, or when it is
/// over. Errors of folders that nobody needs are left out.
fn listen(watches: Watches, deadline: Instant, over: &CancellationToken) -> News {
    let (to, news) = mpsc::unbounded_channel();
    for (mut watch, needed) in watches.0 {
        let (to, over) = (to.clone(), over.clone());
        tokio::spawn(async move {
            let error = loop {
                let next = tokio::select! {
                    next = watch.next(deadline) => next,
                    () = over.cancelled() => {
                        let (rest, error) = watch.rest(deadline.min(Instant::now() + deadline::scaled(MEND))).await;
                        rest.into_iter().for_each(|arrival| drop(to.send(Ok(arrival))));
                        break error.err();
                    }
                };
                match next {
                    Ok(Some(arrival)) => drop(to.send(Ok(arrival))),
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                }
                if to.is_closed() {
                    return;
                }
            };
            if let Some(error) = error.filter(|_| needed) {
                drop(to.send(Err(error)));
            }
        });
    }
    news
}

fn bug(error: &tokio::task::JoinError) -> StageError {
    StageError::new(HarnessCode::H07, "watch a mailbox", error.to_string(), "report this as a bug")
}
