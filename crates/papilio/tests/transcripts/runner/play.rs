//! Plays a transcript in a world: sends what its clients send, and compares what they get.
//!
//! ```text
//!   script -> play -> World: Pure     sessions as values, simulated time
//!                       |--> Sockets  a server process, real time
//! ```

use std::time::Duration;

use msnp::handle::Handle;

use super::frame::Frame;
use super::script::{Action, Command, Door, Operation, Script, SoapRequest, Step};
use super::template::{Names, Surroundings, Template, show};

/// Where a transcript happens.
pub(crate) trait World {
    /// The address that clients are told in `XFR` and `RNG`.
    fn server(&self) -> String;
    /// The address of the pages for people.
    fn pages(&self) -> String;
    /// Opens a connection.
    fn connect(&mut self, label: &str, door: Door) -> Client;
    /// Sends bytes.
    fn send(&mut self, label: &str, bytes: &[u8]);
    /// What comes next on a connection.
    fn receive(&mut self, label: &str) -> Received;
    /// Closes a connection from the client's side.
    fn hang_up(&mut self, label: &str);
    /// Gets a ticket from the sign-in service.
    fn ticket(&mut self, account: &Handle) -> String;
    /// Gets a ticket with a secret, in base64, from the sign-in service.
    fn ticket_and_secret(&mut self, account: &Handle) -> (String, String);
    /// Calls the address book or sharing service.
    fn soap(&mut self, by: &Handle, request: &SoapRequest);
    /// Does what an operator does to an account, as another process than the server.
    fn operate(&mut self, operation: Operation, whom: &Handle);
    /// Lets time pass.
    fn wait(&mut self, time: Duration);
    /// Tells the server to stop.
    fn shut_down(&mut self);
    /// What was sent to clients and nobody has expected, as far as that can be known at this moment.
    fn unexpected(&mut self) -> Option<String>;
    /// What was sent to one client and nobody has expected, for certain.
    fn unexpected_by(&mut self, label: &str) -> Option<String>;
    /// What was sent to anybody until the end and nobody has expected, for certain.
    fn finish(&mut self) -> Option<String>;
    /// What the server says of it all.
    fn server_log(&self) -> String;
}

/// What the server knows of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) ip: String,
    pub(crate) port: u16,
}

/// What a client gets.
#[derive(Debug)]
pub(crate) enum Received {
    Frame(Frame),
    /// The end of the connection, and what stood before it without being a whole command.
    Closed(Vec<u8>),
    /// Nothing (over sockets: for a very long time), or the beginning of a command.
    Nothing(Vec<u8>),
}

/// Plays the whole transcript. Says where and how it went wrong, with all that happened before.
pub(crate) fn play(script: &Script, world: &mut impl World) {
    let mut player = Player {
        names: Names::from([
            ("server".to_owned(), world.server().into_bytes()),
            ("pages".to_owned(), world.pages().into_bytes()),
        ]),
        clients: Default::default(),
        log: Vec::new(),
        world,
    };
    let end = script.steps.last();
    let outcome = script
        .steps
        .iter()
        .try_for_each(|step| player.step(step).map_err(|error| (step, error)))
        .and_then(|()| match (player.world.finish(), end) {
            (Some(unexpected), Some(step)) => Err((step, unexpected)),
            _ => Ok(()),
        });
    if let Err((step, error)) = outcome {
        let log = player.log.join("\n");
        let server = player.world.server_log();
        let Step { place, text, .. } = step;
        panic!("{server}\n{log}\n\n{place}{text}\n{error}\n");
    }
}

struct Player<'a, W> {
    world: &'a mut W,
    names: Names,
    clients: std::collections::BTreeMap<String, Client>,
    log: Vec<String>,
}

