//! A bundle as it comes together: whom is waited for, one after the other, within one deadline.

use std::collections::BTreeSet;
use std::slice;
use std::time::Duration;

use tokio::task::spawn_blocking;

use super::chosen::Chosen;
use super::deadline::Wait;
use super::running::{self, Heard};
use super::{
    Bundle, BundleError, Deadline, Gathered, Lack, Request, Stage, Subject, about, doctor, gather,
    redact,
};
use crate::doctor::Tunnels;
use crate::traces::Traces;

/// How long before its end redaction begins no other file: one takes some tenths of a second.
const LAST_FILE: Duration = Duration::from_millis(700);

/// A bundle that is being collected, within the time of its [`Deadline`].
#[derive(Debug)]
pub struct Collection<F> {
    deadline: Deadline,
    told: F,
    heard: Heard,
}

impl<F: FnMut(Stage)> Collection<F> {
    /// Begins, and asks the programs that run. `told` hears what is being done.
    ///
    /// # Errors
    /// It was cancelled.
    pub async fn begin(mut told: F, deadline: &Deadline) -> Result<Self, BundleError> {
        told(Stage::Reading);
        let asking = Heard::of_all(deadline.remains(Wait::Programs));
        Ok(Self {
            heard: deadline.unless_cancelled(asking).await?,
            deadline: deadline.clone(),
            told,
        })
    }

    /// What tunnels are called that were never saved and of which something can be told, since they
    /// run or have left a record; in order.
    ///
    /// # Errors
    /// It was cancelled.
    pub async fn unsaved(&self) -> Result<Vec<String>, BundleError> {
        let read = || Traces::read_history(0, Vec::new(), |tunnel| tunnel.id.is_none());
        let read = self.deadline.within(Wait::Disk, spawn_blocking(read));
        // That it can't be read is told by the bundle.
        let left = read.await?.and_then(Result::ok).and_then(Result::ok);
        let left = left.unwrap_or_default().entries.into_iter();
        let left = left.map(|entry| entry.tunnel.name);
        let names: BTreeSet<String> = self.heard.unsaved().chain(left).collect();
        Ok(names.into_iter().collect())
    }

    /// Collects what a bundle holds. What can't be had in time is a line in it.
    ///
    /// # Errors
    /// It was cancelled, or nothing can be redacted. What can't be had is no error.
    pub async fn collect(self, request: Request) -> Result<Bundle, BundleError> {
        let Self {
            deadline,
            mut told,
            heard,
        } = self;
        let Request {
            tunnels,
            since,
            now,
            hides_names,
            examination,
            program,
        } = request;
        let chosen = Chosen(tunnels);
        let until = deadline.end_of(Wait::Disk);
        let (wanted, pending) = (chosen.clone(), heard.pending());
        let reading = spawn_blocking(move || {
            let gathered = gather::all(&wanted, since, pending, until);
            (
                gathered,
                running::left(since),
                about::file(&program, since, now),
            )
        });
        let read = deadline.within(Wait::Disk, reading).await?;
        let (mut gathered, left) = match read.transpose()? {
            Some((mut gathered, left, about)) => {
                gathered.files.push(about);
                (gathered, left)
            }
            None => (unread(), running::Left::default()),
        };
        let running = examination.as_ref().map(|examination| {
            heard.names_of(match &examination.tunnels {
                Tunnels::One(tunnel) => slice::from_ref(&**tunnel),
                Tunnels::All(tunnels) => tunnels,
            })
        });
        running::gather(heard, left, &chosen, &mut gathered);
        if let Some(mut examination) = examination {
            told(Stage::Checking);
            examination.running.extend(running.unwrap_or_default());
            let limit = deadline.remains(Wait::Doctor);
            let examining = doctor::examine(examination, limit, &mut gathered);
            deadline.unless_cancelled(examining).await?;
        }
        told(Stage::Redacting);
        let subject = Subject {
            saved: chosen.saved(),
            since,
            hides_names,
        };
        let (until, cancel) = (deadline.end_of(Wait::Redaction), deadline.cancel().clone());
        let until = until - LAST_FILE;
        let redacting = spawn_blocking(move || redact(gathered, &subject, until, &cancel));
        match deadline.within(Wait::Redaction, redacting).await? {
            Some(redacted) => redacted?,
            None => Ok(Bundle::without_time()),
        }
    }
}

/// What there is when the disk has not answered.
fn unread() -> Gathered {
    Gathered {
        lacks: vec![Lack::disk_silent()],
        ..Gathered::default()
    }
}
