//! One process for all events. When it ends, another is begun, after a wait that grows while processes
//! end at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::Bot;
use super::answer::{Answer, Asked};
use crate::told::Told;

/// The process, for whoever tells it something.
pub(super) struct Keep {
    bot: Arc<Bot>,
    lines: mpsc::Sender<String>,
}

impl Keep {
    /// Begins it.
    pub(super) fn begin(bot: &Arc<Bot>) -> Self {
        let (lines, waiting) = mpsc::channel(LONGEST_QUEUE);
        let (answers, answered) = mpsc::channel(LONGEST_QUEUE);
        tokio::spawn(carry_out(Arc::clone(bot), answered));
        tokio::spawn(run(Arc::clone(bot), waiting, answers));
        Self {
            bot: Arc::clone(bot),
            lines,
        }
    }

    /// Hands it a line, when it has read those before.
    pub(super) fn tell(&mut self, told: &Told) {
        if self.lines.try_send(self.bot.program.input(told)).is_err() {
            eprintln!(
                "msn: {} is behind: something is passed over",
                self.bot.program
            );
        }
    }
}

/// Process after process.
async fn run(bot: Arc<Bot>, mut waiting: mpsc::Receiver<String>, answers: mpsc::Sender<Answer>) {
    let mut wait = SHORTEST_WAIT;
    // What the last process did not read.
    let mut unread = None;
    loop {
        let began = Instant::now();
        let ended = one(&bot, &mut waiting, &mut unread, &answers).await;
        if waiting.is_closed() {
            return;
        }
        if began.elapsed() >= LONGEST_WAIT {
            wait = SHORTEST_WAIT;
        }
        eprintln!("msn: {} {ended}; begun again in {wait:?}", bot.program);
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// One process, and how it ended. Given up, it is killed.
async fn one(
    bot: &Bot,
    waiting: &mut mpsc::Receiver<String>,
    unread: &mut Option<String>,
    answers: &mpsc::Sender<Answer>,
) -> String {
    let mut process = match bot.program.begin(None) {
        Ok(process) => process,
        Err(error) => return format!("cannot be run: {error}"),
    };
    let (Some(input), Some(output)) = (process.child.stdin.take(), process.child.stdout.take())
    else {
        return "has no standard input and output".to_owned();
    };
    tokio::select! {
        why = write(bot, input, waiting, unread) => why,
        why = read(bot, output, answers) => match why {
            Some(why) => why,
            None => match timeout(bot.timeout, process.child.wait()).await {
                Ok(Ok(status)) => format!("ended: {status}"),
                Ok(Err(error)) => format!("cannot be waited for: {error}"),
                Err(_) => "closed its standard output".to_owned(),
            },
        },
    }
}

/// Hands lines over until that cannot be done; why not.
async fn write(
    bot: &Bot,
    mut input: ChildStdin,
    waiting: &mut mpsc::Receiver<String>,
    unread: &mut Option<String>,
) -> String {
    loop {
        let line = match unread.take() {
            Some(line) => line,
            None => match waiting.recv().await {
                Some(line) => line,
                // The bot ends.
                None => return "is not needed any more".to_owned(),
            },
        };
        match timeout(bot.timeout, input.write_all(line.as_bytes())).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => {
                // It ended, and its output will say so. The next one gets the line.
                *unread = Some(line);
                std::future::pending::<()>().await;
            }
            Err(_) => return "does not read".to_owned(),
        }
    }
}

/// Reads answers to the end, or until one is too long.
async fn read(bot: &Bot, output: ChildStdout, answers: &mpsc::Sender<Answer>) -> Option<String> {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut output).take(bot.longest as u64 + 1);
        match limited.read_until(b'\n', &mut line).await {
            Ok(0) => return None,
            Ok(read) if read > bot.longest => {
                return Some(format!("said more than {} bytes on a line", bot.longest));
            }
            Ok(_) => {}
            Err(error) => return Some(format!("cannot be read: {error}")),
        }
        match Answer::read(&line) {
            Ok(Some(answer)) => {
                // While much is to be said, it waits.
                let _over = answers.send(answer).await;
            }
            Ok(None) => {}
            Err(why) => eprintln!("msn: {} {why}", bot.program),
        }
    }
}

/// Says what was answered, in its order.
async fn carry_out(bot: Arc<Bot>, mut answers: mpsc::Receiver<Answer>) {
    while let Some(answer) = answers.recv().await {
        if let Err(why) = answer.carry_out(&bot, &Asked::default()).await {
            eprintln!("msn: {} {why}", bot.program);
        }
    }
}

/// How many lines may wait.
const LONGEST_QUEUE: usize = 256;
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
