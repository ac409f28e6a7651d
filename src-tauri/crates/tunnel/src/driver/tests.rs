//! The task of a tunnel, step by step: what becomes of connections that could not begin, and of
//! sessions that are to be ended while others call the service.

use std::time::Duration;

use aws_access::{Secret, StaticCredentials};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tunnel_proto::{Happening, Next, TunnelPolicy};

use super::*;
use crate::config::Destination;
use crate::session_task::Unopened;
use crate::{TunnelConfig, TunnelEvent, events, route};

/// A tunnel whose service listens at `address`, and its events. Its first session is being
/// started, which is never done: nobody gives the task its replies.
async fn driver(address: std::net::SocketAddr) -> (Driver, SessionKey, events::Receiver) {
    let settings = AccessSettings {
        region: Some("eu-central-1".to_owned()),
        endpoint_url: Some(format!("http://{address}").into()),
        static_credentials: Some(StaticCredentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: Secret::new("secret".to_owned()),
            session_token: None,
        }),
        ..AccessSettings::default()
    };
    let access = Access::load(settings.clone()).await.unwrap();
    let config = TunnelConfig::new("i-0abc", Destination::Port(80));
    let origin = Instant::now().into_std();
    let clock = Clock {
        origin,
        unix_ms_at_origin: 0,
    };
    let mut policy = Policy::new(TunnelPolicy::default(), origin, clock, [0; 32]);
    let Some(Action::Start(key)) = policy.poll_action() else {
        panic!("a tunnel begins with a session");
    };
    let (events, heard) = events::channel(64);
    let (reports, to_reports) = mpsc::channel(8);
    let surroundings = Surroundings {
        reports,
        figures: figures(),
        peers: crate::local_peer::LocalPeers::start(),
        clock,
        route: Arc::new(route::Route::of(&config)),
    };
    let environment = Environment::still();
    let parts = Parts {
        clock,
        session: SessionConfig::default(),
        access,
        name: String::new(),
        ledger: Ledger::default(),
        settings,
        place: Place::Here,
        changes: Changes::of(&environment, true),
        environment,
        request: config.start_request(Some(80)),
        has_choice: false,
        granted: None,
        acceptors: JoinSet::new(),
        accepted: mpsc::channel(1).1,
        looks: mpsc::channel(1).1,
        snapshot: watch::Sender::new(Snapshot::new(policy.state(), Vec::new())),
        events,
        policy,
    };
    (Driver::new(parts, surroundings, to_reports), key, heard)
}

/// What listens there and never answers.
async fn silent() -> (TcpListener, std::net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A connection of a program, and its other end.
async fn connection() -> (TcpStream, Local) {
    let (listener, address) = silent().await;
    let program = TcpStream::connect(address).await.unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    (program, Local::Tcp(accepted))
}

fn codes_of_those_left(heard: &mut events::Receiver) -> Vec<String> {
    let mut codes = Vec::new();
    while let Ok(event) = heard.try_recv() {
        if let TunnelEvent::Record(record) = event
            && let Happening::LeftBehind { problem, .. } = record.what
        {
            codes.push(problem.code);
        }
    }
    codes
}

/// A service that reads what it is asked and never answers; and how often it was asked to end a
/// session.
async fn hanging() -> (std::net::SocketAddr, watch::Receiver<usize>, JoinSet<()>) {
    let (listener, address) = silent().await;
    let (count, counted) = watch::channel(0);
    let count = Arc::new(count);
    let mut service = JoinSet::new();
    service.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let count = Arc::clone(&count);
            connections.spawn(async move {
                let mut said = Vec::new();
                while let Ok(1..) = stream.read_buf(&mut said).await {
                    if said.windows(16).any(|window| window == b"TerminateSession") {
                        count.send_modify(|count| *count += 1);
                        return std::future::pending().await;
                    }
                }
            });
        }
    });
    (address, counted, service)
}

/// So many that work ask for their calls, and some always wait.
fn keep_busy(driver: &Driver) {
    for _ in 0..1_000 {
        let calls = driver.parts.environment.call_budget().clone();
        tokio::spawn(async move { calls.permit().await });
    }
}

