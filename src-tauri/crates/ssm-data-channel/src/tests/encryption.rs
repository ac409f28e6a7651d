use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ssm_message::payload::{
    EncryptionChallenge, HandshakeResponse, JsonPayload as _, KmsEncryptionResult,
    ProcessedClientAction,
};
use ssm_message::{Message, PayloadType};

use super::rig::{COMPLETE, Rig, acknowledgement_of, from_agent};
use crate::cipher::Cipher;
use crate::{Config, DataKey, Error, Event};

const REQUEST: &str = r#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"Port","Properties":{"type":"LocalPortForwarding"}}},{"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":"arn:key"}}]}"#;

fn key() -> DataKey {
    DataKey {
        plaintext: (0..64).collect(),
        ciphertext: vec![1, 2, 3],
    }
}

/// The agent's end of the cipher: the halves the other way round.
fn agent() -> Cipher {
    Cipher::new(&DataKey {
        plaintext: (32..64).chain(0..32).collect(),
        ciphertext: Vec::new(),
    })
    .unwrap()
}

fn asked() -> Rig {
    let mut rig = Rig::connected(Config::default());
    rig.output(0, PayloadType::HandshakeRequest, REQUEST.as_bytes());
    assert!(matches!(
        &rig.events()[..],
        [Event::DataKeyNeeded { key_id }] if key_id == "arn:key"
    ));
    assert!(rig.sent().is_empty(), "answered without a key");
    rig
}

fn encrypted() -> Rig {
    let mut rig = asked();
    rig.channel.handle_data_key(rig.now, key()).unwrap();
    let challenge = agent().encrypt([1; 12], b"prove it").unwrap();
    let challenge = EncryptionChallenge {
        challenge: STANDARD.encode(challenge),
    };
    rig.output(1, PayloadType::EncChallengeRequest, &challenge.encode());
    let sent = rig.sent();
    let [response, answer] = &sent[..] else {
        panic!("{sent:?}");
    };

    let body = HandshakeResponse::decode(&response.payload).unwrap();
    let kms = &body.processed_client_actions[1];
    assert_eq!(kms.action_status, ProcessedClientAction::SUCCESS);
    let result = kms.action_result.as_ref().unwrap().get();
    let result = KmsEncryptionResult::decode(result.as_bytes()).unwrap();
    assert_eq!(result.kms_cipher_text_key, STANDARD.encode([1, 2, 3]));

    assert_eq!(answer.payload_type, PayloadType::EncChallengeResponse);
    let body = EncryptionChallenge::decode(&answer.payload).unwrap();
    let sealed = STANDARD.decode(body.challenge).unwrap();
    assert_eq!(agent().decrypt(sealed.into()).unwrap(), &b"prove it"[..]);

    for message in &sent {
        rig.input(acknowledgement_of(message));
    }
    rig.output(2, PayloadType::HandshakeComplete, COMPLETE.as_bytes());
    assert!(matches!(rig.events()[..], [Event::Established]));
    assert!(rig.channel.established().unwrap().encrypted);
    rig.frames();
    rig
}

fn opened(message: &Message) -> Bytes {
    agent().decrypt(message.payload.clone()).unwrap()
}

#[test]
fn data_is_encrypted_both_ways_once_a_key_is_agreed() {
    let mut rig = encrypted();
    rig.send(b"secret");
    let sent = rig.sent().pop().unwrap();
    assert_eq!(opened(&sent), &b"secret"[..]);

    for (number, payload_type) in [
        (3, PayloadType::Output),
        (4, PayloadType::StdErr),
        (5, PayloadType::ExitCode),
    ] {
        let sealed = agent().encrypt([2; 12], b"answer").unwrap();
        rig.output(number, payload_type, &sealed);
    }
    let events = rig.events();
    assert_eq!(events.len(), 3);
    for event in events {
        assert!(matches!(
            event,
            Event::Data(bytes) | Event::StdErr(bytes) | Event::ExitCode(bytes) if bytes == "answer"
        ));
    }
}

