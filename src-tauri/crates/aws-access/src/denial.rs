//! What a denial says of itself.

use crate::ServiceAnswer;

/// How much of a text is looked at. The longest part is an encoded message, of some kilobytes.
const TEXT_MOST: usize = 16 * 1024;

/// Longest name of an action: a service's and an operation's, 64 characters each.
const ACTION_MOST: usize = 130;

/// Longest ARN (IAM quotas).
const ARN_MOST: usize = 2048;

/// How much is kept of why.
const REASON_CHARS: usize = 300;

/// What a denial says of itself, as far as it does.
///
/// The service puts it into a sentence: "User: ARN is not authorized to perform: ACTION on
/// resource: ARN because no identity-based policy allows the ACTION action", or "… with an
/// explicit deny in a service control policy", sometimes with an encoded message behind it (IAM
/// User Guide, "Troubleshoot access denied error messages"). What is put otherwise is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The action, such as `ssm:StartSession`.
    pub action: String,
    /// What it was denied on: an ARN, or `*`.
    pub resource: Option<String>,
    /// Which policy denies it or does not allow it, in the service's words.
    pub because: Option<String>,
    /// Whether a policy denies it outright; otherwise none allows it.
    pub explicit: bool,
    /// What `sts decode-authorization-message` takes.
    pub encoded: Option<String>,
}

impl Denial {
    /// Reads the service's text. `action` is the one that was asked for, and stands where the
    /// text names none.
    pub(crate) fn of(action: &str, answer: &ServiceAnswer) -> Self {
        let text = head(&answer.message);
        let (text, encoded) = match text.split_once("Encoded authorization failure message:") {
            Some((text, encoded)) => (text, word(encoded, TEXT_MOST)),
            None => (text, None),
        };
        let behind = |marker: &str, most| word(text.split_once(marker)?.1, most);
        let explicit = text.contains("explicit deny");
        let because = if explicit {
            text.split_once("with an ").map(|(_, rest)| rest)
        } else {
            text.split_once(" because ").map(|(_, rest)| rest)
        };
        Self {
            action: behind("authorized to perform:", ACTION_MOST)
                .filter(|found| found.contains(':'))
                .unwrap_or_else(|| action.to_owned()),
            resource: behind("on resource:", ARN_MOST),
            because: because.and_then(reason),
            explicit,
            encoded,
        }
    }
}

/// The first word of a text, without what ends a sentence; `None` if it is too long to be one.
fn word(text: &str, most: usize) -> Option<String> {
    let word = text.split_whitespace().next()?;
    let word = word
        .trim_end_matches(['.', ',', ';'])
        .trim_matches(['"', '\'']);
    (!word.is_empty() && word.len() <= most).then(|| word.to_owned())
}

fn reason(text: &str) -> Option<String> {
    let words: Vec<_> = text.split_whitespace().collect();
    let text: String = words.join(" ").chars().take(REASON_CHARS).collect();
    let text = text.trim_end_matches('.').to_owned();
    (!text.is_empty()).then_some(text)
}

fn head(text: &str) -> &str {
    let mut end = text.len().min(TEXT_MOST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denial(message: &str) -> Denial {
        let answer = ServiceAnswer {
            code: Some("AccessDeniedException".to_owned()),
            status: 400,
            message: message.to_owned(),
            request_id: None,
        };
        Denial::of("ssm:StartSession", &answer)
    }

    #[test]
    fn action_resource_and_reason_are_found() {
        let found = denial(
            "User: arn:aws:sts::123456789012:assumed-role/dev/alice is not authorized to perform: \
             ssm:StartSession on resource: arn:aws:ec2:eu-central-1:123456789012:instance/i-0abc \
             because no identity-based policy allows the ssm:StartSession action",
        );
        assert_eq!(found.action, "ssm:StartSession");
        assert_eq!(
            found.resource.as_deref(),
            Some("arn:aws:ec2:eu-central-1:123456789012:instance/i-0abc")
        );
        assert_eq!(
            found.because.as_deref(),
            Some("no identity-based policy allows the ssm:StartSession action")
        );
        assert!(!found.explicit);
    }

    #[test]
    fn an_outright_denial_is_told_from_a_missing_permission() {
        let found = denial(
            "User: arn:aws:iam::1:user/a is not authorized to perform: ssm:StartSession on \
             resource: arn:aws:ssm:eu-central-1::document/X with an explicit deny in a service \
             control policy",
        );
        assert!(found.explicit);
        assert_eq!(
            found.because.as_deref(),
            Some("explicit deny in a service control policy")
        );
        assert_eq!(
            found.resource.as_deref(),
            Some("arn:aws:ssm:eu-central-1::document/X")
        );
    }

    #[test]
    fn an_encoded_message_is_kept_apart() {
        let found = denial(
            "You are not authorized to perform this operation. User: arn:aws:iam::1:user/a is not \
             authorized to perform: ec2:DescribeInstances because no identity-based policy allows \
             the ec2:DescribeInstances action. Encoded authorization failure message: AbC-_123",
        );
        assert_eq!(found.action, "ec2:DescribeInstances");
        assert_eq!(found.resource, None);
        assert_eq!(found.encoded.as_deref(), Some("AbC-_123"));
        let because = found.because.unwrap();
        assert!(
            because.ends_with("ec2:DescribeInstances action"),
            "{because}"
        );
    }

    #[test]
    fn texts_of_another_kind_leave_what_was_asked_for() {
        for odd in [
            "",
            "as the test wants",
            "User is not authorized to perform:",
            "not authorized to perform: nonsense on resource:",
        ] {
            let found = denial(odd);
            assert_eq!(found.action, "ssm:StartSession", "{odd}");
            assert_eq!((found.resource, found.encoded), (None, None), "{odd}");
        }
        let long = format!(
            "not authorized to perform: a:b on resource: {}",
            "x".repeat(4000)
        );
        assert_eq!(denial(&long).resource, None);
        let endless = format!(
            "{}é because {}",
            "x".repeat(TEXT_MOST - 1),
            "y ".repeat(9999)
        );
        assert_eq!(denial(&endless).because, None);
    }
}
