//! `culvert demo`: a tunnel through the built-in simulated service. It is cut in the middle of
//! a request, and it holds.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tunnel_manager::demo::{Demo, DemoCut};
use tunnel_manager::tunnel::{
    AccessSettings, Destination, Problem, ProblemKind, Secret, Snapshot, State, StaticCredentials,
    Tunnel, TunnelConfig,
};

use crate::exit::Exit;
use crate::forward::no_signals;
use crate::output::Output;
use crate::stop::StopSignals;

/// How long each step may take. The simulated service is on this machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Bytes of an answer that are read at most. The page has a few thousand.
const ANSWER_MOST: u64 = 1024 * 1024;

/// Runs the demo.
pub(crate) async fn run(output: Output) -> Exit {
    let Ok(mut signals) = StopSignals::new() else {
        return no_signals(output);
    };
    let shown = tokio::select! {
        shown = show(output) => shown,
        () = signals.recv() => return Exit::Success,
    };
    match shown {
        Ok(()) => Exit::Success,
        Err(problem) => {
            output.failed(&problem);
            Exit::from(&problem)
        }
    }
}

async fn show(output: Output) -> Result<(), Problem> {
    output.message(
        "Starting a simulated Session Manager on this computer, and a web page behind it.",
    );
    let demo = Demo::start().await?;
    let tunnel = Tunnel::start(config(&demo))
        .await
        .map_err(|error| error.problem())?;
    let shown = hold(output, &demo, &tunnel).await;
    tunnel.stop().await;
    demo.stop().await;
    if shown.is_ok() {
        output.message("The session was ended at the service. That was the whole engine: HTTP, signatures, WebSocket, data channel, smux.");
    }
    shown
}

/// The tunnel to the demo's page.
fn config(demo: &Demo) -> TunnelConfig {
    let wanted = demo.tunnel();
    let access = demo.access();
    let port = demo.page_address().port();
    let destination = match wanted.remote_host {
        Some(host) => Destination::RemoteHost {
            host,
            port: u16::try_from(wanted.remote_port).unwrap_or(port),
        },
        None => Destination::Port(port),
    };
    TunnelConfig {
        reason: wanted.reason,
        access: AccessSettings {
            region: wanted.region,
            endpoint_url: wanted.endpoint_url,
            static_credentials: Some(StaticCredentials {
                access_key_id: access.access_key,
                secret_access_key: Secret::new(access.secret_key),
                session_token: access.session_token.map(Secret::new),
            }),
            ..AccessSettings::default()
        },
        ..TunnelConfig::new(wanted.target, destination)
    }
}

/// Fetches the page, cuts the tunnel in the middle of the next request, and lets it finish.
async fn hold(output: Output, demo: &Demo, tunnel: &Tunnel) -> Result<(), Problem> {
    let mut snapshot = tunnel.snapshot();
    let up = until(&mut snapshot, |now| matches!(now.state, State::Up { .. })).await?;
    output.listening(&up.addresses);
    let address = up.addresses.first().cloned().unwrap_or_default();

    let direct = fetch(demo.page_address())
        .await
        .map_err(|error| broken(&error))?;
    let through = fetch(&address).await.map_err(|error| broken(&error))?;
    same(&direct, &through)?;
    output.message(&format!(
        "Fetched the page through the tunnel: {} bytes, the same as without it.",
        through.len()
    ));

    let mut open = TcpStream::connect(&address)
        .await
        .map_err(|error| broken(&error))?;
    open.write_all(b"GET / HTTP/1.1\r\nHost: demo\r\n")
        .await
        .map_err(|error| broken(&error))?;
    until(&mut snapshot, |now| {
        now.bytes_up > up.bytes_up && now.connections > 0
    })
    .await?;
    output.message(
        "Asked for it again, and now the gateway cuts the connection half way through the request.",
    );
    let cut = Instant::now();
    demo.cut(DemoCut::Close);
    let back = until(&mut snapshot, |now| {
        now.reconnects > 0 && matches!(now.state, State::Up { .. })
    })
    .await?;
    let gap = cut.elapsed();
    if let Some(close) = &back.last_close {
        output.message(&format!(
            "Close {} {:?}. The session was resumed after {} ms.",
            close
                .code
                .map_or_else(|| "without a code".to_owned(), |code| code.to_string()),
            close.reason,
            gap.as_millis()
        ));
    }

    let rest = finish(&mut open).await.map_err(|error| broken(&error))?;
    same(&direct, &rest)?;
    output.message(&format!(
        "The request that was open went on as if nothing had happened: {} bytes, the same again.",
        rest.len()
    ));
    output.message("It holds: 1 close, 1 resume, 0 connections lost, 0 bytes lost or doubled.");
    Ok(())
}

async fn until(
    snapshot: &mut watch::Receiver<Snapshot>,
    wanted: impl Fn(&Snapshot) -> bool,
) -> Result<Snapshot, Problem> {
    let settled = snapshot.wait_for(|now| {
        wanted(now) || matches!(now.state, State::Failed { .. } | State::NeedsSignIn { .. })
    });
    match timeout(PATIENCE, settled).await {
        Ok(Ok(now)) => match &now.state {
            State::Failed { problem, .. } | State::NeedsSignIn { problem, .. } => {
                Err(problem.clone())
            }
            State::Off
            | State::Listening
            | State::Connecting { .. }
            | State::Up { .. }
            | State::Degraded { .. }
            | State::Reconnecting { .. }
            | State::Stopping => Ok(now.clone()),
        },
        Ok(Err(_)) | Err(_) => Err(demo_problem("The tunnel did not do its part in time.")),
    }
}

/// Fetches the page; returns its body.
async fn fetch(address: impl tokio::net::ToSocketAddrs) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: demo\r\n")
        .await?;
    finish(&mut stream).await
}

/// Ends a request that was begun; returns the answer's body.
async fn finish(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let not_the_page = || io::Error::new(io::ErrorKind::InvalidData, "not the page");
    stream.write_all(b"\r\n").await?;
    let mut stream = BufReader::new(stream).take(ANSWER_MOST);
    let mut length = None;
    let mut line = String::new();
    while timeout(PATIENCE, stream.read_line(&mut line)).await?? > 0 && line != "\r\n" {
        let header = line.split_once(':');
        if let Some((name, value)) = header
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok();
        }
        line.clear();
    }
    let length: u64 = length
        .filter(|length| *length <= ANSWER_MOST)
        .ok_or_else(not_the_page)?;
    let mut body = Vec::new();
    timeout(PATIENCE, stream.take(length).read_to_end(&mut body)).await??;
    if body.len() as u64 == length {
        Ok(body)
    } else {
        Err(not_the_page())
    }
}

fn same(expected: &[u8], came: &[u8]) -> Result<(), Problem> {
    if !expected.is_empty() && expected == came {
        Ok(())
    } else {
        Err(demo_problem(
            "The page that came through the tunnel is not the page that was sent.",
        ))
    }
}

fn broken(error: &io::Error) -> Problem {
    demo_problem("A connection through the tunnel broke.").with_details(error.to_string())
}

fn demo_problem(what: &str) -> Problem {
    Problem::new(
        ProblemKind::Protocol,
        "demo-broken",
        what,
        "Run it again with CULVERT_LOG=debug and report what it says.",
    )
}