#[test]
fn the_budget_leaves_room_for_nonce_and_tag() {
    let mut rig = encrypted();
    assert_eq!(rig.channel.send_budget(rig.now), Some(1_024 - 28));
    let sent = rig.send_all();
    assert_eq!(sent[0].payload.len(), 1_024);
    assert_ne!(
        sent[0].payload[..12],
        sent[1].payload[..12],
        "a nonce twice"
    );
    let larger = rig.send_until_larger();
    assert_eq!(larger.payload.len(), 4_096);
}

#[test]
fn what_is_resent_is_not_encrypted_anew() {
    let mut rig = encrypted();
    rig.send(b"secret");
    let first = rig.sent();
    rig.reconnect();
    assert_eq!(rig.sent(), first);
}

#[test]
fn flags_are_not_encrypted() {
    let mut rig = encrypted();
    rig.flag(crate::Flag::TerminateSession);
    assert_eq!(rig.sent().pop().unwrap().payload.len(), 4);
}

#[test]
fn an_empty_message_is_not_sent_encrypted_either() {
    let mut rig = encrypted();
    rig.send(b"");
    assert!(rig.sent().is_empty());
}

#[test]
fn data_that_can_not_be_decrypted_ends_the_session_unacknowledged() {
    let mut rig = encrypted();
    let frame = from_agent(
        3,
        PayloadType::Output,
        b"in the clear, and long enough for a tag",
    );
    let error = rig.channel.handle_input(rig.now, frame).unwrap_err();
    assert!(matches!(error, Error::Undecryptable { sequence_number: 3 }));
    assert!(rig.frames().is_empty());
}

#[test]
fn without_a_key_the_agent_is_told_and_nothing_goes_in_the_clear() {
    let mut rig = asked();
    rig.channel
        .handle_data_key_failed(rig.now, "access denied".into());
    assert!(matches!(
        &rig.events()[..],
        [Event::Failed(Error::DataKeyFailed(why))] if why == "access denied"
    ));
    let response = rig.sent().pop().unwrap();
    let body = HandshakeResponse::decode(&response.payload).unwrap();
    let kms = &body.processed_client_actions[1];
    assert_eq!(kms.action_status, ProcessedClientAction::FAILED);
    assert_eq!(kms.error, "access denied");
    assert_eq!(body.errors, Some(vec!["access denied".into()]));

    rig.output(1, PayloadType::HandshakeComplete, COMPLETE.as_bytes());
    assert!(rig.channel.established().is_none());
    assert_eq!(rig.channel.send_budget(rig.now), None);
}

#[test]
fn a_key_of_the_wrong_length_fails_like_no_key() {
    let mut rig = asked();
    let short = DataKey {
        plaintext: vec![0; 32],
        ciphertext: Vec::new(),
    };
    let error = rig.channel.handle_data_key(rig.now, short).unwrap_err();
    assert_eq!(error.code(), "data-key-length");
    let response = rig.sent().pop().unwrap();
    let body = HandshakeResponse::decode(&response.payload).unwrap();
    assert_eq!(body.processed_client_actions[1].action_status, 2);
    assert_eq!(rig.channel.send_budget(rig.now), None);
}

#[test]
fn a_key_that_nobody_asked_for_changes_nothing() {
    let mut rig = Rig::established(Config::default());
    let error = rig.channel.handle_data_key(rig.now, key()).unwrap_err();
    assert_eq!(error.code(), "data-key-unexpected");
    rig.channel.handle_data_key_failed(rig.now, "late".into());
    assert!(rig.events().is_empty());
    assert!(rig.channel.established().is_some());
}

#[test]
fn a_challenge_that_does_not_open_ends_the_session() {
    for challenge in ["!", "", "AAAA"] {
        let mut rig = asked();
        rig.channel.handle_data_key(rig.now, key()).unwrap();
        let body = EncryptionChallenge {
            challenge: challenge.into(),
        };
        let frame = from_agent(1, PayloadType::EncChallengeRequest, &body.encode());
        let error = rig.channel.handle_input(rig.now, frame).unwrap_err();
        assert_eq!(error.code(), "challenge-undecryptable");
    }
}
