//! The AWS CLI's plugin: the session is started already, and is handed over on the command
//! line (docs/protocol.md, section 8).

use std::collections::BTreeMap;

use serde::Deserialize;
use tunnel_manager::WrittenAddress;
use tunnel_manager::log::LogSwitch;
use tunnel_manager::tunnel::{
    AccessSettings, BindAddress, Destination, Grant, Listen, PoolSize, Problem, ProblemKind,
    Tunnel, TunnelConfig, TunnelPolicy,
};

use crate::args::bind_address;
use crate::exit::Exit;
use crate::forward::{Kept, keep_stream, keep_up, named, no_signals, settle_in, start};
use crate::output::{Output, say};
use crate::reach::Reach;
use crate::stop::StopSignals;

/// Newer AWS CLIs name this environment variable instead of giving the response itself, so
/// that the token does not stand in the process list.
const RESPONSE_VARIABLE: &str = "AWS_SSM_START_SESSION_RESPONSE";

/// Where to listen, as newer plugins read it.
const LOCAL_HOST_VARIABLE: &str = "SSM_PLUGIN_LOCAL_HOST";

/// The document whose session is a raw stream on standard input and output.
const STREAM_DOCUMENT: &str = "AWS-StartSSHSession";

/// The answer to StartSession.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    session_id: String,
    token_value: String,
    stream_url: String,
}

/// The request that was answered.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Request {
    target: String,
    document_name: Option<String>,
    parameters: BTreeMap<String, Vec<String>>,
    reason: Option<String>,
}

/// What the AWS CLI asks for.
struct Call {
    grant: Grant,
    request: Request,
    region: Option<String>,
    profile: Option<String>,
    endpoint_url: Option<WrittenAddress>,
}

/// Runs as the plugin with the arguments behind the program's name.
pub(crate) async fn run(arguments: Vec<String>) -> Exit {
    match arguments.first().map(String::as_str) {
        None => {
            say(
                "The Session Manager plugin was installed successfully. Use the AWS CLI to start a session.",
            );
            return Exit::Success;
        }
        Some("--version") => {
            say(tunnel_manager::tunnel::CLIENT_VERSION);
            return Exit::Success;
        }
        Some(_) => {}
    }
    let output = Output::Text;
    let variable = |name: &str| std::env::var(name).ok();
    let call = match Call::read(&arguments, variable) {
        Ok(call) => call,
        Err(problem) => return fail(&problem),
    };
    let Ok(mut signals) = StopSignals::new() else {
        return no_signals(output);
    };
    let session_id = call.grant.session_id.clone();
    let host = variable(LOCAL_HOST_VARIABLE);
    let (grant, mut config) = match call.into_config(host.as_deref()) {
        Ok(parts) => parts,
        Err(problem) => return fail(&problem),
    };
    Reach::of_user(output).settle(&mut config.access);
    if let Destination::Stream { port } = config.destination {
        let log = LogSwitch::default();
        return keep_stream(config, Some(grant), port, log, &mut signals).await;
    }
    say(&format!("\nStarting session with SessionId: {session_id}"));
    let traces = settle_in(&mut config, LogSwitch::default(), output);
    let name = named(&mut config);
    let starting = Tunnel::start_granted(config.clone(), grant.clone());
    match start(starting, &mut signals).await {
        Some(Ok(tunnel)) => {
            let kept = Kept::new(tunnel, name, &traces);
            keep_up(kept, None, output, &mut signals, |addresses| {
                say(&opened(addresses, &session_id));
            })
            .await
        }
        // It has given the session back.
        Some(Err(problem)) => fail(&problem),
        None => {
            give_back(config, grant).await;
            Exit::Success
        }
    }
}

/// Ends a session that was handed over and is not wanted any more: left behind it would count against
/// the account until its idle timeout.
async fn give_back(config: TunnelConfig, grant: Grant) {
    let (input, out) = (tokio::io::empty(), tokio::io::sink());
    // Where not even this can start, there is no way to the service.
    if let Ok(tunnel) = Tunnel::start_stream(config, Some(grant), input, out).await {
        tunnel.stop().await;
    }
}

/// The lines that scripts round the AWS CLI wait for.
fn opened(addresses: &[String], session_id: &str) -> String {
    let address = addresses.first().map_or("", String::as_str);
    let port = address.rsplit(':').next().unwrap_or(address);
    format!("Port {port} opened for sessionId {session_id}.\nWaiting for connections...")
}

fn fail(problem: &Problem) -> Exit {
    Output::Text.failed(problem);
    Exit::from(problem)
}

fn bad_call(what: &str) -> Problem {
    Problem::new(
        ProblemKind::Settings,
        "plugin-call",
        format!("The AWS CLI called the plugin in a way that is not understood: {what}."),
        "Update the AWS CLI, or use `culvert forward` without it.",
    )
}

