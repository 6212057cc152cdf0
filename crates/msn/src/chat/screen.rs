//! The terminal, taken over and given back: on every way out, a panic among them.

use std::io::{self, Stdout, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange,
};
use crossterm::execute;
use crossterm::style::Print;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Size;

use super::draw::{self, Palette};
use super::state::State;

/// A terminal that is ours until this is dropped.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    palette: Palette,
}

impl Screen {
    /// Takes the terminal over.
    pub(super) fn open(palette: Palette) -> io::Result<Self> {
        restore_when_panicking();
        enable_raw_mode()?;
        // From here on there is something to give back, whatever fails.
        let screen = Terminal::new(CrosstermBackend::new(stdout()));
        let entered = execute!(
            stdout(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            EnableFocusChange
        );
        match screen.and_then(|terminal| entered.map(|()| terminal)) {
            Ok(terminal) => Ok(Self { terminal, palette }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    pub(super) fn size(&self) -> io::Result<Size> {
        self.terminal.size()
    }

    pub(super) fn draw(&mut self, state: &State) -> io::Result<()> {
        if PANICKING.load(Ordering::Acquire) {
            return Ok(());
        }
        let palette = self.palette;
        self.terminal
            .draw(|frame| draw::draw(frame, state, palette))
            .map(drop)
    }

    /// Forgets what is on the screen, so that all of it is drawn anew.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    pub(super) fn bell(&mut self) -> io::Result<()> {
        execute!(stdout(), Print('\u{7}'))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back. What cannot be given back is gone, with nobody left to tell.
fn restore() {
    let _given_back = execute!(
        stdout(),
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        crossterm::cursor::Show
    );
    let _cooked = disable_raw_mode();
}

/// A panic, in whichever task, gives the terminal back first, so that what it says can be read; and it
/// ends the program, which would go on drawing otherwise.
fn restore_when_panicking() {
    let say = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICKING.store(true, Ordering::Release);
        // What another thread is drawing just now comes before, not after.
        std::thread::sleep(FRAME);
        restore();
        say(panic);
        std::process::exit(PANICKED);
    }));
}

/// Set when nothing is to be drawn any more.
static PANICKING: AtomicBool = AtomicBool::new(false);
/// Longer than it takes to draw.
const FRAME: Duration = Duration::from_millis(50);
/// As the standard library has it.
const PANICKED: i32 = 101;
