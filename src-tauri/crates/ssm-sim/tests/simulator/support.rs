//! A small client of its own: signs, opens a channel, acknowledges, resends after a reconnect.
//! It knows no more of the simulator than its address and credentials.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use ssm_message::payload::{
    Acknowledgement, HandshakeComplete, HandshakeRequest, HandshakeResponse, JsonPayload as _,
    ProcessedClientAction,
};
use ssm_message::{Flags, Message, MessageType, OpenDataChannel, PayloadType, Uuid};
use ssm_sim::{Settings, Simulator};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Message as Frame};

pub(crate) const TARGET: &str = "i-0123456789abcdef0";
pub(crate) const PORT_DOCUMENT: &str = "AWS-StartPortForwardingSession";

/// Nothing in these tests takes so long but a hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn start(settings: Settings) -> Simulator {
    Simulator::start(settings).await.unwrap()
}

/// Settings under which the agent sends as fast as it can.
pub(crate) fn fast() -> Settings {
    let mut settings = Settings::default();
    settings.gateway.rate_limit = None;
    if let Some(agent) = &mut settings.unlisted_targets {
        agent.pace = Duration::ZERO;
    }
    settings
}

pub(crate) async fn patiently<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("took too long")
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["__type"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

/// Who signs, and how far the clock is off.
#[derive(Debug, Clone)]
pub(crate) struct Signer {
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) session_token: Option<String>,
    pub(crate) clock_offset: i64,
}

impl Signer {
    pub(crate) fn of(sim: &Simulator) -> Self {
        let (access_key, secret_key, session_token) = sim.credentials();
        Self {
            access_key,
            secret_key,
            session_token,
            clock_offset: 0,
        }
    }

    /// Returns the headers to add. `line` is method, path and query, each on its own; `extra`
    /// is signed besides Host and the date.
    pub(crate) fn sign(
        &self,
        service: &str,
        line: [&str; 3],
        host: &str,
        extra: &[(&str, &str)],
        body: &[u8],
    ) -> Vec<(String, String)> {
        let [method, path, query] = line;
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let stamp = stamp(now.checked_add_signed(self.clock_offset).unwrap());
        let date = &stamp[..8];
        let mut headers: BTreeMap<String, String> = extra
            .iter()
            .map(|(name, value)| (name.to_lowercase(), (*value).to_owned()))
            .collect();
        headers.insert("host".to_owned(), host.to_owned());
        headers.insert("x-amz-date".to_owned(), stamp.clone());
        if let Some(token) = &self.session_token {
            headers.insert("x-amz-security-token".to_owned(), token.clone());
        }
        let names = headers.keys().cloned().collect::<Vec<_>>().join(";");
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let canonical = format!(
            "{method}\n{path}\n{query}\n{lines}\n{names}\n{}",
            hex(&Sha256::digest(body))
        );
        let scope = format!("{date}/eu-central-1/{service}/aws4_request");
        let text = format!(
            "AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}",
            hex(&Sha256::digest(canonical))
        );
        let key = [date, "eu-central-1", service, "aws4_request"]
            .into_iter()
            .fold(
                format!("AWS4{}", self.secret_key).into_bytes(),
                |key, part| mac(&key, part),
            );
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
            self.access_key,
            hex(&mac(&key, &text))
        );
        headers.remove("host");
        let mut headers: Vec<_> = headers.into_iter().collect();
        headers.push(("authorization".to_owned(), authorization));
        headers
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Unix seconds as `20150830T123600Z`.
fn stamp(unix: u64) -> String {
    let is_leap = |year: u64| {
        (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
    };
    let mut days = unix / 86_400;
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let second = unix % 86_400;
    format!(
        "{year:04}{month:02}{:02}T{:02}{:02}{:02}Z",
        days + 1,
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Calls an operation with the right credentials.
pub(crate) async fn call(sim: &Simulator, target: &str, body: &Value) -> Answer {
    call_as(sim, &Signer::of(sim), target, body).await
}

pub(crate) async fn call_as(
    sim: &Simulator,
    signer: &Signer,
    target: &str,
    body: &Value,
) -> Answer {
    let service = if target.starts_with("Trent") {
        "kms"
    } else {
        "ssm"
    };
    let body = body.to_string();
    let host = sim.address().to_string();
    let extra = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", target),
    ];
    let headers = signer.sign(service, ["POST", "/", ""], &host, &extra, body.as_bytes());
    request(sim, "POST", "/", &headers, &body).await
}

/// One HTTP request over a connection of its own.
pub(crate) async fn request(
    sim: &Simulator,
    method: &str,
    path: &str,
    headers: &[(String, String)],
    body: &str,
) -> Answer {
    let mut text = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n",
        sim.address(),
        body.len()
    );
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(body);
    patiently(async {
        let mut socket = TcpStream::connect(sim.address()).await.unwrap();
        socket.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            text: body.to_owned(),
        }
    })
    .await
}

/// What StartSession and ResumeSession answer.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub(crate) session: String,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Ticket {
    fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.text);
        let answer = answer.json();
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        Self {
            session: text("SessionId"),
            url: text("StreamUrl"),
            token: text("TokenValue"),
        }
    }
}