impl Call {
    /// Reads `RESPONSE REGION StartSession PROFILE REQUEST ENDPOINT`; the last three came with
    /// newer AWS CLIs.
    fn read(
        arguments: &[String],
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Problem> {
        let argument = |at: usize| arguments.get(at).filter(|value| !value.is_empty()).cloned();
        if arguments.len() < 3 {
            return Err(bad_call("it needs at least three arguments"));
        }
        if argument(2).as_deref() != Some("StartSession") {
            return Err(bad_call("the operation is not StartSession"));
        }
        let first = argument(0).unwrap_or_default();
        let response = if first.starts_with(RESPONSE_VARIABLE) {
            variable(&first).ok_or_else(|| bad_call("the response's variable is not set"))?
        } else {
            first
        };
        // The text holds the token: it must not be shown, not even in an error.
        let response: Response = serde_json::from_str(&response)
            .map_err(|_| bad_call("the response is not the JSON of StartSession"))?;
        let request = match argument(4) {
            Some(text) => serde_json::from_str(&text)
                .map_err(|_| bad_call("the request is not the JSON of StartSession"))?,
            None => Request::default(),
        };
        Ok(Self {
            grant: Grant {
                session_id: response.session_id,
                stream_url: response.stream_url,
                token: response.token_value,
            },
            request,
            region: argument(1),
            profile: argument(3),
            endpoint_url: argument(5).map(WrittenAddress::from),
        })
    }

    fn into_config(self, host: Option<&str>) -> Result<(Grant, TunnelConfig), Problem> {
        let Self {
            grant,
            request,
            region,
            profile,
            endpoint_url,
        } = self;
        let port = match request
            .parameters
            .get("localPortNumber")
            .and_then(|value| value.first())
        {
            Some(port) => port
                .parse()
                .map_err(|_| bad_call(&format!("{port:?} is not a local port number")))?,
            None => 0,
        };
        let address = match host {
            Some(host) => bind_address(host)
                .map_err(|error| bad_call(&format!("{LOCAL_HOST_VARIABLE}: {error}")))?,
            None => BindAddress::Localhost,
        };
        let destination = match request.document_name.as_deref() {
            Some(STREAM_DOCUMENT) => {
                let port = request
                    .parameters
                    .get("portNumber")
                    .and_then(|value| value.first());
                Destination::Stream {
                    port: port.and_then(|port| port.parse().ok()).unwrap_or(22),
                }
            }
            document => Destination::Document {
                name: document.unwrap_or_default().to_owned(),
                parameters: request.parameters,
            },
        };
        let config = TunnelConfig {
            listen: Listen { address, port },
            reason: request.reason,
            // Whoever calls the plugin has started one session, and sees one in the account.
            policy: TunnelPolicy {
                sessions: PoolSize::fixed(1),
                ..TunnelPolicy::default()
            },
            access: AccessSettings {
                profile,
                region,
                endpoint_url,
                ..AccessSettings::default()
            },
            ..TunnelConfig::new(request.target, destination)
        };
        Ok((grant, config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESPONSE: &str = r#"{"SessionId":"s-1","TokenValue":"planted-secret","StreamUrl":"wss://x/s-1","ResponseMetadata":{}}"#;
    const REQUEST: &str = r#"{"Target":"i-0123456789abcdef0","DocumentName":"AWS-StartPortForwardingSession","Parameters":{"portNumber":["80"],"localPortNumber":["8080"]}}"#;

    fn arguments(values: &[&str]) -> Vec<String> {
        values.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_six_arguments_of_the_aws_cli_are_read() {
        let given = arguments(&[
            RESPONSE,
            "eu-west-1",
            "StartSession",
            "p",
            REQUEST,
            "http://e",
        ]);
        let call = Call::read(&given, |_| None).ok().unwrap();
        let (grant, config) = call.into_config(None).unwrap();
        assert_eq!(grant.session_id, "s-1");
        assert_eq!(config.target.only_id(), Some("i-0123456789abcdef0"));
        assert_eq!(config.listen.port, 8080);
        assert_eq!(config.policy.sessions, PoolSize::fixed(1));
        assert_eq!(config.access.region.as_deref(), Some("eu-west-1"));
        assert_eq!(config.access.profile.as_deref(), Some("p"));
        assert_eq!(config.access.endpoint_url.as_deref(), Some("http://e"));
    }

    #[test]
    fn the_response_may_stand_in_the_environment() {
        let name = "AWS_SSM_START_SESSION_RESPONSE_1";
        let given = arguments(&[name, "eu-west-1", "StartSession", "", REQUEST]);
        let call = Call::read(&given, |asked| (asked == name).then(|| RESPONSE.to_owned()));
        let call = call.ok().unwrap();
        assert_eq!(call.grant.session_id, "s-1");
        assert_eq!(call.profile, None);
        let missing = Call::read(&given, |_| None).err().unwrap();
        assert_eq!(missing.code, "plugin-call");
    }

    #[test]
    fn a_bad_call_is_refused_in_words_without_the_token() {
        let cut = &RESPONSE[..RESPONSE.len() - 5];
        for given in [
            arguments(&["x"]),
            arguments(&[RESPONSE, "r", "StopSession"]),
            arguments(&[cut, "r", "StartSession"]),
            arguments(&[RESPONSE, "r", "StartSession", "", "{"]),
        ] {
            let problem = Call::read(&given, |_| None).err().unwrap();
            assert!(!format!("{problem:?}").contains("planted-secret"));
        }
    }

    #[test]
    fn a_host_may_be_given_and_a_bad_port_is_refused() {
        let given = arguments(&[RESPONSE, "r", "StartSession", "", REQUEST]);
        let call = Call::read(&given, |_| None).ok().unwrap();
        let (_, config) = call.into_config(Some("0.0.0.0")).unwrap();
        assert_eq!(
            config.listen.address,
            BindAddress::Ip("0.0.0.0".parse().unwrap())
        );

        let request = REQUEST.replace("8080", "eighty");
        let given = arguments(&[RESPONSE, "r", "StartSession", "", &request]);
        let call = Call::read(&given, |_| None).ok().unwrap();
        assert!(call.into_config(None).is_err());
    }

    #[test]
    fn scripts_find_the_lines_that_they_wait_for() {
        let lines = opened(&["127.0.0.1:8080".into(), "[::1]:8080".into()], "s-1");
        assert_eq!(
            lines,
            "Port 8080 opened for sessionId s-1.\nWaiting for connections..."
        );
    }
}
