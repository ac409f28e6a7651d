//! The faults by HTTP, for a person with curl or a test in another language.
//!
//! The verbs are listed in the crate's documentation. `GET /control/state` shows sessions and counters. `POST /control/<verb>` with a JSON object
//! does what the method of [`Faults`] of that name does.

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use ssm_message::MessageType;

use crate::api::Answer;
use crate::faults::{
    Action, ApiFault, Direction, Faults, Lasting, MessageFaults, Operation, Refusal,
};
use crate::service::Service;

/// Answers one request.
pub(crate) fn handle(service: &Arc<Service>, method: &Method, verb: &str, body: &[u8]) -> Answer {
    if verb == "state" && *method == Method::GET {
        return answer(200, &state(service));
    }
    if *method != Method::POST {
        return failure(405, "only POST changes anything");
    }
    let faults = Faults::new(Arc::clone(service));
    match perform(&faults, verb, body) {
        Ok(true) => answer(200, &json!({"done": verb})),
        Ok(false) => failure(404, &format!("there is no verb {verb:?}")),
        Err(error) => failure(400, &error.to_string()),
    }
}

fn state(service: &Service) -> Value {
    let sessions: Vec<_> = service
        .sessions()
        .iter()
        .map(|session| session.view())
        .collect();
    let living = sessions
        .iter()
        .filter(|session| session.terminated_by.is_none())
        .count();
    let stats = service.with_stats(|stats| stats.clone());
    json!({"sessions": sessions, "living_sessions": living, "stats": stats})
}

/// Names the session of an action; all if absent.
#[derive(Deserialize)]
struct Scope {
    #[serde(default)]
    session: Option<String>,
}

#[derive(Deserialize)]
struct Close {
    #[serde(default = "normal_close")]
    code: u16,
    #[serde(default)]
    reason: String,
}

fn normal_close() -> u16 {
    1000
}

#[derive(Deserialize)]
struct CutAfter {
    direction: Direction,
    bytes: u64,
    then: Action,
}

#[derive(Deserialize)]
struct Milliseconds {
    milliseconds: u64,
}

#[derive(Deserialize)]
struct Bandwidth {
    bytes_per_second: Option<u64>,
}

#[derive(Deserialize)]
struct Messages {
    direction: Direction,
    #[serde(flatten)]
    faults: MessageFaults,
}

#[derive(Deserialize)]
struct LoseNext {
    direction: Direction,
    message_type: String,
    count: u32,
}

#[derive(Deserialize)]
struct FailApi {
    operation: Operation,
    fault: ApiFault,
    #[serde(default)]
    times: Option<u32>,
    #[serde(default)]
    milliseconds: Option<u64>,
}

#[derive(Deserialize)]
struct OneOperation {
    operation: Operation,
}

#[derive(Deserialize)]
struct RefuseUpgrades {
    #[serde(flatten)]
    refusal: Refusal,
    #[serde(default)]
    times: Option<u32>,
    #[serde(default)]
    milliseconds: Option<u64>,
}

/// How long a fault lasts: times, or milliseconds, or for ever.
fn lasting(times: Option<u32>, milliseconds: Option<u64>) -> Result<Lasting, serde_json::Error> {
    match (times, milliseconds) {
        (Some(_), Some(_)) => Err(serde::de::Error::custom("times or milliseconds, not both")),
        (times, None) => Ok(times.into()),
        (None, Some(milliseconds)) => Ok(Duration::from_millis(milliseconds).into()),
    }
}

#[derive(Deserialize)]
struct ExpireKey {
    access_key: String,
    #[serde(default)]
    milliseconds: u64,
}

#[derive(Deserialize)]
struct Choice<T> {
    choice: T,
}

#[derive(Deserialize)]
struct Limit {
    milliseconds: Option<u64>,
}

#[derive(Deserialize)]
struct Seconds {
    seconds: i64,
}

#[derive(Deserialize)]
struct StreamUrl {
    #[serde(default)]
    url: Option<String>,
}

#[derive(Deserialize)]
struct Expired {
    #[serde(default = "yes")]
    expired: bool,
}

