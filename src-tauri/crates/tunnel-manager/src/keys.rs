//! Keys as somebody types them.

use aws_access::{Secret, StaticCredentials};
use tunnel_proto::{Problem, ProblemKind};

/// AWS's own have 40 characters, those of other services more, in bytes.
const SECRET_MOST: usize = 1024;

/// AWS's have a few kilobytes at most and no bound that it names, in bytes.
const TOKEN_MOST: usize = 16 << 10;

/// Takes keys that were typed; a token that is empty is none.
///
/// # Errors
/// What is wrong with them, before a keyring is asked.
pub fn typed_keys(
    id: &Secret,
    secret: Secret,
    token: Secret,
) -> Result<StaticCredentials, Problem> {
    typed_key_id(id)?;
    if secret.is_empty() {
        return Err(wrong(
            "secret-missing",
            "There is no secret access key.",
            "Give it after the access key id.",
        ));
    }
    if secret.expose().len() > SECRET_MOST || token.expose().len() > TOKEN_MOST {
        return Err(wrong(
            "keys-too-long",
            "That is too long for keys of AWS.",
            "Copy the secret and the token again, each by itself.",
        ));
    }
    if id.expose().starts_with("ASIA") && token.is_empty() {
        return Err(wrong(
            "session-token-missing",
            "Keys whose id begins with ASIA count with their session token alone.",
            "Give it after the secret.",
        ));
    }
    Ok(StaticCredentials {
        access_key_id: id.expose().to_owned(),
        secret_access_key: secret,
        session_token: (!token.is_empty()).then_some(token),
    })
}

/// Looks at the first of them, so that nobody types a secret for nothing.
///
/// # Errors
/// That it can be no access key id.
pub fn typed_key_id(id: &Secret) -> Result<(), Problem> {
    let fits = |c: char| c.is_ascii_alphanumeric();
    // IAM API Reference, `AccessKeyId`.
    if (16..=128).contains(&id.expose().len()) && id.expose().chars().all(fits) {
        return Ok(());
    }
    Err(wrong(
        "invalid-access-key-id",
        "That is no access key id: it has 16 to 128 letters and digits.",
        "It begins with AKIA, or with ASIA if a session token belongs to it.",
    ))
}

fn wrong(code: &str, what: &str, remedy: &str) -> Problem {
    Problem::new(ProblemKind::Settings, code, what, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(id: &str, secret: &str, token: &str) -> Result<StaticCredentials, String> {
        let keys = typed_keys(&Secret::new(id), Secret::new(secret), Secret::new(token));
        keys.map_err(|problem| problem.code)
    }

    #[test]
    fn keys_that_can_be_none_are_refused_before_they_are_kept() {
        let id = "AKIAIOSFODNN7EXAMPLE";
        for (given, code) in [
            (("AKIA", "planted", ""), "invalid-access-key-id"),
            (
                ("AKIA IOSFODNN7EXAMPLE", "planted", ""),
                "invalid-access-key-id",
            ),
            ((id, "", ""), "secret-missing"),
            (
                ("ASIAIOSFODNN7EXAMPLE", "planted", ""),
                "session-token-missing",
            ),
        ] {
            let (id, secret, token) = given;
            assert_eq!(typed(id, secret, token).unwrap_err(), code, "{id}");
        }
        let long = "x".repeat(TOKEN_MOST + 1);
        assert_eq!(typed(id, &long, "").unwrap_err(), "keys-too-long");
        assert_eq!(typed(id, "planted", &long).unwrap_err(), "keys-too-long");
        assert!(typed(id, "planted", "").unwrap().session_token.is_none());
        let with_token = typed("ASIAIOSFODNN7EXAMPLE", "planted", "planted-token").unwrap();
        assert!(with_token.session_token.is_some());
    }
}
