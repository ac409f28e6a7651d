//! What is worth a notification: decided from one overview after the other, without a clock.
//!
//! Only what needs the user, a tunnel to production that is about to close by itself, an outage
//! that lasts, and its end, and a tunnel that is lost too often. What comes at the same time is one notification; a renewal, and a loss
//! that is mended within seconds, is none.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use tunnel_manager::{Overview, ProfileId, Restless, Settings, TunnelStatus};
use tunnel_proto::State;

use super::words;
use crate::speech::Speech;

/// So long what comes first waits for what comes with it: when a network goes or comes, its
/// tunnels follow within seconds of each other.
const GATHERING: Duration = Duration::from_secs(3);

/// A notification. A later one of the same kind takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) kind: Kind,
    pub(super) title: String,
    /// Plain text of one or two lines.
    pub(super) body: String,
    /// The tunnel that it leads to; the first of several.
    pub(super) tunnel: Option<ProfileId>,
    /// What can be done about it at once.
    pub(super) offer: Option<Offer>,
}

/// What a notification offers beside showing its tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    /// The tunnel waits for a sign-in.
    SignIn,
    /// The tunnel closes by itself: all of its time again.
    KeepOpen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Something goes on only if the user does something.
    NeedsUser,
    /// A tunnel to production closes by itself, soon.
    Closing,
    /// Connections can't be carried for now, or can again.
    Outage,
    /// A tunnel is lost more often than it may.
    TooOften,
}

/// What is to be done with notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    Show(Notice),
    /// What was shown is no longer so.
    Withdraw(Kind),
}

/// What is known of the tunnels so far. Times are those of a clock that stands still while the
/// machine sleeps: a night is no outage, and nobody is asked for anything on waking.
#[derive(Debug, Default)]
pub(super) struct Notices {
    tunnels: HashMap<ProfileId, Known>,
    /// The last sign-in that was noticed; numbers only grow.
    sign_in: u64,
    /// Sign-ins, by number, that are yet to be told.
    new_sign_ins: BTreeSet<u64>,
    /// Until when what needs the user is gathered.
    needs_due: Option<Duration>,
    /// Until when tunnels that are back are gathered.
    back_due: Option<Duration>,
    needs_shown: bool,
    /// Those that close by themselves soon, which was told.
    closing: HashSet<ProfileId>,
    outage_shown: bool,
    /// Those that are lost too often, and when that was found, which was told.
    restless: HashMap<ProfileId, u64>,
    /// How long an outage lasts before it is told: one that is over sooner is mended before anybody
    /// could do something about it.
    outage_after: Duration,
    speech: Speech,
}

#[derive(Debug, Default)]
struct Known {
    /// Since when it can't carry connections.
    down_since: Option<Duration>,
    /// Its outage was told, and its end is yet to be.
    told_down: bool,
    /// It is back after so long, which is yet to be told.
    back_after: Option<Duration>,
    failed: bool,
    /// That it has failed is yet to be told.
    new_failure: bool,
}

impl Notices {
    /// Says what comes from now on in this language.
    pub(super) fn speak(&mut self, speech: Speech) {
        self.speech = speech;
    }

    /// Takes the overview as it is `now`, and says what follows.
    pub(super) fn update(
        &mut self,
        now: Duration,
        overview: &Overview,
        unrest: &BTreeMap<ProfileId, Restless>,
        wishes: &Settings,
    ) -> Vec<Order> {
        self.outage_after = wishes.outage_after;
        self.tunnels.retain(|id, _| {
            overview
                .tunnels
                .iter()
                .any(|tunnel| tunnel.profile.id == *id)
        });
        for tunnel in &overview.tunnels {
            self.note(now, tunnel);
        }
        for needed in &overview.sign_ins {
            if needed.number > self.sign_in {
                self.sign_in = needed.number;
                self.new_sign_ins.insert(needed.number);
                self.needs_due.get_or_insert(now + GATHERING);
            }
        }
        let mut orders = Vec::new();
        orders.extend(self.needs(now, overview));
        orders.extend(self.closing(overview));
        orders.extend(self.outages(now, overview));
        orders.extend(self.too_often(overview, unrest));
        // What is not wanted is followed all the same, so that a change of mind counts at once.
        orders.retain(|order| match order {
            Order::Show(notice) => match notice.kind {
                Kind::NeedsUser | Kind::Closing => wishes.notify_needs_you,
                Kind::Outage => wishes.notify_outages,
                // Whoever does not want it has set that it is never found.
                Kind::TooOften => true,
            },
            Order::Withdraw(_) => true,
        });
        orders
    }

    /// When it has to be asked again, even if nothing changes.
    pub(super) fn next(&self) -> Option<Duration> {
        let outages = self.tunnels.values().filter(|known| !known.told_down);
        let outages =
            outages.filter_map(|known| Some(known.down_since? + self.outage_after + GATHERING));
        outages.chain(self.needs_due).chain(self.back_due).min()
    }

