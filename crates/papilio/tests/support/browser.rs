//! A real browser for tests: headless Chromium, driven by WebDriver.
//!
//! ```text
//!   walk --> chromedriver (any free port) --> chromium (a fresh profile)
//!     '-- the walk, in a task of its own; whatever comes of it, both are ended
//! ```
//!
//! Where `chromedriver` or Chromium is missing the tests that want them are left out, and say so, unless
//! `PAPILIO_REQUIRE_CHROMIUM=1` is set: then they fail.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

/// Whether pages may run scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scripts {
    Run,
    Blocked,
}

/// Walks through pages with a browser of its own; nothing happens where there is none.
pub(crate) async fn walk<F>(scripts: Scripts, walk: impl FnOnce(Walker) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let Some((driver, chromium)) = programs() else {
        return;
    };
    let profile = tempfile::tempdir().unwrap();
    let mut driver = Driver::start(&driver);
    let mut arguments: Vec<String> = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1000,900",
    ]
    .map(str::to_owned)
    .into();
    arguments.push(format!("--user-data-dir={}", profile.path().display()));
    let mut options = json!({ "args": arguments, "binary": chromium });
    if scripts == Scripts::Blocked {
        options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
    }
    let mut wanted = serde_json::Map::new();
    wanted.insert("goog:chromeOptions".to_owned(), options);
    let client = ClientBuilder::new(HttpConnector::new())
        .capabilities(wanted)
        .connect(&driver.address)
        .await
        .unwrap();
    let walked = tokio::spawn(walk(Walker {
        client: client.clone(),
    }));
    let outcome = walked.await;
    // First the browser, then what drives it: the other way round it would stay.
    let closed = client.close().await;
    driver.end();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic.into_panic());
    }
    closed.unwrap();
}

/// Somebody who sees pages and fills in forms.
pub(crate) struct Walker {
    pub(crate) client: Client,
}

impl Walker {
    pub(crate) async fn open(&self, address: &str) {
        self.client.goto(address).await.unwrap();
    }

    /// Types into the field that has this label.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        let path = format!("//*[@id=//label[normalize-space()='{label}']/@for]");
        let field = self.client.find(Locator::XPath(&path)).await;
        let field = field.unwrap_or_else(|error| panic!("no field {label:?}: {error}"));
        if field.attr("type").await.unwrap().as_deref() != Some("file") {
            field.clear().await.unwrap();
        }
        field.send_keys(text).await.unwrap();
    }

    /// Presses the button, or follows the link, that says this, or has it as its label; there is another
    /// page then.
    pub(crate) async fn press(&self, text: &str) {
        let path = format!(
            "//*[self::button or self::a][normalize-space()='{text}' or @aria-label='{text}']"
        );
        let button = self.client.find(Locator::XPath(&path)).await;
        let button = button.unwrap_or_else(|error| panic!("nothing says {text:?}: {error}"));
        let page = self.client.find(Locator::Css("html")).await.unwrap();
        button.click().await.unwrap();
        let another = async {
            // The element of a page that is gone has no name any more.
            while page.tag_name().await.is_ok() {
                tokio::time::sleep(LOOKS_AGAIN).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, another).await;
        assert!(waited.is_ok(), "{text:?} leads to no other page");
    }

    /// The heading of the page.
    pub(crate) async fn heading(&self) -> String {
        self.text_of("h1").await
    }

    /// What the page says above everything else.
    pub(crate) async fn notice(&self) -> String {
        self.text_of(".notice").await
    }

    /// All that can be read on the page.
    pub(crate) async fn text(&self) -> String {
        self.text_of("body").await
    }

    /// Waits until a script has made an element say this.
    pub(crate) async fn reads(&self, selector: &str, text: &str) {
        let said = async {
            while self.text_of(selector).await != text {
                tokio::time::sleep(LOOKS_AGAIN).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, said).await;
        assert!(waited.is_ok(), "{selector} never says {text:?}");
    }

    pub(crate) async fn text_of(&self, selector: &str) -> String {
        let found = self.client.find(Locator::Css(selector)).await;
        let found = found.unwrap_or_else(|error| panic!("no {selector}: {error}"));
        found.text().await.unwrap()
    }
}

/// How long another page may take.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOKS_AGAIN: Duration = Duration::from_millis(10);

/// The program that drives the browser.
struct Driver {
    child: Child,
    address: String,
}

impl Driver {
    fn start(program: &PathBuf) -> Self {
        let mut child = Command::new(program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let port = output
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, port) = line.split_once("successfully on port ")?;
                Some(port.trim_end_matches('.').to_owned())
            })
            .expect("chromedriver says on which port it is");
        Self {
            child,
            address: format!("http://127.0.0.1:{port}"),
        }
    }

    fn end(&mut self) {
        // One that has ended already is as good.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.end();
    }
}

/// Whether walks are left out here.
pub(crate) fn is_left_out() -> bool {
    found().is_none()
}

fn found() -> Option<(PathBuf, PathBuf)> {
    let chromium = ["chromium", "chromium-browser", "google-chrome"];
    in_path("chromedriver").zip(chromium.into_iter().find_map(in_path))
}

fn programs() -> Option<(PathBuf, PathBuf)> {
    let found = found();
    if found.is_none() {
        let demanded = std::env::var("PAPILIO_REQUIRE_CHROMIUM").is_ok_and(|value| value == "1");
        assert!(
            !demanded,
            "chromedriver and chromium are demanded, and not in PATH"
        );
        eprintln!("left out: no chromedriver and chromium in PATH");
    }
    found
}

fn in_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