fn yes() -> bool {
    true
}

/// Performs a verb; `false` if there is none of that name.
fn perform(faults: &Faults, verb: &str, body: &[u8]) -> Result<bool, serde_json::Error> {
    let body = if body.trim_ascii().is_empty() {
        b"{}"
    } else {
        body
    };
    let faults = match parse::<Scope>(body)?.session {
        Some(id) => faults.of_session(&id),
        None => faults.clone(),
    };
    match verb {
        "close" => {
            let close: Close = parse(body)?;
            faults.close(close.code, &close.reason);
        }
        "cut-after" => {
            let cut: CutAfter = parse(body)?;
            // Who asks by HTTP looks at the state instead of waiting.
            drop(faults.cut_after(cut.direction, cut.bytes, cut.then));
        }
        "latency" => faults.latency(duration(body)?),
        "jitter" => faults.jitter(duration(body)?),
        "bandwidth" => faults.bandwidth(parse::<Bandwidth>(body)?.bytes_per_second),
        "messages" => {
            let messages: Messages = parse(body)?;
            faults.messages(messages.direction, messages.faults);
        }
        "lose-next" => {
            let lose: LoseNext = parse(body)?;
            let message_type = MessageType::from_name(&lose.message_type)
                .ok_or_else(|| serde::de::Error::custom("the message type is unknown"))?;
            faults.lose_next(lose.direction, message_type, lose.count);
        }
        "fail-api" => {
            let fail: FailApi = parse(body)?;
            let lasting = lasting(fail.times, fail.milliseconds)?;
            faults.fail_api(fail.operation, fail.fault, lasting);
        }
        "clear-api" => faults.clear_api(parse::<OneOperation>(body)?.operation),
        "refuse-upgrades" => {
            let refuse: RefuseUpgrades = parse(body)?;
            let lasting = lasting(refuse.times, refuse.milliseconds)?;
            faults.refuse_upgrades(refuse.refusal, lasting);
        }
        "accept-upgrades" => faults.accept_upgrades(),
        "stream-url" => faults.stream_url(parse::<StreamUrl>(body)?.url.as_deref()),
        "expire-credentials" => faults.expire_credentials(parse::<Expired>(body)?.expired),
        "expire-key" => {
            let expire: ExpireKey = parse(body)?;
            let after = Duration::from_millis(expire.milliseconds);
            faults.expire_key(&expire.access_key, after);
        }
        "resume-while-connected" => faults.resume_while_connected(parse::<Choice<_>>(body)?.choice),
        "session-gone" => faults.session_gone(parse::<Choice<_>>(body)?.choice),
        "deny" => faults.deny(parse(body)?),
        "clock" => faults.clock(parse::<Seconds>(body)?.seconds),
        "idle-timeout" => faults.idle_timeout(limit(body)?),
        "max-duration" => faults.max_duration(limit(body)?),
        "end-black-hole" => faults.end_black_hole(),
        "clear" => faults.clear(),
        action => {
            // The remaining verbs are actions, whose fields stand in the body.
            let mut fields: Value = parse(body)?;
            let name = action.replace('-', "_");
            if let Some(object) = fields.as_object_mut() {
                object.insert("action".to_owned(), Value::String(name));
            }
            match serde_json::from_value(fields) {
                Ok(action) => faults.apply(&action),
                Err(error) if error.to_string().starts_with("unknown variant") => {
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(true)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(body)
}

fn duration(body: &[u8]) -> Result<Duration, serde_json::Error> {
    parse::<Milliseconds>(body).map(|said| Duration::from_millis(said.milliseconds))
}

fn limit(body: &[u8]) -> Result<Option<Duration>, serde_json::Error> {
    parse::<Limit>(body).map(|said| said.milliseconds.map(Duration::from_millis))
}

fn answer(status: u16, body: &Value) -> Answer {
    Answer {
        status,
        content_type: "application/json",
        body: body.to_string(),
    }
}

fn failure(status: u16, error: &str) -> Answer {
    answer(status, &json!({"error": error}))
}