pub(crate) async fn start_session(sim: &Simulator, document: &str, parameters: &Value) -> Ticket {
    let body = json!({"Target": TARGET, "DocumentName": document, "Parameters": parameters});
    Ticket::of(&call(sim, "AmazonSSM.StartSession", &body).await)
}

/// Starts a session to a port of the node itself.
pub(crate) async fn start_port_session(sim: &Simulator, port: u16) -> Ticket {
    let parameters = json!({"portNumber": [port.to_string()], "localPortNumber": ["0"]});
    start_session(sim, PORT_DOCUMENT, &parameters).await
}

pub(crate) async fn resume_session(sim: &Simulator, session: &str) -> Ticket {
    let body = json!({"SessionId": session});
    Ticket::of(&call(sim, "AmazonSSM.ResumeSession", &body).await)
}

/// Dials a StreamUrl with a signed upgrade.
pub(crate) async fn dial(
    signer: &Signer,
    url: &str,
) -> Result<WebSocketStream<TcpStream>, tungstenite::Error> {
    let mut request = url.into_client_request()?;
    let host = request.uri().authority().unwrap().to_string();
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    for (name, value) in signer.sign("ssmmessages", ["GET", &path, &query], &host, &[], b"") {
        let name: tungstenite::http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let socket = TcpStream::connect(host).await?;
    socket.set_nodelay(true)?;
    patiently(tokio_tungstenite::client_async(request, socket))
        .await
        .map(|(socket, _)| socket)
}

/// What a channel brings.
#[derive(Debug)]
pub(crate) enum Event {
    Message(Message),
    Text(String),
    Garbage(Bytes),
    Closed(Option<CloseFrame>),
    /// It ended without a close.
    Broken,
}

/// The client's end of a data channel.
pub(crate) struct Channel {
    pub(crate) socket: WebSocketStream<TcpStream>,
    pub(crate) client_id: Uuid,
    pub(crate) acknowledges: bool,
    pub(crate) version: &'static str,
    next_sequence: i64,
    unacknowledged: BTreeMap<i64, Bytes>,
    expected: i64,
    early: BTreeMap<i64, Message>,
    in_order: std::collections::VecDeque<Message>,
    /// Output that was read and not yet asked for.
    pub(crate) output: BytesMut,
    pub(crate) sent: u128,
}

impl Channel {
    /// Dials and shows the token.
    pub(crate) async fn open(sim: &Simulator, ticket: &Ticket) -> Self {
        let socket = dial(&Signer::of(sim), &ticket.url).await.unwrap();
        let mut channel = Self {
            socket,
            client_id: Uuid::from_u128(77),
            acknowledges: true,
            version: "1.2.764.0",
            next_sequence: 0,
            unacknowledged: BTreeMap::new(),
            expected: 0,
            early: BTreeMap::new(),
            in_order: std::collections::VecDeque::new(),
            output: BytesMut::new(),
            sent: 0,
        };
        channel.show(&ticket.token).await;
        channel
    }

    /// Opens, and goes through the handshake.
    pub(crate) async fn ready(sim: &Simulator, ticket: &Ticket) -> Self {
        let mut channel = Self::open(sim, ticket).await;
        patiently(channel.handshake()).await;
        channel
    }

    /// Starts a session to a port and gets ready.
    pub(crate) async fn to_port(sim: &Simulator, port: u16) -> Self {
        Self::ready(sim, &start_port_session(sim, port).await).await
    }

    pub(crate) async fn show(&mut self, token: &str) {
        let open = OpenDataChannel {
            message_schema_version: OpenDataChannel::SCHEMA_VERSION.to_owned(),
            request_id: Uuid::from_u128(1),
            token_value: token.to_owned(),
            client_id: self.client_id,
            client_version: self.version.to_owned(),
        };
        self.socket
            .send(Frame::Text(open.encode().into()))
            .await
            .unwrap();
    }

    /// Goes on over a new WebSocket: all that is not acknowledged is sent again.
    pub(crate) async fn resume(&mut self, sim: &Simulator, session: &str) {
        let ticket = resume_session(sim, session).await;
        self.socket = dial(&Signer::of(sim), &ticket.url).await.unwrap();
        self.show(&ticket.token).await;
        self.resend().await;
    }

    /// Sends all that is not acknowledged again.
    pub(crate) async fn resend(&mut self) {
        for frame in self.unacknowledged.clone().into_values() {
            let _ = self.socket.send(Frame::Binary(frame)).await;
        }
    }

    /// Waits for the acknowledgement of a number, whether it is outstanding or not.
    pub(crate) async fn expect_acknowledgement(&mut self, sequence: i64) {
        loop {
            let frame = match patiently(self.socket.next()).await {
                Some(Ok(Frame::Binary(frame))) => frame,
                Some(Ok(_)) => continue,
                other => panic!("the channel ended: {other:?}"),
            };
            let message = Message::decode(&frame).unwrap();
            let found = message.message_type == MessageType::Acknowledge
                && Acknowledgement::decode(&message.payload)
                    .is_ok_and(|body| body.sequence_number == sequence);
            self.take(message).await;
            if found {
                return;
            }
        }
    }

    pub(crate) async fn handshake(&mut self) {
        let request = self.expect(PayloadType::HandshakeRequest).await;
        let request = HandshakeRequest::decode(&request.payload).unwrap();
        let actions = request
            .requested_client_actions
            .iter()
            .map(|action| answer_to(&action.action_type))
            .collect();
        self.respond(actions).await;
        let complete = self.expect(PayloadType::HandshakeComplete).await;
        HandshakeComplete::decode(&complete.payload).unwrap();
    }

    pub(crate) async fn respond(&mut self, actions: Vec<ProcessedClientAction>) {
        let response = HandshakeResponse {
            client_version: self.version.to_owned(),
            processed_client_actions: actions,
            errors: None,
        };
        self.send(PayloadType::HandshakeResponse, response.encode())
            .await;
    }

    /// Sends a payload with the next number.
    pub(crate) async fn send(&mut self, payload_type: PayloadType, payload: Bytes) {
        let frame = self.number(payload_type, payload);
        // A cut channel is noticed by reading; what is sent into it is sent again later.
        let _ = self.socket.send(Frame::Binary(frame)).await;
    }

    /// Gives a payload its number without sending it.
    pub(crate) fn number(&mut self, payload_type: PayloadType, payload: Bytes) -> Bytes {
        let frame = self.message(MessageType::InputStreamData, payload_type, payload);
        self.unacknowledged
            .insert(self.next_sequence, frame.clone());
        self.next_sequence += 1;
        frame
    }

    fn message(
        &mut self,
        message_type: MessageType,
        payload_type: PayloadType,
        payload: Bytes,
    ) -> Bytes {
        self.sent += 1;
        let is_data = message_type == MessageType::InputStreamData;
        Message {
            message_type,
            schema_version: 1,
            created_date: 1,
            sequence_number: if is_data { self.next_sequence } else { 0 },
            flags: if is_data { Flags::NONE } else { Flags::SYN_FIN },
            message_id: Uuid::from_u128(self.sent),
            payload_type,
            payload,
        }
        .encode()
    }

    pub(crate) async fn output(&mut self, bytes: impl Into<Bytes>) {
        self.send(PayloadType::Output, bytes.into()).await;
    }

    pub(crate) async fn flag(&mut self, flag: ssm_message::payload::Flag) {
        self.send(PayloadType::Flag, flag.encode()).await;
    }

    /// Returns what comes next, numbered messages in their order and once. Acknowledges, and
    /// takes acknowledgements, on the way.
    pub(crate) async fn next(&mut self) -> Event {
        loop {
            if let Some(message) = self.in_order.pop_front() {
                return Event::Message(message);
            }
            let frame = match patiently(self.socket.next()).await {
                Some(Ok(Frame::Binary(frame))) => frame,
                Some(Ok(Frame::Text(text))) => return Event::Text(text.to_string()),
                Some(Ok(Frame::Close(close))) => return Event::Closed(close),
                Some(Ok(Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_))) => continue,
                Some(Err(_)) => return Event::Broken,
                None => return Event::Closed(None),
            };
            match Message::decode(&frame) {
                Ok(message) => {
                    if let Some(message) = self.take(message).await {
                        return Event::Message(message);
                    }
                }
                Err(_) => return Event::Garbage(frame),
            }
        }
    }

    async fn take(&mut self, message: Message) -> Option<Message> {
        match message.message_type {
            MessageType::Acknowledge => {
                let body = Acknowledgement::decode(&message.payload).unwrap();
                self.unacknowledged.remove(&body.sequence_number);
                None
            }
            MessageType::OutputStreamData => {
                if self.acknowledges {
                    self.acknowledge(&message).await;
                }
                if message.sequence_number >= self.expected {
                    self.early.insert(message.sequence_number, message);
                }
                while let Some(message) = self.early.remove(&self.expected) {
                    self.expected += 1;
                    self.in_order.push_back(message);
                }
                None
            }
            MessageType::InputStreamData
            | MessageType::ChannelClosed
            | MessageType::StartPublication
            | MessageType::PausePublication
            | MessageType::AgentSessionState => Some(message),
        }
    }

    pub(crate) async fn acknowledge(&mut self, message: &Message) {
        let body = Acknowledgement {
            message_type: Some(message.message_type),
            message_id: message.message_id,
            sequence_number: message.sequence_number,
            is_sequential_message: true,
        };
        let frame = self.message(
            MessageType::Acknowledge,
            PayloadType::Other(0),
            body.encode(),
        );
        let _ = self.socket.send(Frame::Binary(frame)).await;
    }

    /// Waits for a numbered message of a type.
    pub(crate) async fn expect(&mut self, payload_type: PayloadType) -> Message {
        loop {
            match self.next().await {
                Event::Message(message)
                    if message.message_type == MessageType::OutputStreamData =>
                {
                    assert_eq!(message.payload_type, payload_type, "{message:?}");
                    return message;
                }
                Event::Message(message)
                    if message.message_type == MessageType::StartPublication => {}
                other @ (Event::Message(_)
                | Event::Text(_)
                | Event::Garbage(_)
                | Event::Closed(_)
                | Event::Broken) => panic!("{payload_type:?} should come, not {other:?}"),
            }
        }
    }

    /// Waits for a control message.
    pub(crate) async fn expect_control(&mut self, message_type: MessageType) -> Message {
        loop {
            match self.next().await {
                Event::Message(message) if message.message_type == message_type => return message,
                Event::Message(_) => {}
                other @ (Event::Text(_) | Event::Garbage(_) | Event::Closed(_) | Event::Broken) => {
                    panic!("{message_type} should come, not {other:?}")
                }
            }
        }
    }

    /// Waits for the end of the WebSocket; returns its code and reason if it was closed.
    pub(crate) async fn expect_end(&mut self) -> Option<(u16, String)> {
        loop {
            match self.next().await {
                Event::Closed(close) => {
                    return close.map(|close| (close.code.into(), close.reason.to_string()));
                }
                Event::Broken => return None,
                Event::Message(_) | Event::Text(_) | Event::Garbage(_) => {}
            }
        }
    }

    /// Reads so many bytes of output.
    pub(crate) async fn read(&mut self, count: usize) -> Bytes {
        while self.output.len() < count {
            let message = self.expect(PayloadType::Output).await;
            self.output.extend_from_slice(&message.payload);
        }
        self.output.split_to(count).freeze()
    }

    /// The same, until the channel ends.
    pub(crate) async fn read_or_end(&mut self, count: usize) -> bool {
        while self.output.len() < count {
            match self.next().await {
                Event::Message(message) if message.payload_type == PayloadType::Output => {
                    self.output.extend_from_slice(&message.payload);
                }
                Event::Message(_) | Event::Text(_) | Event::Garbage(_) => {}
                Event::Closed(_) | Event::Broken => return false,
            }
        }
        true
    }

    /// Reads one smux frame: command, stream, data.
    pub(crate) async fn read_frame(&mut self) -> (u8, u32, Bytes) {
        let header = self.read(8).await;
        assert_eq!(header[0], 1);
        let length = u16::from_le_bytes([header[2], header[3]]);
        let stream = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        (header[1], stream, self.read(usize::from(length)).await)
    }

    /// Waits until all that was sent is acknowledged.
    pub(crate) async fn settle(&mut self) {
        while !self.unacknowledged.is_empty() {
            let frame = match patiently(self.socket.next()).await {
                Some(Ok(Frame::Binary(frame))) => frame,
                Some(Ok(_)) => continue,
                other => panic!("the channel ended: {other:?}"),
            };
            if let Some(other) = self.take(Message::decode(&frame).unwrap()).await {
                panic!("unexpected {other:?}");
            }
        }
    }
}