#[tokio::test]
async fn a_connection_that_a_session_gave_back_waits_for_another_as_long_as_it_would_have() {
    let (_listener, address) = silent().await;
    let (mut driver, key, _heard) = driver(address).await;
    let (_program, local) = connection().await;
    let patience = TunnelPolicy::default().wait_limit;
    let now = Instant::now().into_std();
    let since = now - Duration::from_secs(10);
    let caller = Caller { local, since };
    driver.handle_report(key, Report::Unopened(caller, Unopened::Over));
    // The policy may not know yet that the session is over.
    assert_eq!(driver.parts.policy.waiting(), 0);
    let reply = driver.requests.next().await.unwrap();
    driver.handle_reply(reply);
    assert_eq!(driver.parts.policy.waiting(), 1);
    let (at, timer) = driver.parts.policy.poll_timeout().unwrap();
    assert!(matches!(timer, TunnelTimer::WaitLimit(_)), "{timer:?}");
    assert_eq!(at, since + patience);
}

#[tokio::test]
async fn a_connection_for_which_a_session_has_no_room_is_reset_and_that_is_told() {
    let (_listener, address) = silent().await;
    let (mut driver, key, _heard) = driver(address).await;
    let (mut program, local) = connection().await;
    let since = Instant::now().into_std();
    let caller = Caller { local, since };
    driver.handle_report(key, Report::Unopened(caller, Unopened::Full));
    assert_eq!(driver.parts.policy.waiting(), 0);
    let read = program.read(&mut [0; 1]).await;
    assert_eq!(
        read.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionReset
    );
    let notice = driver.parts.snapshot.borrow().notice.clone();
    assert_eq!(
        notice.map(|notice| notice.code).as_deref(),
        Some("session-full")
    );
}

#[tokio::test]
async fn a_stop_asks_for_the_end_of_what_was_only_to_be_tidied_up_though_others_call() {
    let (listener, address) = silent().await;
    let (mut driver, _key, mut heard) = driver(address).await;
    keep_busy(&driver);
    driver.terminate("session-9".to_owned(), None);
    tokio::task::yield_now().await;
    driver.stop(Wish::Stop);
    tokio::select! {
        called = listener.accept() => drop(called.unwrap()),
        () = driver.wind_up() => panic!("it was not asked"),
    }
    driver.leave_unended();
    assert_eq!(codes_of_those_left(&mut heard), ["terminate-unanswered"]);
}

#[tokio::test]
async fn what_nobody_had_time_to_ask_is_not_said_to_be_unanswered() {
    let (_listener, address) = silent().await;
    let (mut driver, _key, mut heard) = driver(address).await;
    keep_busy(&driver);
    tokio::task::yield_now().await;
    driver.terminate("session-9".to_owned(), None);
    tokio::task::yield_now().await;
    driver.stop(Wish::Dropped);
    driver.leave_unended();
    assert_eq!(codes_of_those_left(&mut heard), ["terminate-unasked"]);
}

#[tokio::test]
async fn a_session_whose_service_on_this_machine_hangs_is_tried_again_each_minute() {
    let (address, mut asked, _service) = hanging().await;
    let (mut driver, _key, _heard) = driver(address).await;
    let unanswered = access::no_answer();
    tokio::time::pause();
    driver.leave(
        "session-9".to_owned(),
        Some(Next::AwaitNetwork),
        &unanswered,
    );
    let thrice = asked.wait_for(|count| *count == 3);
    let thrice = tokio::time::timeout(Duration::from_secs(600), thrice).await;
    assert!(thrice.is_ok(), "it is given up");
}

#[tokio::test]
async fn a_stop_gives_what_was_left_behind_a_last_chance() {
    let (address, asked, _service) = hanging().await;
    let (mut driver, _key, _heard) = driver(address).await;
    let unanswered = access::no_answer();
    tokio::time::pause();
    let start = Instant::now();
    driver.leave(
        "session-9".to_owned(),
        Some(Next::AwaitNetwork),
        &unanswered,
    );
    let (orders, to_orders) = mpsc::channel(1);
    orders.send(Order::Stop).await.unwrap();
    assert_eq!(Box::new(driver).run(to_orders).await, Outcome::Stopped);
    assert_eq!(*asked.borrow(), 1);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(6), "{took:?}");
    drop(orders);
}
