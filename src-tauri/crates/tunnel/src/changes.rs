//! What the machine goes through, in the words of the policy.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::watch;
use tunnel_proto::Input;

use crate::environment::{Conditions, Environment, Network, Power};

/// The changes of the machine's conditions that concern one tunnel.
#[derive(Debug)]
pub(crate) struct Changes {
    conditions: watch::Receiver<Conditions>,
    seen: Conditions,
    /// How long the machine had slept in all when the tunnel was last told.
    asleep: Duration,
    /// The service is on this machine: networks that come and go mean nothing to it.
    local: bool,
    pending: VecDeque<Input>,
}

impl Changes {
    /// Follows the conditions from now on. What is already so is told first.
    pub(crate) fn of(environment: &Environment, local: bool) -> Self {
        let mut conditions = environment.conditions();
        let seen = conditions.borrow_and_update().clone();
        let mut pending = VecDeque::new();
        if seen.network == Network::Down && !local {
            pending.push_back(Input::NetworkDown);
        }
        Self {
            asleep: match seen.power {
                Power::Awake { asleep, .. } | Power::Sleeping { asleep } => asleep,
            },
            conditions,
            seen,
            local,
            pending,
        }
    }

    /// Waits for the next change. Can be cancelled without losing one.
    pub(crate) async fn next(&mut self) -> Input {
        loop {
            if let Some(input) = self.pending.pop_front() {
                return input;
            }
            if self.conditions.changed().await.is_err() {
                // Nobody watches the machine any more.
                return std::future::pending().await;
            }
            let now = self.conditions.borrow_and_update().clone();
            self.take(now);
        }
    }

    /// Draws from a look at the machine what has happened since the last one.
    fn take(&mut self, now: Conditions) {
        let network = match (&self.seen.network, &now.network) {
            _ if self.local => None,
            (one, other) if one == other => None,
            (_, Network::Down) => Some(Input::NetworkDown),
            (_, Network::Up { .. }) => Some(Input::NetworkUp),
        };
        let power = match (&self.seen.power, &now.power) {
            (one, other) if one == other => None,
            (_, Power::Sleeping { .. }) => Some(Input::Sleeping),
            (_, Power::Awake { asleep, .. }) => {
                let before = std::mem::replace(&mut self.asleep, *asleep);
                let asleep = asleep.saturating_sub(before);
                Some(Input::Woke { asleep })
            }
        };
        let credentials = self.seen.credentials != now.credentials;
        // A network that is gone is known before anything is tried over it.
        let (first, last) = match network {
            Some(Input::NetworkDown) => (network, None),
            other => (None, other),
        };
        self.pending
            .extend(first.into_iter().chain(power).chain(last));
        self.pending
            .extend(credentials.then_some(Input::CredentialsChanged));
        self.seen = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    async fn next(changes: &mut Changes) -> String {
        format!("{:?}", changes.next().await)
    }

    #[tokio::test]
    async fn a_night_without_network_is_told_in_the_order_in_which_it_can_be_used() {
        let (environment, control) = Environment::by_hand();
        let mut changes = Changes::of(&environment, false);
        control.sleep();
        assert_eq!(next(&mut changes).await, "Sleeping");
        control.network_down();
        control.wake(HOUR * 8);
        assert_eq!(next(&mut changes).await, "NetworkDown");
        assert_eq!(next(&mut changes).await, "Woke { asleep: 28800s }");
        control.network_up();
        assert_eq!(next(&mut changes).await, "NetworkUp");
    }

    #[tokio::test]
    async fn each_sleep_is_told_with_its_own_length() {
        let (environment, control) = Environment::by_hand();
        let mut changes = Changes::of(&environment, false);
        control.wake(HOUR);
        assert_eq!(next(&mut changes).await, "Woke { asleep: 3600s }");
        control.wake(HOUR * 2);
        assert_eq!(next(&mut changes).await, "Woke { asleep: 7200s }");
    }

    #[tokio::test]
    async fn a_tunnel_that_starts_just_before_a_sleep_is_told_of_that_sleep_alone() {
        let (environment, control) = Environment::by_hand();
        control.wake(HOUR * 100);
        control.sleep();
        let mut changes = Changes::of(&environment, false);
        control.wake(HOUR);
        assert_eq!(next(&mut changes).await, "Woke { asleep: 3600s }");
    }

    #[tokio::test]
    async fn a_service_on_this_machine_does_not_depend_on_networks() {
        let (environment, control) = Environment::by_hand();
        let mut changes = Changes::of(&environment, true);
        control.network_down();
        control.network_up();
        control.credentials_changed();
        assert_eq!(next(&mut changes).await, "CredentialsChanged");
    }

    #[tokio::test]
    async fn a_tunnel_that_starts_without_a_network_is_told() {
        let (environment, control) = Environment::by_hand();
        control.network_down();
        let mut changes = Changes::of(&environment, false);
        assert_eq!(next(&mut changes).await, "NetworkDown");
    }
}
