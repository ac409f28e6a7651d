//! Whose credentials are, as far as that is known without asking AWS.

use aws_credential_types::Credentials;

/// Whose credentials are, as far as that is known without asking AWS. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The account, where the files or whoever handed the credentials out tell it: 12 digits.
    pub account: Option<String>,
    /// The access key's id. Of roles and logins each gets another one at each renewal.
    pub access_key_id: String,
}

impl Holder {
    pub(crate) fn of(credentials: &Credentials) -> Self {
        let noted = credentials.get_property::<OfAccount>();
        let told = || Some(credentials.account_id()?.as_str().to_owned());
        Self {
            account: noted.map(|noted| noted.0.clone()).or_else(told),
            access_key_id: credentials.access_key_id().to_owned(),
        }
    }

    /// Whether both are of one account; `None` where that can't be told. A key is one account's
    /// for as long as it exists, so the same key needs no account to be known.
    #[must_use]
    pub fn shares_account_with(&self, other: &Self) -> Option<bool> {
        if self.access_key_id == other.access_key_id {
            return Some(true);
        }
        Some(self.account.as_ref()? == other.account.as_ref()?)
    }
}

/// The account of credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfAccount(String);

impl OfAccount {
    /// Notes it, unless there is none or whoever handed them out has told another one.
    pub(crate) fn note(account: Option<&str>, credentials: &mut Credentials) {
        let is_told =
            credentials.account_id().is_some() || credentials.get_property::<Self>().is_some();
        if let (Some(account), false) = (account, is_told) {
            credentials.set_property(Self(account.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(key: &str, account: Option<&str>) -> Holder {
        Holder {
            account: account.map(str::to_owned),
            access_key_id: key.to_owned(),
        }
    }

    #[test]
    fn two_are_of_one_account_if_it_is_the_same_or_the_key_is_and_else_it_may_stay_unknown() {
        let (one, other) = (Some("111111111111"), Some("222222222222"));
        for (a, b, expected) in [
            (holder("A", one), holder("B", one), Some(true)),
            (holder("A", one), holder("B", other), Some(false)),
            (holder("A", None), holder("A", other), Some(true)),
            (holder("A", None), holder("B", other), None),
            (holder("A", one), holder("B", None), None),
            (holder("A", None), holder("B", None), None),
        ] {
            assert_eq!(a.shares_account_with(&b), expected, "{a:?} {b:?}");
            assert_eq!(b.shares_account_with(&a), expected, "{b:?} {a:?}");
        }
    }

    #[test]
    fn what_whoever_handed_them_out_says_goes_before_what_the_files_say() {
        let mut plain = Credentials::new("A", "b", None, None, "test");
        OfAccount::note(None, &mut plain);
        assert_eq!(Holder::of(&plain), holder("A", None));
        OfAccount::note(Some("111111111111"), &mut plain);
        OfAccount::note(Some("222222222222"), &mut plain);
        assert_eq!(Holder::of(&plain), holder("A", Some("111111111111")));
        let mut told = Credentials::builder()
            .access_key_id("A")
            .secret_access_key("b")
            .account_id("333333333333")
            .provider_name("test")
            .build();
        OfAccount::note(Some("111111111111"), &mut told);
        assert_eq!(Holder::of(&told), holder("A", Some("333333333333")));
    }
}
