//! How sign-ins stand: what lies in the caches, without any secret of it. Asks nobody.

use std::time::SystemTime;

use crate::profiles::{Role, Source};
use crate::roles::{self, RoleSession};
use crate::sign_ins::{Kept, SignIns};
use crate::sso::{Token, login_place};

/// How a sign-in stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has signed in, or what was kept of it is gone.
    Never,
    /// It is good.
    Good {
        /// Until when what is kept is good.
        until: SystemTime,
        /// Whether it is renewed then without a person, for as long as the account allows.
        renews: bool,
    },
    /// It was good once.
    Over {
        /// Until when.
        since: SystemTime,
    },
}

impl SignIns {
    /// How the login stands with which credentials begin; `None` where they begin with no login of
    /// IAM Identity Center.
    pub async fn login_standing(&self, source: &Source, now: SystemTime) -> Option<Standing> {
        let place = login_place(source)?;
        let sign_ins = self.clone();
        let read = tokio::task::spawn_blocking(move || sign_ins.read::<Token>(&place));
        let token = read.await.ok().flatten();
        Some(token.map_or(Standing::Never, |token| {
            standing(token.until(), token.can_be_renewed(now), now)
        }))
    }

    /// How a role stands that is assumed with a code; `None` for one that wants no code.
    pub async fn code_standing(&self, role: &Role, now: SystemTime) -> Option<Standing> {
        role.mfa_serial.as_ref()?;
        let (sign_ins, place) = (self.clone(), roles::place(role));
        let read = tokio::task::spawn_blocking(move || sign_ins.read::<RoleSession>(&place));
        let session = read.await.ok().flatten();
        Some(session.map_or(Standing::Never, |session| {
            standing(session.until, false, now)
        }))
    }
}

fn standing(until: SystemTime, renews: bool, now: SystemTime) -> Standing {
    if until > now || renews {
        Standing::Good { until, renews }
    } else {
        Standing::Over { since: until }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Secret;
    use crate::sign_ins::name_of;
    use crate::sso::Registration;

    fn company() -> Source {
        Source::SsoSession {
            session: "company".to_owned(),
            start_url: "https://company.invalid/start".to_owned(),
            region: "eu-central-1".to_owned(),
            account: "111111111111".to_owned(),
            role: "reader".to_owned(),
        }
    }

    fn token(until: SystemTime, registration: Option<Registration>) -> Token {
        Token {
            access_token: Secret::new("planted-access-token".to_owned()),
            expires_at: until,
            refresh_token: Some(Secret::new("planted-refresh-token".to_owned())),
            region: "eu-central-1".to_owned(),
            start_url: "https://company.invalid/start".to_owned(),
            registration,
        }
    }

    #[tokio::test]
    async fn a_login_is_never_made_good_or_over_and_one_that_is_renewed_is_good_after_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let kept = SignIns::in_folder(folder.path());
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let standing = async || kept.login_standing(&company(), now).await.unwrap();
        assert_eq!(standing().await, Standing::Never);

        let later = now + Duration::from_secs(60);
        let place = crate::sign_ins::Place::Sso(name_of("company"));
        kept.keep(&place, &token(later, None)).unwrap();
        let good = Standing::Good {
            until: later,
            renews: false,
        };
        assert_eq!(standing().await, good);

        let before = now - Duration::from_secs(60);
        kept.keep(&place, &token(before, None)).unwrap();
        assert_eq!(standing().await, Standing::Over { since: before });

        let client = Registration {
            client_id: "client".to_owned(),
            client_secret: Secret::new("planted-client-secret".to_owned()),
            expires_at: later,
            scopes: Vec::new(),
            grant_types: Vec::new(),
        };
        kept.keep(&place, &token(before, Some(client))).unwrap();
        let renews = Standing::Good {
            until: before,
            renews: true,
        };
        assert_eq!(standing().await, renews);
    }

    #[tokio::test]
    async fn what_needs_no_person_has_no_standing() {
        let kept = SignIns::in_folder("/nowhere");
        let now = SystemTime::UNIX_EPOCH;
        let process = Source::Process {
            program: "aws-vault".to_owned(),
            account: None,
        };
        assert_eq!(kept.login_standing(&process, now).await, None);
        let role = Role {
            profile: "admin".to_owned(),
            arn: "arn:aws:iam::111111111111:role/admin".to_owned(),
            external_id: None,
            session_name: None,
            duration_seconds: None,
            mfa_serial: None,
        };
        assert_eq!(kept.code_standing(&role, now).await, None);
        let with_code = Role {
            mfa_serial: Some("arn:aws:iam::111111111111:mfa/alice".to_owned()),
            ..role
        };
        assert_eq!(
            kept.code_standing(&with_code, now).await,
            Some(Standing::Never)
        );
    }
}
