//! What says nothing about anybody, and has to stay readable.

#![allow(clippy::unwrap_used, reason = "a test that can't even be set up fails")]

use redact::Redactor;

const HARMLESS: [&str; 85] = [
    "2026-11-30T07:37:19.123456Z",
    "20261130T073719Z",
    "07:37:19",
    "2026-11-30",
    "1795262400000",
    "Mon, 30 Nov 2026 07:37:19 GMT",
    "took 12.4 s",
    "0.4 s",
    "3 h 20 min",
    "99.97 %",
    "culvert 0.1.0",
    "1.27.0-rc.1",
    "agent version 3.3.987.0",
    "agentVersion\":\"3.1.9.0\"",
    "amazon-ssm-agent/3.0.151.0",
    "rustls 0.23.35",
    "Linux 6.1.0-40-amd64",
    "Debian GNU/Linux 12",
    "macOS 15.1.2",
    "x86_64-unknown-linux-gnu",
    "close code 1006",
    "code=1000 reason=Bye",
    "HTTP/1.1 101 Switching Protocols",
    "status 403",
    "sequence number 184467",
    "seq=4711 flags=3",
    "eu-central-1",
    "us-gov-west-1",
    "ap-southeast-2",
    "ssm.eu-central-1.amazonaws.com",
    "ssmmessages.us-east-1.amazonaws.com",
    "ssmmessages-fips.us-gov-west-1.amazonaws.com",
    "https://sts.eu-west-1.amazonaws.com/",
    "oidc.eu-central-1.amazonaws.com",
    "127.0.0.1:5433",
    "[::1]:5433",
    "0.0.0.0",
    "::",
    "localhost:5432",
    "169.254.169.254",
    "port 65535",
    "AWS-StartPortForwardingSessionToRemoteHost",
    "AWS-StartSSHSession",
    "ssm:ResumeSession",
    "ssm:StartSession on document",
    "StartSession after 1.2 s: throttled",
    "AccessDeniedException",
    "TargetNotConnected",
    "ExpiredTokenException",
    "target-not-connected",
    "tunnel_proto::tunnel::recovery",
    "src/tunnel/recovery.rs:112",
    "Cargo.lock",
    "tunnels.toml",
    "culvert.log.2026-11-30",
    "/usr/lib/x86_64-linux-gnu/libwebkit2gtk-4.1.so.0",
    "/etc/ssl/certs/ca-certificates.crt",
    "~/.aws/config",
    "/root/.aws",
    "/home/ubuntu/x",
    "d9428888-122b-11e1-b85c-61cd3cbb3210",
    "keepalive = 20",
    "sessions = \"1-4\"",
    "renew_after = 50",
    "retry_for = \"30min\"",
    "token: null",
    "the token has expired",
    "no token: the service refused",
    "Basic authentication is not supported",
    "password: required",
    "The gateway closed the connection, as it does about once an hour.",
    "3 of 3 connections lived on",
    "round trip 34 ms; 2 sent and not acknowledged",
    "e.g. this, i.e. that",
    "and so on ... etc.",
    "100 % of it & more",
    "1,234,567 bytes",
    "0x1f",
    "bytes=123456789",
    "state.kind=up",
    "WARN tunnel{name=x}: retry in 3 s",
    "smux frame cmd=2 length=4096",
    "TLS_AES_256_GCM_SHA384",
    "CERT_HAS_EXPIRED",
    "id.",
];

#[test]
fn what_is_harmless_survives() {
    let mut fresh = Redactor::new().unwrap();
    let mut gone = Vec::new();
    for text in HARMLESS {
        let mut redactor = fresh.clone();
        let redacted = redactor.text(text).unwrap();
        if redacted != text {
            gone.push(format!("{text} became {redacted}"));
        }
    }
    assert!(gone.is_empty(), "{}", gone.join("\n"));
    let together = HARMLESS.join("\n");
    let redacted = fresh.text(&together).unwrap();
    for (one, other) in redacted.lines().zip(together.lines()) {
        assert_eq!(one, other);
    }
    assert_eq!(redacted, together);
}
