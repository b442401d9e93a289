//! The company's ARC Sets, sound or with the fault that a knob asks for.

use crate::{
    lab::embedded::{
        authenticate::{Chain, ChainFailure},
        keys::KeyError,
        signing::{
            Message, Signer,
            arc::{self, Coverage, Cv, Next, SealStyle},
            without,
        },
    },
    target::knobs::SealFault,
};

/// A field that filters on the way replace.
pub(super) const VOLATILE: &str = "X-Virus-Scanned";

/// How the company seals one message.
pub(super) struct Sealer<'s> {
    /// What is wrong with its seals.
    pub(super) fault: SealFault,
    /// Its key.
    pub(super) signer: &'s Signer,
    /// Its authserv-id.
    pub(super) host: &'s str,
    /// Seconds since 1970.
    pub(super) time: i64,
}

impl Sealer<'_> {
    /// The sets that are added to a message with this chain, newest first; `None` when none may be. `results` is the
    /// Authentication-Results payload from the authserv-id on.
    ///
    /// # Errors
    /// When the key refuses.
    pub(super) fn sets(&self, message: &[u8], chain: &Chain, results: &str) -> Result<Option<String>, KeyError> {
        let Self { fault, signer, host, time } = *self;
        let started_again = fault == SealFault::Restart && chain.failure == Some(ChainFailure::Structure);
        let first = Next { instance: 1, cv: Cv::None };
        let Some(next) = (if started_again { Some(first) } else { chain.next_set() }) else { return Ok(None) };
        let next = match fault {
            SealFault::CvNone => Next { cv: Cv::None, ..next },
            SealFault::CvFail if next.cv == Cv::Pass => Next { cv: Cv::Fail, ..next },
            _ => next,
        };
        let style = SealStyle {
            also_signed: if fault == SealFault::Volatile { &["received", "x-virus-scanned"] } else { &[] },
            coverage: match fault {
                SealFault::OwnSet => Coverage::OwnSet,
                SealFault::OldOrder => Coverage::OldOrder,
                _ => Coverage::Right,
            },
        };
        let set = arc::set(signer, &Message::new(message), next, results, time, style)?;
        Ok(Some(match fault {
            SealFault::Incomplete => {
                let kept = without(set.as_bytes(), |field| field.is("ARC-Authentication-Results"));
                String::from_utf8_lossy(&kept).into_owned()
            }
            SealFault::Twice => {
                let sealed = [set.as_bytes(), message].concat();
                let second = Next { instance: next.instance + 1, cv: Cv::Pass };
                let results =
                    format!("{host};\r\n\tarc=pass (\"{}:s={}:i={}\")", signer.domain, signer.selector, next.instance);
                arc::set(signer, &Message::new(&sealed), second, &results, time, style)? + &set
            }
            _ => set,
        }))
    }
}