/// The answer to an action that a port client knows or doesn't.
pub(crate) fn answer_to(action_type: &str) -> ProcessedClientAction {
    let known = action_type == "SessionType";
    ProcessedClientAction {
        action_type: action_type.to_owned(),
        action_status: if known { 1 } else { 3 },
        action_result: None,
        error: if known { "" } else { "unsupported action" }.to_owned(),
    }
}

pub(crate) const SYN: u8 = 0;
pub(crate) const FIN: u8 = 1;
pub(crate) const PSH: u8 = 2;

/// A smux frame.
pub(crate) fn frame(command: u8, stream: u32, data: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(1);
    frame.put_u8(command);
    frame.put_u16_le(u16::try_from(data.len()).unwrap());
    frame.put_u32_le(stream);
    frame.put_slice(data);
    frame.freeze()
}

/// A destination that echoes each connection to its end.
pub(crate) async fn echo() -> (u16, JoinHandle<()>) {
    serve(|mut socket| async move {
        let (mut read, mut write) = socket.split();
        let _ = tokio::io::copy(&mut read, &mut write).await;
    })
    .await
}

/// A destination.
pub(crate) async fn serve<F, Fut>(handler: F) -> (u16, JoinHandle<()>)
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((socket, _)) = listener.accept().await {
            connections.spawn(handler(socket));
        }
    });
    (port, task)
}

/// A destination that sends so many bytes of a pattern and waits for the end.
pub(crate) async fn source(count: usize) -> (u16, JoinHandle<()>) {
    serve(move |mut socket| async move {
        if socket.write_all(&pattern(count)).await.is_ok() {
            let mut rest = Vec::new();
            let _ = socket.read_to_end(&mut rest).await;
        }
    })
    .await
}

/// A port on which nobody listens.
pub(crate) async fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// Bytes of which no two near ones are alike in a row.
pub(crate) fn pattern(count: usize) -> Vec<u8> {
    let mut word: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut bytes = Vec::with_capacity(count + 8);
    while bytes.len() < count {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        bytes.extend_from_slice(&word.to_be_bytes());
    }
    bytes.truncate(count);
    bytes
}
