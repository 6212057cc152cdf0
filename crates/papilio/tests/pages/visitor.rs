//! A browser: keeps cookies, fills in the forms that a page has, does not follow where it is sent.

use super::*;
use support::Client;

/// See the module.
pub(crate) struct Browser {
    address: SocketAddr,
    cookies: BTreeMap<String, String>,
    /// Headers that every request has, each with its end of line.
    pub(crate) headers: String,
    /// The word in the forms of the page that was read last.
    word: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Browser {
    pub(crate) fn at(server: &Server) -> Self {
        Self::of(server.address)
    }

    pub(crate) fn of(address: SocketAddr) -> Self {
        Self {
            address,
            cookies: BTreeMap::new(),
            headers: String::new(),
            word: String::new(),
        }
    }

    /// Alice's, signed in.
    pub(crate) async fn of_alice(server: &Server) -> Self {
        let mut browser = Self::at(server);
        let page = browser.submit("/account/sign-in", &alice()).await;
        assert_eq!(page.leads_to(), Some("/account"), "{}", page.body);
        browser
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        let head = self.head("GET", path, "");
        self.ask(&head, b"").await
    }

    /// Reads the page at a path and posts its form.
    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, String)]) -> Page {
        self.get(path).await;
        self.post(path, fields).await
    }

    /// Posts a form, with the word of the page that was read last.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, String)]) -> Page {
        let mut all = vec![("form", self.word.clone())];
        all.extend_from_slice(fields);
        self.post_exactly(path, &all).await
    }

    /// Posts these fields and no others.
    pub(crate) async fn post_exactly(&mut self, path: &str, fields: &[(&str, String)]) -> Page {
        let coded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", coded(name), coded(value)))
            .collect();
        let kind = "application/x-www-form-urlencoded";
        self.post_body(path, kind, fields.join("&").as_bytes())
            .await
    }

    /// Posts a file.
    pub(crate) async fn upload(&mut self, path: &str, name: &str, file: &[u8]) -> Page {
        let mut body = Vec::new();
        let word = self.word.as_bytes();
        for (head, content) in [
            ("name=\"form\"".to_owned(), word),
            (
                format!("name=\"{name}\"; filename=\"x.png\"\r\nContent-Type: image/png"),
                file,
            ),
        ] {
            let head = format!("--limit\r\nContent-Disposition: form-data; {head}\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--limit--\r\n");
        self.post_body(path, "multipart/form-data; boundary=limit", &body)
            .await
    }

    pub(crate) async fn post_body(&mut self, path: &str, kind: &str, body: &[u8]) -> Page {
        let more = format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len());
        let head = self.head("POST", path, &more);
        self.ask(&head, body).await
    }

    /// The head of a request.
    pub(crate) fn head(&self, method: &str, path: &str, more: &str) -> String {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n{}{more}\r\n",
            self.address,
            cookies.join("; "),
            self.headers,
        )
    }

    pub(crate) async fn ask(&mut self, head: &str, body: &[u8]) -> Page {
        use tokio::io::AsyncWriteExt as _;
        let mut client = Client::connect(self.address).await;
        client.send(head).await;
        client.stream.write_all(body).await.unwrap();
        let answer = client.answer().await;
        self.take_in(answer.head, answer.body)
    }

    /// Keeps what a browser keeps of an answer.
    pub(crate) fn take_in(&mut self, head: String, body: String) -> Page {
        for line in head.lines() {
            let Some(cookie) = line.strip_prefix("Set-Cookie: ") else {
                continue;
            };
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let page = Page {
            status: head[9..12].parse().unwrap(),
            head,
            body,
        };
        if let Some(word) = page.value("form") {
            word.clone_into(&mut self.word);
        }
        page
    }

    /// The cookie of the session, if there is one.
    pub(crate) fn session(&self) -> Option<String> {
        self.cookies.get("papilio").cloned()
    }

    pub(crate) fn set_session(&mut self, value: &str) {
        self.cookies.insert("papilio".to_owned(), value.to_owned());
    }

    pub(crate) fn forget_cookies(&mut self) {
        self.cookies.clear();
    }

    /// Whether it is signed in, as far as the account's first page tells.
    pub(crate) async fn is_signed_in(&mut self) -> bool {
        let page = self.get("/account").await;
        assert!(matches!(page.status, 200 | 303), "{}", page.head);
        page.status == 200
    }
}

impl Page {
    /// Where the browser is sent.
    pub(crate) fn leads_to(&self) -> Option<&str> {
        self.header("Location")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let start = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(&start))
    }

    /// What it says above everything else.
    pub(crate) fn notice(&self) -> &str {
        let Some((_, rest)) = self.body.split_once("<p class=\"notice ") else {
            return "";
        };
        let (_, rest) = rest.split_once('>').unwrap();
        rest.split_once('<').unwrap().0
    }

    /// The value of a field.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("name=\"{name}\" value=\""))?;
        Some(rest.split_once('"')?.0)
    }

    pub(crate) fn says(&self, text: &str) -> bool {
        self.body.contains(text)
    }
}
