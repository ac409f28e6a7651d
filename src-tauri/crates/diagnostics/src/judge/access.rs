//! Settings, credentials, and whose they are.

use std::time::Duration;

use super::words;
use crate::{Fault, Judgement, Said};

/// Credentials that end sooner are told as a warning: less than a connection to the gateway
/// may need to be renewed twice.
const SOON: Duration = Duration::from_secs(15 * 60);

/// Credentials that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// How long they are good from now on (zero if they have ended), and until when, in words; `None` for such as do not
    /// end or whose source does not say.
    pub until: Option<(Duration, String)>,
}

/// Whose credentials they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account's number.
    pub account: String,
    /// The user or role.
    pub arn: String,
}

/// Judges what the source of credentials gave.
#[must_use]
pub fn credentials(found: Result<Credentials, Fault>) -> Judgement {
    match found {
        Err(fault) => fault.into(),
        Ok(Credentials { until: None }) => {
            Judgement::ok("Found. They have no end that their source would tell.")
                .saying("credentials-endless", [])
        }
        Ok(Credentials {
            until: Some((Duration::ZERO, until)),
        }) => Judgement::warning(
            "credentials-ended",
            format!("Found, but by this computer's clock they ended at {until}."),
            "Have their source renew them, and check the clock.",
        )
        .with_fact("until", &until),
        Ok(Credentials {
            until: Some((left, until)),
        }) if left < SOON => Judgement::warning(
            "credentials-end-soon",
            format!(
                "Found, but they end in {}, at {until}. A tunnel can resume its sessions until \
                 then, and after it if their source renews them by itself.",
                words::span(left)
            ),
            "Sign in again if the source does not renew them.",
        )
        .with_fact("left", &words::span(left))
        .with_fact("until", &until),
        Ok(Credentials {
            until: Some((left, until)),
        }) => Judgement::ok(format!(
            "Found. Good for {} more, until {until}.",
            words::span(left)
        ))
        .saying(
            "credentials-good",
            [("left", &words::span(left)), ("until", &until)],
        ),
    }
}

/// Judges what AWS says of the credentials' owner. That it could not be asked keeps no tunnel
/// from working, as long as it does not refuse the credentials.
#[must_use]
pub fn identity(asked: Result<Identity, Fault>) -> Judgement {
    match asked {
        Ok(Identity { account, arn }) => {
            Judgement::ok(format!("The credentials are {arn}, of account {account}."))
                .saying("identity", [("arn", &arn), ("account", &account)])
        }
        Err(fault) => fault.of_side_question((
            Said::of("identity-open", []),
            "Whose the credentials are stays unknown; tunnels can do without.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Business, Verdict};

    fn fault(business: Business, code: &str) -> Fault {
        Fault {
            business,
            code: code.to_owned(),
            what: "It went wrong.".to_owned(),
            remedy: "Mend it.".to_owned(),
            details: "raw".to_owned(),
            facts: Box::default(),
        }
    }

    #[test]
    fn credentials_say_until_when_and_warn_when_that_is_soon() {
        let until = |minutes: u64| Credentials {
            until: Some((Duration::from_secs(60 * minutes), "17:40".to_owned())),
        };
        let fine = credentials(Ok(until(200)));
        assert_eq!(fine.verdict, Verdict::Ok);
        assert_eq!(fine.what, "Found. Good for 3 h 20 min more, until 17:40.");
        let soon = credentials(Ok(until(14)));
        assert_eq!(soon.verdict, Verdict::Warning);
        assert_eq!(soon.code, "credentials-end-soon");
        let ended = credentials(Ok(until(0)));
        assert_eq!(ended.verdict, Verdict::Warning);
        assert_eq!(ended.code, "credentials-ended");
        assert!(ended.what.contains("ended at 17:40"), "{}", ended.what);
        let endless = credentials(Ok(Credentials { until: None }));
        assert_eq!(endless.verdict, Verdict::Ok);
        let none = credentials(Err(fault(Business::Credentials, "no-credentials")));
        assert_eq!(none.verdict, Verdict::Failed(Business::Credentials));
        assert_eq!(none.details, "raw");
    }

    #[test]
    fn refused_credentials_fail_and_an_sts_that_is_not_reached_does_not() {
        let refused = identity(Err(fault(Business::Credentials, "expired-token")));
        assert_eq!(refused.verdict, Verdict::Failed(Business::Credentials));
        let unreached = identity(Err(fault(Business::Network, "network-dns")));
        assert_eq!(unreached.verdict, Verdict::Warning);
        assert_eq!(unreached.code, "network-dns");
        assert!(unreached.what.contains("stays unknown"));
    }
}