impl<W: World> Player<'_, W> {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        // Everything that a step causes stands before the next step.
        let expects = matches!(
            step.action,
            Action::Expect { .. } | Action::ExpectClosed { .. } | Action::Forget(_)
        );
        if !expects && let Some(unexpected) = self.world.unexpected() {
            return Err(unexpected);
        }
        match &step.action {
            Action::Connect { label, door } => {
                let client = self.world.connect(label, *door);
                self.clients.insert(label.clone(), client);
                self.log.push(format!("{label} connects"));
            }
            Action::Send { label, command } => {
                let bytes = self.bytes_of(label, command)?;
                let shown = show(&bytes);
                let shown = shown.strip_suffix("\\r\\n\n   | ").unwrap_or(&shown);
                self.log.push(format!("{label}> {shown}"));
                self.world.send(label, &bytes);
            }
            Action::Expect { label, command } => self.expect(label, command)?,
            Action::ExpectClosed { label } => match self.world.receive(label) {
                Received::Closed(rest) if rest.is_empty() => {
                    self.log.push(format!("{label}< closed"));
                }
                other => return Err(format!("but {label} got {}", other.show())),
            },
            Action::ExpectSilence { label } => {
                if let Some(unexpected) = self.world.unexpected_by(label) {
                    return Err(unexpected);
                }
            }
            Action::HangUp { label } => self.world.hang_up(label),
            Action::FetchTicket {
                account,
                name,
                secret: None,
            } => {
                let ticket = self.world.ticket(account);
                self.names.insert(name.clone(), ticket.into_bytes());
            }
            Action::FetchTicket {
                account,
                name,
                secret: Some(secret_name),
            } => {
                let (ticket, secret) = self.world.ticket_and_secret(account);
                self.names.insert(name.clone(), ticket.into_bytes());
                self.names.insert(secret_name.clone(), secret.into_bytes());
            }
            Action::Soap { by, request } => {
                self.log.push(format!("soap {by} {request:?}"));
                self.world.soap(by, request);
            }
            Action::Operate { operation, whom } => {
                self.log.push(format!("operator {operation:?} {whom}"));
                self.world.operate(*operation, whom);
            }
            Action::Wait(time) => {
                self.log.push(format!("wait {time:?}"));
                self.world.wait(*time);
            }
            Action::ShutDown => self.world.shut_down(),
            Action::Forget(names) => {
                for name in names.iter().filter(|name| !IS_KNOWN.contains(&&***name)) {
                    self.names.remove(name);
                }
            }
        }
        Ok(())
    }

    fn bytes_of(&self, label: &str, command: &Command) -> Result<Vec<u8>, String> {
        let client = self.client(label)?;
        let swapped = client.port.swap_bytes().to_string();
        let mut around = Surroundings {
            client_ip: &client.ip,
            client_port: &swapped,
            ..Surroundings::default()
        };
        let draft = command.line.write(&self.names, around)?;
        let draft = String::from_utf8_lossy(&draft).into_owned();
        around.product = product_of(&draft);
        let payload = match &command.payload {
            Some(payload) => payload.write(&self.names, around)?,
            None => Vec::new(),
        };
        around.payload = &payload;
        let mut bytes = command.line.write(&self.names, around)?;
        check_length(command, &bytes, &payload)?;
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&payload);
        Ok(bytes)
    }

    fn expect(&mut self, label: &str, command: &Command) -> Result<(), String> {
        let client = self.client(label)?.clone();
        let swapped = client.port.swap_bytes().to_string();
        let received = self.world.receive(label);
        let Received::Frame(Frame { line, payload }) = &received else {
            return Err(format!("but {label} got {}", received.show()));
        };
        let around = Surroundings {
            payload,
            product: "",
            client_ip: &client.ip,
            client_port: &swapped,
        };
        let nothing = Template::default();
        let expected = command.payload.as_ref().unwrap_or(&nothing);
        let mut names = self.names.clone();
        let same = command.line.matches(line, &mut names, around)?
            && expected.matches(payload, &mut names, around)?;
        if !same {
            return Err(format!(
                "expected: {}\n   | {}\nreceived: {}",
                command.line.show(&self.names, around),
                expected.show(&self.names, around),
                received.show()
            ));
        }
        self.names = names;
        self.log.push(format!("{label}< {}", received.show()));
        Ok(())
    }

    fn client(&self, label: &str) -> Result<&Client, String> {
        self.clients
            .get(label)
            .ok_or(format!("{label} is not connected"))
    }
}

/// Names that the runner knows from the start.
const IS_KNOWN: [&str; 2] = ["server", "pages"];

impl Received {
    /// For people.
    pub(crate) fn show(&self) -> String {
        match self {
            Self::Frame(Frame { line, payload }) => {
                let payload = match payload.is_empty() {
                    true => String::new(),
                    false => format!("\n   | {}", show(payload)),
                };
                show(line) + &payload
            }
            Self::Closed(rest) if rest.is_empty() => "closed".to_owned(),
            Self::Closed(rest) => format!("half a command and the end: {}", show(rest)),
            Self::Nothing(rest) if rest.is_empty() => "nothing".to_owned(),
            Self::Nothing(rest) => format!("half a command: {}", show(rest)),
        }
    }
}

/// The product of `QRY TrID product 32`.
fn product_of(line: &str) -> &str {
    line.split(' ').nth(2).unwrap_or("")
}

/// A transcript that says a length says the right one, unless it means not to.
fn check_length(command: &Command, line: &[u8], payload: &[u8]) -> Result<(), String> {
    if command.payload.is_none() || command.line.has_free_length() {
        return Ok(());
    }
    let line = String::from_utf8_lossy(line);
    let said = line.rsplit(' ').next().unwrap_or("");
    if said == payload.len().to_string() {
        Ok(())
    } else {
        let counted = payload.len();
        Err(format!("the payload has {counted} bytes, not {said}"))
    }
}
