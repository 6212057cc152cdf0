//! A ticket for a password: RequestMultipleSecurityTokens (services-auth, 3 and 4).

use std::net::SocketAddr;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Asks for tokens as Windows Live Messenger 8.0 does. The handle and the password need no escaping.
pub(super) async fn ask(http: SocketAddr, handle: &str, password: &str) -> anyhow::Result<String> {
    let body = request(handle, password);
    let head = format!(
        "POST /RST.srf HTTP/1.1\r\nHost: {http}\r\nContent-Type: text/xml\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(http).await?;
    stream.write_all((head + &body).as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    if !answer.starts_with("HTTP/1.1 200 ") {
        bail!("{}", answer.lines().next().unwrap_or("no answer"));
    }
    let (_, after) = answer
        .split_once(r#"Id="Compact1">"#)
        .context("no ticket in the answer")?;
    let (ticket, _) = after.split_once('<').context("unfinished ticket")?;
    Ok(ticket.replace("&amp;", "&"))
}

fn request(handle: &str, password: &str) -> String {
    let tokens = [
        ("http://Passport.NET/tb", None),
        ("messenger.msn.com", Some("?id=507")),
        ("contacts.msn.com", Some("MBI")),
    ];
    let mut body = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/" xmlns:wsse="http://schemas.xmlsoap.org/ws/2003/06/secext" xmlns:wsp="http://schemas.xmlsoap.org/ws/2002/12/policy" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/03/addressing" xmlns:wst="http://schemas.xmlsoap.org/ws/2004/04/trust"><Header><ps:AuthInfo xmlns:ps="http://schemas.microsoft.com/Passport/SoapServices/PPCRL" Id="PPAuthInfo"><ps:HostingApp>{{7108E71A-9926-4FCB-BCC9-9A9D3F32E423}}</ps:HostingApp><ps:BinaryVersion>4</ps:BinaryVersion><ps:UIVersion>1</ps:UIVersion><ps:Cookies></ps:Cookies><ps:RequestParams>AQAAAAIAAABsYwQAAAAxMDMz</ps:RequestParams></ps:AuthInfo><wsse:Security><wsse:UsernameToken Id="user"><wsse:Username>{handle}</wsse:Username><wsse:Password>{password}</wsse:Password></wsse:UsernameToken></wsse:Security></Header><Body><ps:RequestMultipleSecurityTokens xmlns:ps="http://schemas.microsoft.com/Passport/SoapServices/PPCRL" Id="RSTS">"#
    );
    for (number, (address, policy)) in tokens.into_iter().enumerate() {
        let policy = policy.map_or_else(String::new, |uri| {
            format!(r#"<wsse:PolicyReference URI="{uri}"></wsse:PolicyReference>"#)
        });
        body += &format!(
            r#"<wst:RequestSecurityToken Id="RST{number}"><wst:RequestType>http://schemas.xmlsoap.org/ws/2004/04/security/trust/Issue</wst:RequestType><wsp:AppliesTo><wsa:EndpointReference><wsa:Address>{address}</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>{policy}</wst:RequestSecurityToken>"#
        );
    }
    body + "</ps:RequestMultipleSecurityTokens></Body></Envelope>"
}
