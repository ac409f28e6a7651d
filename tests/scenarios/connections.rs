//! Many connections at once, and what each end's closing means for the other.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use culvert_tests::{Rig, digest, download, echo, impatient};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tunnel::Destination;

use crate::transfer::fast;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_connections_at_once_keep_their_bytes_apart() {
    let rig = Rig::start(fast()).await.unwrap();
    let mut games = Vec::new();
    for number in 0..100_u64 {
        let mut stream = rig.connect().await.unwrap();
        games.push(tokio::spawn(async move {
            let count = 1_000 + number * 777;
            let came = download(&mut stream, count).await?;
            Ok::<_, io::Error>(came == digest(count))
        }));
    }
    for game in games {
        assert!(impatient(game).await.unwrap().unwrap().unwrap());
    }
    let snapshot = rig
        .wait_for(|snapshot| snapshot.connections == 0)
        .await
        .unwrap();
    assert_eq!(snapshot.replacements, 0);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_109_objects_comes_over_six_connections() {
    let rig = Rig::start(fast()).await.unwrap();
    let mut workers = Vec::new();
    for worker in 0..6_u64 {
        let address = rig.address;
        workers.push(tokio::spawn(async move {
            for object in (worker..109).step_by(6) {
                let count = 200 + object * 211;
                let mut stream = TcpStream::connect(address).await?;
                assert_eq!(download(&mut stream, count).await?, digest(count));
            }
            Ok::<_, io::Error>(())
        }));
    }
    for worker in workers {
        impatient(worker).await.unwrap().unwrap().unwrap();
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stops_reading_does_not_slow_the_others() {
    let rig = Rig::start(fast()).await.unwrap();
    let mut paused = rig.connect().await.unwrap();
    let mut question = [b'D'; 9];
    question[1..].copy_from_slice(&(64_u64 * 1024 * 1024).to_be_bytes());
    paused.write_all(&question).await.unwrap();
    // Its bytes fill every buffer on the way; nothing of them is read.
    rig.wait_for(|snapshot| snapshot.bytes_down > 1024 * 1024)
        .await
        .unwrap();
    for _ in 0..5 {
        let mut stream = rig.connect().await.unwrap();
        let came = impatient(download(&mut stream, 256 * 1024))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(came, digest(256 * 1024));
    }
    drop(paused);
    rig.wait_for(|snapshot| snapshot.connections == 0)
        .await
        .unwrap();
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_reader_that_is_alone_gets_every_byte_in_the_end() {
    const COUNT: u64 = 40 * 1024 * 1024;
    let rig = Rig::start(fast()).await.unwrap();
    let mut stream = rig.connect().await.unwrap();
    let mut question = [b'D'; 9];
    question[1..].copy_from_slice(&COUNT.to_be_bytes());
    stream.write_all(&question).await.unwrap();
    // As long as nobody reads, nothing but the buffers fills.
    rig.wait_for(|snapshot| snapshot.bytes_down > 64 * 1024)
        .await
        .unwrap();
    let mut bytes = Vec::new();
    impatient(stream.read_to_end(&mut bytes))
        .await
        .unwrap()
        .unwrap();
    let mut expected = vec![0; usize::try_from(COUNT).unwrap()];
    culvert_tests::Pattern::default().fill(&mut expected);
    assert!(bytes == expected);
    rig.stop().await;
}

/// A destination that answers after it has seen a question's end mark, a while later.
async fn slow_answerer(pause: Duration, answer: usize) -> (u16, oneshot::Receiver<bool>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (told, whole) = oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut question = [0; 8];
        stream.read_exact(&mut question).await.unwrap();
        // The destination thinks for a while: real time is what this test is about.
        tokio::time::sleep(pause).await;
        let sent = stream.write_all(&vec![b'a'; answer]).await.is_ok();
        let _ = stream.shutdown().await;
        let _ = told.send(sent);
    });
    (port, whole)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_answer_comes_after_shutdown_of_the_local_write_side() {
    let (port, whole) = slow_answerer(Duration::from_secs(3), 100_000).await;
    let to = |config: &mut tunnel::TunnelConfig| config.destination = Destination::Port(port);
    let rig = Rig::start_with(fast(), to).await.unwrap();
    let mut stream = rig.connect().await.unwrap();
    stream.write_all(b"question").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    impatient(stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(answer.len(), 100_000);
    assert!(whole.await.unwrap());
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_hears_at_once_of_a_local_program_that_is_gone() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let to = |config: &mut tunnel::TunnelConfig| config.destination = Destination::Port(port);
    let rig = Rig::start_with(fast(), to).await.unwrap();
    let mut stream = rig.connect().await.unwrap();
    stream.write_all(b"question").await.unwrap();
    let (mut far, _) = impatient(listener.accept()).await.unwrap().unwrap();
    let mut question = [0; 8];
    far.read_exact(&mut question).await.unwrap();
    // The question is open: only the kernel can tell that nobody waits for the answer.
    drop(stream);
    let end = timeout(Duration::from_secs(20), far.read(&mut question)).await;
    assert!(matches!(end, Ok(Ok(0) | Err(_))), "{end:?}");
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_destination_closes_its_own_connection_and_no_other() {
    let rig = Rig::start(fast()).await.unwrap();
    let sim = &rig.sim;
    // Bound and dropped: nobody listens there.
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let mut config = Rig::config(sim, &rig.destination);
    config.destination = Destination::Port(port);
    let refused = tunnel::Tunnel::start(config).await.unwrap();
    culvert_tests::is_up(&refused).await.unwrap();
    let address = refused.snapshot().borrow().addresses[0].clone();

    let mut good = rig.connect().await.unwrap();
    // The reset may come before the local side has seen that it is connected.
    let end = match TcpStream::connect(&address).await {
        Ok(mut bad) => impatient(bad.read(&mut [0; 1])).await.unwrap(),
        Err(error) => Err(error),
    };
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    let mut snapshot = refused.snapshot();
    let noticed = impatient(snapshot.wait_for(|snapshot| snapshot.notice.is_some())).await;
    assert_eq!(
        noticed.unwrap().unwrap().notice.as_ref().unwrap().code,
        "destination-refused"
    );
    assert_eq!(echo(&mut good, b"still here").await.unwrap(), b"still here");
    refused.stop().await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_closes_first_ends_the_local_connection_in_order() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let to = |config: &mut tunnel::TunnelConfig| config.destination = Destination::Port(port);
    let rig = Rig::start_with(fast(), to).await.unwrap();
    let mut stream = rig.connect().await.unwrap();
    stream.write_all(b"x").await.unwrap();
    let (mut far, _) = impatient(listener.accept()).await.unwrap().unwrap();
    far.read_u8().await.unwrap();
    far.write_all(b"goodbye").await.unwrap();
    drop(far);
    let mut last = Vec::new();
    impatient(stream.read_to_end(&mut last))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(last, b"goodbye");
    rig.stop().await;
}
