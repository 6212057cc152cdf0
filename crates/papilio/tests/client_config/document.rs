//! The configuration itself.

use papilio::config::Config;

use super::{Server, advertised, assert_snapshot, configured, get, hosts_in, post};

const PATH: &str =
    "/Config/MsgrConfig.asmx?op=GetClientConfig&Country=US&CLCID=0409&PLCID=0409&ver=8.0.0792";

const QUESTION: &str = "<GetClientConfig xmlns=\"http://www.msn.com/webservices/Messenger/Client\">\
    <clientinfo><Country>US</Country><CLCID>0409</CLCID></clientinfo></GetClientConfig>";

#[tokio::test]
async fn bare_and_in_an_envelope() {
    let server = Server::start().await;
    let own = get(&server, "msn.example.net:8080", PATH).await;
    let tree = roxmltree::Document::parse(&own.body).unwrap();
    assert_eq!(tree.root_element().tag_name().name(), "MsgrConfig");
    assert!(!own.body.contains("> ") && !own.body.contains('\n'));
    assert_snapshot("client_01_msgr_config", &own);

    let request = post("/Config/MsgrConfig.asmx", "", QUESTION)
        .replace("login.live.com", "msn.example.net:8080");
    let enveloped = server.ask(&request).await;
    let tree = roxmltree::Document::parse(&enveloped.body).unwrap();
    let result = tree.descendants().find(|node| {
        node.has_tag_name((
            "http://www.msn.com/webservices/Messenger/Client",
            "GetClientConfigResult",
        ))
    });
    assert_eq!(result.unwrap().text(), Some(&*own.body));
    assert!(
        enveloped
            .body
            .contains("<GetClientConfigResult><![CDATA[<?xml version=\"1.0\"")
    );
    assert_snapshot("client_02_msgr_config_in_an_envelope", &enveloped);
}

#[tokio::test]
async fn every_address_is_this_servers_own() {
    let server = Server::start().await;
    let own = get(&server, "msn.example.net:8080", PATH).await;
    assert_eq!(own.between("<domain name=\"", "\""), ["msn.example.net"]);
    assert_eq!(
        Vec::from_iter(hosts_in(&own.body)),
        ["msn.example.net:8080"]
    );

    let historic = get(&server, "config.messenger.msn.com", PATH).await;
    assert_eq!(
        historic.between("<abchconfig><url>", "<"),
        ["https://contacts.msn.com/abservice/abservice.asmx"]
    );
    let odd = get(&server, "a\"><b>", PATH).await;
    assert_eq!(odd.between("<domain name=\"", "\""), ["localhost"]);

    let server = Server::with(advertised("chat.example.org:1863")).await;
    for (host, expected) in [
        ("config.messenger.msn.com", "chat.example.org"),
        ("config.messenger.msn.com:80", "chat.example.org"),
        ("127.0.0.1:8080", "chat.example.org:8080"),
        ("a\"><b>", "chat.example.org"),
    ] {
        let answer = get(&server, host, PATH).await;
        assert_eq!(Vec::from_iter(hosts_in(&answer.body)), [expected], "{host}");
        let domain = answer.between("<domain name=\"", "\"");
        assert_eq!(domain, ["chat.example.org"]);
    }

    let mut config = advertised("chat.example.org");
    config.http.advertise = "web.example.org:81".parse().ok();
    let server = Server::with(config).await;
    let answer = get(&server, "config.messenger.msn.com", PATH).await;
    assert_eq!(
        Vec::from_iter(hosts_in(&answer.body)),
        ["web.example.org:81"]
    );
}

#[tokio::test]
async fn every_address_of_this_server_leads_to_something() {
    let server = Server::start().await;
    let host = "msn.example.net:8080";
    let document = get(&server, host, PATH).await.body;
    let mut seen = 0;
    for address in document.split("http://msn.example.net:8080").skip(1) {
        let path = address.split('<').next().unwrap();
        // The address book is asked with a document.
        let answer = match path {
            "/tab.png" => continue,
            path => get(&server, host, path).await,
        };
        assert_eq!(answer.status(), "200", "{path}");
        assert!(!answer.body.is_empty());
        seen += 1;
    }
    assert!(seen >= 5, "{seen}");
}

#[tokio::test]
async fn the_tabs_that_the_operator_wants() {
    let server = Server::with(configured(
        "[client]\ntoday = 'https://today.example.org/a?b=c&d'\ntabs = [\
         { name = 'Us & them', address = '/today' },\
         { name = ']]>', address = 'https://news.example.org/', picture = '/c.gif' }]",
    ))
    .await;
    let answer = get(&server, "msn.example.net", PATH).await;
    let tree = roxmltree::Document::parse(&answer.body).unwrap();
    let texts = |name: &str| -> Vec<String> {
        tree.descendants()
            .filter(|node| node.has_tag_name(name))
            .map(|node| node.text().unwrap().to_owned())
            .collect()
    };
    assert_eq!(texts("name"), ["Us & them", "]]>"]);
    assert_eq!(
        texts("contenturl"),
        ["http://msn.example.net/today", "https://news.example.org/"]
    );
    assert_eq!(
        texts("image"),
        [
            "http://msn.example.net/tab.png",
            "http://msn.example.net/c.gif"
        ]
    );
    assert_eq!(texts("MsnTodayURL"), ["https://today.example.org/a?b=c&d"]);
    // Whatever stands in it, it cannot end the envelope's CDATA.
    let enveloped = server
        .ask(&post("/Config/MsgrConfig.asmx", "", QUESTION))
        .await;
    assert!(roxmltree::Document::parse(&enveloped.body).is_ok());
    assert_eq!(enveloped.body.matches("]]>").count(), 1);

    let server = Server::with(configured("[client]\ntabs = []")).await;
    let answer = get(&server, "msn.example.net", PATH).await;
    assert_eq!(answer.between("<msntabdata>", "</msntabdata>"), [""]);
}

#[test]
fn a_page_is_a_page() {
    let load = |text: &str| std::panic::catch_unwind(|| configured(text)).is_ok();
    assert!(load("[client]\ntoday = '/x'") && load("[client]\ntoday = ''"));
    for nothing in [
        "[client]\ntoday = 'x'",
        "[client]\ntoday = '//x'",
        "[client]\ntoday = 'javascript:x'",
        "[client]\ntoday = 'http://'",
        "[client]\ntoday = 'http://x y'",
        "[client]\ntabs = [{ name = 'x' }]",
        "[client]\ntabs = [{ name = 'x', address = '' }]",
        "[client]\ntabs = [{ name = 'x', address = '/', colour = 'red' }]",
        "[client]\nbanner = { pictur = '/x' }",
    ] {
        assert!(!load(nothing), "{nothing}");
    }
    assert_eq!(configured("").client, Config::default().client);
}
