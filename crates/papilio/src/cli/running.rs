//! The server that runs on a data folder, reached through its `admin.sock`.

use std::io::ErrorKind;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::admin::AdminError;
use crate::config::Config;
use crate::http::admin::SOCKET_NAME;

/// Asks the running server something of its API; `path` is what follows `/api/v1`. What it answers,
/// null if that is nothing. [`AdminError::NotRunning`] if none runs here.
pub(super) async fn ask(
    config: &Config,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> anyhow::Result<Value> {
    let socket = config.data.join(SOCKET_NAME);
    let mut stream = match UnixStream::connect(&socket).await {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::ConnectionRefused
            ) =>
        {
            return Err(AdminError::NotRunning.into());
        }
        Err(error) => return Err(error).with_context(|| socket.display().to_string()),
    };
    let body = body.map(Value::to_string).unwrap_or_default();
    let request = format!(
        "{method} /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let asked = async {
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = tokio::time::timeout(PATIENCE, asked)
        .await
        .context("the server does not answer")?
        .context("the server broke off")?;
    read(&answer)
}

/// Lets a server that runs here look at once for what was changed. It looks by itself within a few
/// seconds.
pub(super) async fn look(config: &Config) {
    // None runs here, or it will look later.
    let _later = ask(config, "POST", "/look", None).await;
}

fn read(answer: &[u8]) -> anyhow::Result<Value> {
    let answer = std::str::from_utf8(answer).context("the server answers no text")?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .context("the server broke off")?;
    let value = match body.trim() {
        "" => Value::Null,
        body => serde_json::from_str(body).context("the server answers no JSON")?,
    };
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status.starts_with('2') {
        return Ok(value);
    }
    match value["detail"].as_str() {
        Some(detail) => bail!("{detail}"),
        None => bail!("the server answers {status}"),
    }
}

/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_what_it_says_or_why_there_is_none() {
        let read = |answer: &str| read(answer.as_bytes());
        assert_eq!(
            read("HTTP/1.1 204 No Content\r\n\r\n").unwrap(),
            Value::Null
        );
        let said = read("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{\"a\":1}").unwrap();
        assert_eq!(said["a"], 1);
        let refused = read("HTTP/1.1 404 Not Found\r\n\r\n{\"detail\":\"it is not there\"}");
        assert_eq!(refused.unwrap_err().to_string(), "it is not there");
        for broken in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 500 Oh\r\n\r\n"] {
            read(broken).unwrap_err();
        }
    }
}
