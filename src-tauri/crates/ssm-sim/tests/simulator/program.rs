//! The program `ssm-sim`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

fn run(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_ssm-sim"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn it_says_where_it_listens_and_ends_with_a_signal() {
    let mut child = run(&["--close-after", "60m", "--latency", "0ms", "--kms-key", "k"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut line = || lines.next().unwrap().unwrap();
    let url = line().strip_prefix("listening ").unwrap().to_owned();
    assert_eq!(line(), format!("export AWS_ENDPOINT_URL={url}"));
    assert!(line().starts_with("export AWS_ACCESS_KEY_ID="));
    assert!(line().starts_with("export AWS_SECRET_ACCESS_KEY="));

    let mut socket = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    socket
        .write_all(b"GET /control/state HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"sessions\":[]"), "{answer}");

    let killed = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    assert!(child.wait().unwrap().success());
}

#[test]
fn it_refuses_an_address_that_others_can_reach() {
    let output = run(&["--listen", "0.0.0.0:0"]).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("not a loopback address"), "{error}");
    assert!(output.stdout.is_empty());
}
