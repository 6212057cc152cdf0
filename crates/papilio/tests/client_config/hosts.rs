//! The table of hosts (services-other, 8), and what sections 2, 4, 6 and 7 add to it: whatever a
//! client asks for, it is answered, and what is not there is said with an empty 404.

use super::support::Client;
use super::{Server, header};

#[tokio::test]
async fn the_table_of_hosts() {
    let server = Server::start().await;
    let mut client = Client::connect(server.address).await;
    for (host, line, status) in [
        (
            "gateway.messenger.hotmail.com",
            "POST /gateway/gateway.dll?Action=poll&SessionID=1",
            "400",
        ),
        ("login.live.com", "POST /RST.srf", "200"),
        ("login.live.com", "POST /", "200"),
        ("login.live.com", "POST /ppsecure/sha1auth.srf", "200"),
        ("login.live.com", "GET /ppcrlcheck.srf", "404"),
        ("login.live.com", "GET /ppcrlconfig.srf", "404"),
        ("login.live.com", "GET /login.srf?wa=x", "404"),
        ("login.live.com", "POST /ppsecure/post.srf", "404"),
        ("login.live.com", "GET /ThemeImages/x.png", "404"),
        ("loginnet.passport.com", "POST /RST.srf", "200"),
        ("login.passport.com", "GET /login2.srf", "401"),
        ("nexus.passport.com", "GET /rdr/pprdr.asp", "200"),
        ("ows.messenger.msn.com", "POST /OimWS/oim.asmx", "500"),
        ("rsi.hotmail.com", "POST /rsi/rsi.asmx", "500"),
        ("clientconfig.passport.net", "GET /PPCRLconfig.srf", "404"),
        ("clientconfig.passport.net", "GET /ppcrlconfig.bin", "404"),
        (
            "clientconfig.passport.net",
            "GET /ppcrlconfig600.bin",
            "404",
        ),
        (
            "config.messenger.msn.com",
            "GET /Config/MsgrConfig.asmx?op=GetClientConfig",
            "200",
        ),
        (
            "config.messenger.msn.com",
            "POST /config/msgrconfig.asmx",
            "200",
        ),
        ("config.messenger.msn.com", "POST /", "200"),
        ("contacts.msn.com", "POST /abservice/abservice.asmx", "500"),
        (
            "omega.contacts.msn.com",
            "POST //abservice/SharingService.asmx",
            "500",
        ),
        (
            "byrdr.omega.contacts.msn.com",
            "POST /abservice/abservice.asmx",
            "500",
        ),
        (
            "local-bay.contacts.msn.com",
            "POST /abservice/abservice.asmx",
            "500",
        ),
        (
            "by6.omega.contacts.msn.com",
            "POST /abservice/SharingService.asmx",
            "500",
        ),
        (
            "storage.msn.com",
            "POST /storageservice/SchematizedStore.asmx",
            "500",
        ),
        (
            "tkrdr.storage.msn.com",
            "POST /storageservice/schematizedstore.asmx",
            "500",
        ),
        (
            "storage.live.com",
            "POST /storageservice/SchematizedStore.asmx",
            "500",
        ),
        (
            "cid-0000000100000001.cc.services.spaces.live.com",
            "POST /contactcard/contactcardservice.asmx",
            "404",
        ),
        (
            "services.spaces.msn.com",
            "POST /contactcard/contactcardservice.asmx",
            "404",
        ),
        ("spaces.msn.com", "GET /members/x", "404"),
        (
            "rad.msn.com",
            "GET /ADSAdClient31.dll?GetAd?PG=IMSUSA?SC=HF",
            "200",
        ),
        ("ads.msn.com", "GET /ads/adimage.gif", "404"),
        ("messenger.msn.com", "GET /Help/Authentication.aspx", "404"),
        ("g.msn.com", "GET /5meen_us/60", "404"),
        ("g.msn.com", "GET /8meen_us/126", "404"),
        ("svcs.microsoft.com", "GET /svcs/mms/tabs.asp", "200"),
        ("svcs.microsoft.com", "GET /svcs/mms/portal.asp", "302"),
        ("svcs.microsoft.com", "GET /svcs/mms/abch_config.asp", "200"),
        ("relay.voice.messenger.msn.com", "GET /", "200"),
        ("sup.live.com", "POST /whatsnew/whatsnewservice.asmx", "404"),
        (
            "directory.services.live.com",
            "POST /profile/profile.asmx",
            "404",
        ),
        ("profile.live.com", "GET /GetMany", "404"),
        (
            "appdirectory.messenger.msn.com",
            "POST /AppDirectory/AppDirectory.asmx",
            "404",
        ),
        (
            "appdirectory.messenger.msn.com",
            "GET /AppDirectory/Directory.aspx",
            "404",
        ),
        (
            "appdirectory.messenger.msn.com",
            "GET /AppDirectory/GetAppdirVersion.aspx",
            "404",
        ),
        (
            "sqm.microsoft.com",
            "POST /sqm/messenger/sqmserver.dll",
            "404",
        ),
        (
            "crl.microsoft.com",
            "GET /pki/crl/products/CodeSignPCA.crl",
            "404",
        ),
        (
            "watson.microsoft.com",
            "GET /StageOne/msnmsgr_exe/8_0.htm",
            "404",
        ),
        ("members.msn.com", "GET /default.msnw?mem=x", "404"),
        ("search.msn.com", "GET /results.aspx?q=x", "404"),
        ("alerts.msn.com", "GET /alerts/", "404"),
        ("mobile.msn.com", "GET /hm/", "404"),
    ] {
        // All on one connection: nothing hangs, and nothing breaks off.
        let answer = client
            .ask(&format!(
                "{line} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n"
            ))
            .await;
        assert_eq!(answer.status(), status, "{host} {line}");
        if status == "404" {
            assert_eq!(
                header(&answer, "Content-Length"),
                Some("0"),
                "{host} {line}"
            );
            assert_eq!(answer.body, "");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_read_either() {
    let server = Server::start().await;
    let body = "x".repeat(10_000);
    for path in [
        "/contactcard/contactcardservice.asmx",
        "/sqm/x",
        "/profile/profile.asmx",
    ] {
        let mut client = Client::connect(server.address).await;
        let request = super::post(path, "SOAPAction: \"x\"\r\n", &body);
        for _ in 0..2 {
            let answer = client.ask(&request).await;
            assert_eq!(answer.status(), "404");
            assert_eq!(header(&answer, "Content-Length"), Some("0"));
        }
    }
}
