//! What a session has learned of the way to its target, in words.

use std::num::NonZeroU32;

use tunnel_proto::{Learned, LearnedRate, SessionConfig};

use crate::{Problem, ProblemKind};

/// What the user should know of it: that the way bears less than the next sessions were to begin
/// with. That it bears more again is no news.
pub(crate) fn lowered(config: &SessionConfig, learned: Learned) -> Option<Problem> {
    let channel = &config.channel;
    match learned {
        Learned::MessageRate(LearnedRate { rate, .. }) => {
            let before = channel.learned_rate.map(|before| before.rate);
            let before = before.unwrap_or(channel.message_rate);
            (rate < before).then(|| fewer(rate))
        }
        Learned::PayloadLimit(bytes) => (bytes < channel.max_payload).then(|| smaller(bytes)),
    }
}

fn fewer(rate: NonZeroU32) -> Problem {
    Problem::new(
        ProblemKind::Service,
        "message-rate-lowered",
        format!(
            "The connection was cut or paused soon after many messages were sent: from now on at \
             most {rate} messages a second are sent to this target."
        ),
        "Nothing to do: more are tried again when that has gone well for a while.",
    )
    .with_fact("rate", &rate)
}

fn smaller(bytes: usize) -> Problem {
    Problem::new(
        ProblemKind::Service,
        "message-size-lowered",
        format!(
            "The connection broke again and again over a large message: from now on messages of \
             at most {bytes} bytes are sent to this target, which makes large uploads slower."
        ),
        "Nothing to do.",
    )
    .with_fact("bytes", &bytes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn rate(rate: u32) -> Learned {
        Learned::MessageRate(LearnedRate {
            rate: NonZeroU32::new(rate).unwrap(),
            raise_after: Duration::from_secs(60),
        })
    }

    #[test]
    fn a_rate_that_is_lowered_is_told_once_however_many_sessions_learn_it() {
        let mut config = SessionConfig::default();
        let told = lowered(&config, rate(630)).unwrap();
        assert!(
            told.what.contains("at most 630 messages a second"),
            "{}",
            told.what
        );
        rate(630).apply(&mut config);
        assert_eq!(lowered(&config, rate(630)), None);
        assert!(lowered(&config, rate(441)).is_some());
    }

    #[test]
    fn a_rate_that_is_raised_again_is_no_news() {
        let mut config = SessionConfig::default();
        rate(441).apply(&mut config);
        assert_eq!(lowered(&config, rate(630)), None);
        assert_eq!(lowered(&SessionConfig::default(), rate(900)), None);
    }

    #[test]
    fn smaller_messages_are_told_once() {
        let mut config = SessionConfig::default();
        let learned = Learned::PayloadLimit(1_024);
        let told = lowered(&config, learned).unwrap();
        assert!(told.what.contains("at most 1024 bytes"), "{}", told.what);
        learned.apply(&mut config);
        assert_eq!(lowered(&config, learned), None);
    }
}
