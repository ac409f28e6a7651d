//! What the sessions of roles are called where nobody has said it.

use crate::variables::Variables;

/// Where systems say who the user is.
const USERS: [&str; 3] = ["USER", "LOGNAME", "USERNAME"];

/// The longest name that STS takes (API reference of `AssumeRole`, `RoleSessionName`).
const CHARS_MOST: usize = 64;

/// The name that the account's records show, and by which policies know whose session it is.
///
/// It is the same each time: roles are assumed anew for each call, while the policies that AWS gives for
/// Session Manager let those resume and end a session who have the name with which it was started
/// (`${aws:userid}`; Systems Manager User Guide, "Additional sample IAM policies for Session Manager").
pub(super) fn session_name(given: Option<&str>, variables: &Variables) -> String {
    if let Some(given) = given {
        return given.to_owned();
    }
    let user = USERS.into_iter().find_map(|name| variables.get(name));
    // What STS takes.
    let is_fit = |c: &char| c.is_ascii_alphanumeric() || "_=,.@-".contains(*c);
    let user: String = user.unwrap_or_default().chars().filter(is_fit).collect();
    let name = match user.as_str() {
        "" => "culvert".to_owned(),
        user => format!("culvert-{user}"),
    };
    name.chars().take(CHARS_MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roles_session_has_the_name_that_was_given_or_the_users_and_always_one_that_sts_takes() {
        let of = |given, user: &str| session_name(given, &Variables::from([("USER", user)]));
        assert_eq!(of(Some("ann"), "bob"), "ann");
        assert_eq!(of(None, "bob"), "culvert-bob");
        assert_eq!(of(None, "DOM\\Bob Ünal"), "culvert-DOMBobnal");
        assert_eq!(of(None, ""), "culvert");
        assert_eq!(of(None, &"x".repeat(80)).len(), 64);
        let windows = Variables::from([("USERNAME", "carol")]);
        assert_eq!(session_name(None, &windows), "culvert-carol");
    }
}
