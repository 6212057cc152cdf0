//! A process for each event. Within a conversation one after another, so that answers keep the order of
//! what they answer.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::ChildStdout;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::Bot;
use super::answer::{Answer, Asked};
use super::program::Talk;
use crate::told::Told;

/// The queues.
pub(super) struct Each {
    bot: Arc<Bot>,
    slots: Arc<Semaphore>,
    /// By conversation; what happened in none has a queue of its own.
    queues: HashMap<Option<u64>, mpsc::Sender<Told>>,
}

impl Each {
    pub(super) fn new(bot: &Arc<Bot>, at_most: usize) -> Self {
        Self {
            bot: Arc::clone(bot),
            slots: Arc::new(Semaphore::new(at_most)),
            queues: HashMap::new(),
        }
    }

    /// Runs the program for this, when those before it are done.
    pub(super) fn tell(&mut self, told: Told) {
        let queue = self.queues.entry(told.chat()).or_insert_with(|| {
            let (queue, waiting) = mpsc::channel(LONGEST_QUEUE);
            tokio::spawn(work(
                Arc::clone(&self.bot),
                Arc::clone(&self.slots),
                waiting,
            ));
            queue
        });
        if queue.try_send(told).is_err() {
            eprintln!("msn: too much happens in a conversation: something is passed over");
        }
    }

    /// A conversation is over; what waits is still done.
    pub(super) fn forget(&mut self, chat: u64) {
        self.queues.remove(&Some(chat));
    }
}

/// One conversation.
async fn work(bot: Arc<Bot>, slots: Arc<Semaphore>, mut waiting: mpsc::Receiver<Told>) {
    while let Some(told) = waiting.recv().await {
        // It is never closed.
        let _slot = slots.acquire().await;
        let done = timeout(bot.timeout, run(&bot, &told)).await;
        let done = done.unwrap_or_else(|_| Err("took too long".to_owned()));
        if let Err(why) = done {
            eprintln!("msn: {} {why}", bot.program);
        }
    }
}

/// Runs the program once. Given up, it is killed.
async fn run(bot: &Bot, told: &Told) -> Result<(), String> {
    let begun = bot.program.begin(Some(told));
    let mut process = begun.map_err(|error| format!("cannot be run: {error}"))?;
    let (input, output) = (process.child.stdin.take(), process.child.stdout.take());
    let line = bot.program.input(told);
    let writing = async {
        if let Some(mut input) = input {
            // A program need not read.
            let _unread = input.write_all(line.as_bytes()).await;
        }
        Ok(())
    };
    let reading = async {
        match output {
            Some(output) => answers(bot, &Asked::by(told), output).await,
            None => Ok(()),
        }
    };
    tokio::try_join!(writing, reading)?;
    match process.child.wait().await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("failed: {status}")),
        Err(error) => Err(format!("cannot be waited for: {error}")),
    }
}

/// Carries out what it says, as it says it.
async fn answers(bot: &Bot, asked: &Asked, output: ChildStdout) -> Result<(), String> {
    let mut output = BufReader::new(output.take(bot.longest as u64 + 1));
    let mut said = 0;
    loop {
        let mut piece = Vec::new();
        let read = match bot.program.talk {
            Talk::Json => output.read_until(b'\n', &mut piece).await,
            Talk::Plain => output.read_to_end(&mut piece).await,
        };
        said += read.map_err(|error| format!("cannot be read: {error}"))?;
        if said > bot.longest {
            return Err(format!("said more than {} bytes", bot.longest));
        }
        if piece.is_empty() {
            return Ok(());
        }
        let answer = match bot.program.talk {
            Talk::Json => Answer::read(&piece)?,
            Talk::Plain => Some(Answer::text(String::from_utf8_lossy(&piece).into_owned())),
        };
        if let Some(answer) = answer {
            answer.carry_out(bot, asked).await?;
        }
    }
}

/// How many events of a conversation may wait.
const LONGEST_QUEUE: usize = 32;