    fn note(&mut self, now: Duration, tunnel: &TunnelStatus) {
        let known = self.tunnels.entry(tunnel.profile.id).or_default();
        match &tunnel.snapshot.state {
            State::Reconnecting { .. } => {
                known.failed = false;
                // It was back for a moment only: the outage goes on.
                if let Some(away) = known.back_after.take() {
                    known.down_since = Some(now.saturating_sub(away));
                    known.told_down = true;
                }
                known.down_since.get_or_insert(now);
            }
            State::Up { .. } | State::Degraded { .. } => {
                known.failed = false;
                let since = known.down_since.take();
                if std::mem::take(&mut known.told_down) {
                    known.back_after = since.map(|since| now.saturating_sub(since));
                    self.back_due.get_or_insert(now + GATHERING);
                }
            }
            State::Failed { .. } if !known.failed => {
                *known = Known {
                    failed: true,
                    new_failure: true,
                    ..Known::default()
                };
                self.needs_due.get_or_insert(now + GATHERING);
            }
            State::Failed { .. } => {}
            // A sign-in is told by its number. What the user stops or starts is no outage.
            State::NeedsSignIn { .. }
            | State::Off
            | State::Listening
            | State::Connecting { .. }
            | State::Stopping => *known = Known::default(),
        }
    }

    fn needs(&mut self, now: Duration, overview: &Overview) -> Option<Order> {
        let nobody =
            overview.sign_ins.is_empty() && !self.tunnels.values().any(|known| known.failed);
        if nobody {
            self.needs_due = None;
            self.new_sign_ins.clear();
            let shown = std::mem::take(&mut self.needs_shown);
            return shown.then_some(Order::Withdraw(Kind::NeedsUser));
        }
        self.needs_due.take_if(|due| *due <= now)?;
        let new = std::mem::take(&mut self.new_sign_ins);
        let sign_ins: Vec<_> = overview
            .sign_ins
            .iter()
            .filter(|needed| new.contains(&needed.number))
            .collect();
        let failed = self.those(overview, |known| std::mem::take(&mut known.new_failure));
        let notice = words::needs(self.speech, overview, &sign_ins, &failed)?;
        self.needs_shown = true;
        Some(Order::Show(notice))
    }

    /// What closes soon is told at once: its user is at work.
    fn closing(&mut self, overview: &Overview) -> Option<Order> {
        let is_soon = |tunnel: &&TunnelStatus| tunnel.closes.is_some_and(|closes| closes.is_soon);
        let soon: Vec<_> = overview.tunnels.iter().filter(is_soon).collect();
        let ids = soon.iter().map(|tunnel| tunnel.profile.id).collect();
        let before = std::mem::replace(&mut self.closing, ids);
        if self.closing.is_empty() {
            return (!before.is_empty()).then_some(Order::Withdraw(Kind::Closing));
        }
        let is_news = !self.closing.is_subset(&before);
        is_news
            .then(|| words::closing(self.speech, &soon))
            .flatten()
            .map(Order::Show)
    }

    /// Each is told once, when it is found.
    fn too_often(
        &mut self,
        overview: &Overview,
        unrest: &BTreeMap<ProfileId, Restless>,
    ) -> Option<Order> {
        let found = unrest.iter().map(|(id, restless)| (*id, restless.at));
        let before = std::mem::replace(&mut self.restless, found.collect());
        if self.restless.is_empty() {
            return (!before.is_empty()).then_some(Order::Withdraw(Kind::TooOften));
        }
        let tunnels = overview.tunnels.iter();
        let new: Vec<_> = tunnels
            .filter_map(|tunnel| {
                let id = tunnel.profile.id;
                let restless = unrest.get(&id)?;
                (before.get(&id) != Some(&restless.at)).then_some((tunnel, restless))
            })
            .collect();
        words::too_often(self.speech, &new).map(Order::Show)
    }

    fn outages(&mut self, now: Duration, overview: &Overview) -> Option<Order> {
        let after = self.outage_after;
        let lasts = |known: &Known| {
            let since = known.down_since.filter(|_| !known.told_down);
            since.is_some_and(|since| since + after + GATHERING <= now)
        };
        if self.tunnels.values().any(lasts) {
            // With those that came a little later.
            let down = self.those(overview, |known| {
                let long = known.down_since.is_some_and(|since| since + after <= now);
                known.told_down |= long;
                known.told_down
            });
            self.outage_shown = true;
            return words::down(self.speech, &down).map(Order::Show);
        }
        if self.back_due.take_if(|due| *due <= now).is_some() {
            let mut away = Duration::ZERO;
            let back = self.those(overview, |known| {
                let after = known.back_after.take();
                away = away.max(after.unwrap_or_default());
                after.is_some()
            });
            if let Some(notice) = words::back(self.speech, &back, away) {
                // It says that all is well: it need not be withdrawn.
                self.outage_shown = false;
                return Some(Order::Show(notice));
            }
        }
        let over = self.back_due.is_none() && !self.tunnels.values().any(|known| known.told_down);
        (over && std::mem::take(&mut self.outage_shown)).then_some(Order::Withdraw(Kind::Outage))
    }

    /// The tunnels of which something is so, in the order of the overview.
    fn those<'a>(
        &mut self,
        overview: &'a Overview,
        mut so: impl FnMut(&mut Known) -> bool,
    ) -> Vec<&'a TunnelStatus> {
        let tunnels = overview.tunnels.iter();
        tunnels
            .filter(|tunnel| {
                self.tunnels
                    .get_mut(&tunnel.profile.id)
                    .is_some_and(&mut so)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
