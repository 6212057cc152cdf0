//! Reading undoes writing, for every command of every direction and in every version; and no line
//! makes reading panic. Commands go through the line codec on their way.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use bytes::{Bytes, BytesMut};
use msnp::handle::Handle;
use msnp::presence::{Capabilities, FriendlyName, Status};
use msnp::proof::sso::Response;
use msnp::proof::tweener::Presented;
use msnp::roster::{Lists, Privacy};
use msnp::wire::command::federation::{MessageKind, Ubm, Uum};
use msnp::wire::command::list::{
    AttributeOrder, ListDocument, ListedContact, ListedTelephone, Network, Occasion,
    QueriedContact, Query,
};
use msnp::wire::command::notice::{Ipg, Not, ServerMessage, Ubn, Uun};
use msnp::wire::command::policy::{Gcf, GcfRequest};
use msnp::wire::command::presence::{
    Blp, Chg, ChgStatus, Fln, Iln, Nln, Property, Prp, Shown, Ubx, Uux,
};
use msnp::wire::command::roster::{ListCommand, ListPush};
use msnp::wire::command::service::{Calls, Fnd, Ims, Pag, Pgd, Sdc, Snd, Url, UrlReply};
use msnp::wire::command::session::{
    Chl, Chosen, Cvq, Cvr, CvrReply, Failure, Out, OutReason, Qng, Qry, Referral, ServerKind,
    Software, Usr, UsrReply, UsrStep, Ver, VerReply, Xfr,
};
use msnp::wire::command::switchboard::{
    Ack, Ans, Bye, ByeCause, Cal, Cookie, Enter, EnterOk, Iro, Joi, Member, Ringing, Rng, Said,
    Say, SessionId, SwitchboardReferral,
};
use msnp::wire::command::{
    NotificationReply, NotificationRequest, SwitchboardReply, SwitchboardRequest,
};
use msnp::wire::line::{Codec, Limits, Line, Side};
use msnp::wire::param::{Param, TrId};
use msnp::wire::version::{Dialect, Version};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

// ---- The words --------------------------------------------------------------------------------

fn trid() -> impl Strategy<Value = TrId> {
    any::<u32>().prop_map(TrId)
}

fn param() -> impl Strategy<Value = Param> {
    "[!-~\u{e9}\u{2603}]{1,12}".prop_map(|text| Param::new(&text).unwrap())
}

fn params() -> impl Strategy<Value = Vec<Param>> {
    prop::collection::vec(param(), 0..5)
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..60).prop_map(Bytes::from)
}

fn handle() -> impl Strategy<Value = Handle> {
    "[a-z0-9._+-]{1,8}@[a-z0-9.\u{e9}-]{1,8}".prop_map(|text| Handle::parse(&text).unwrap())
}

fn name() -> impl Strategy<Value = FriendlyName> {
    "[!-~\u{e9}\u{2603}]{1,20}".prop_map(|text| FriendlyName::from_wire(&text).unwrap())
}

fn capabilities() -> impl Strategy<Value = Capabilities> {
    any::<u32>().prop_map(Capabilities)
}

fn object() -> impl Strategy<Value = Param> {
    "%3Cmsnobj%20Creator(=|%3D)[!-~]{0,20}".prop_map(|text| Param::new(&text).unwrap())
}

fn cookie() -> impl Strategy<Value = Cookie> {
    param().prop_map(Cookie)
}

fn session() -> impl Strategy<Value = SessionId> {
    any::<u32>().prop_map(SessionId::new)
}

fn version() -> impl Strategy<Value = Version> {
    (2u8..=21).prop_map(|number| Version::numbered(number).unwrap())
}

fn status() -> impl Strategy<Value = Status> {
    select(&Status::ALL[..])
}

prop_compose! {
    fn software()(
        locale in param(), os in param(), os_version in param(), architecture in param(),
        name in param(), version in param(), brand in param(),
    ) -> Software {
        Software { locale, os, os_version, architecture, name, version, brand }
    }
}

prop_compose! {
    fn cvr_reply()(
        trid in trid(), recommended in param(), recommended_too in param(), minimum in param(),
        download_url in param(), info_url in param(),
    ) -> CvrReply {
        CvrReply { trid, recommended, recommended_too, minimum, download_url, info_url }
    }
}

prop_compose! {
    fn shown()(
        status in status(), handle in handle(), name in name(), capabilities in capabilities(),
        object in of(object()),
    ) -> Shown {
        Shown { status, handle, name, capabilities, object }
    }
}

prop_compose! {
    fn member()(handle in handle(), name in name(), capabilities in capabilities()) -> Member {
        Member { handle, name, capabilities }
    }
}

prop_compose! {
    fn chg()(
        trid in trid(),
        status in prop_oneof![
            status().prop_map(ChgStatus::Status),
            Just(ChgStatus::Offline),
        ],
        fields in of(("-?[0-9]{1,9}(:[0-9]{1,9})?", of(param()))),
    ) -> Chg {
        let (capabilities, object) = fields.unzip();
        let capabilities = capabilities.map(|text: String| Param::new(&text).unwrap());
        Chg { trid, status, capabilities, object: object.flatten() }
    }
}

fn prp() -> impl Strategy<Value = Prp> {
    let code = prop_oneof![
        select(vec!["MFN", "PHH", "PHW", "PHM", "MOB", "MBE", "WWE", "HSB"])
            .prop_map(str::to_owned),
        "[a-zA-Z0-9]{3}",
    ];
    (trid(), code, of(param())).prop_map(|(trid, code, value)| Prp {
        trid,
        property: Property::parse(&code).unwrap(),
        value,
    })
}

fn message_kind() -> impl Strategy<Value = MessageKind> {
    select(&MessageKind::ALL[..])
}

fn list_command() -> impl Strategy<Value = ListCommand> {
    (trid(), bytes()).prop_map(|(trid, document)| ListCommand { trid, document })
}

fn ims() -> impl Strategy<Value = Ims> {
    let calls = select(vec![Calls::On, Calls::Off]);
    (trid(), calls).prop_map(|(trid, calls)| Ims { trid, calls })
}

fn blp() -> impl Strategy<Value = Blp> {
    let privacy = select(vec![Privacy::Everyone, Privacy::AllowedOnly]);
    (trid(), privacy).prop_map(|(trid, privacy)| Blp { trid, privacy })
}

fn out() -> impl Strategy<Value = Out> {
    let other = param().prop_filter("known", |word| {
        !["OTH", "SSD", "MIG", "TOU"].contains(&word.as_str())
    });
    let reason = prop_oneof![
        Just(OutReason::Elsewhere),
        Just(OutReason::ShuttingDown),
        Just(OutReason::Migrated),
        Just(OutReason::TermsOfUse),
        any::<u32>().prop_map(|minutes| OutReason::Reconnect { minutes }),
        other.prop_map(OutReason::Other),
    ];
    of(reason).prop_map(|reason| Out { reason })
}

fn failure() -> impl Strategy<Value = Failure> {
    use msnp::error::ErrorCode;
    let code = select(vec![
        ErrorCode::InvalidParameter,
        ErrorCode::InvalidList,
        ErrorCode::NotAllowedOffline,
    ]);
    (code, trid(), of(bytes())).prop_map(|(code, trid, document)| Failure {
        document,
        ..Failure::new(code, trid)
    })
}

// ---- The commands -----------------------------------------------------------------------------

fn usr() -> impl Strategy<Value = Usr> {
    let package = param().prop_filter("known", |package| {
        !["TWN", "SSO"].contains(&package.as_str())
    });
    let step = prop_oneof![
        param().prop_map(|handle| UsrStep::TweenerStart { handle }),
        "[!-~]{1,4}([ !-~]{0,30}[!-~])?".prop_map(|text| UsrStep::TweenerTicket {
            ticket: Presented::new(&text).unwrap()
        }),
        param().prop_map(|handle| UsrStep::SingleSignOnStart { handle }),
        ("[!-~]{1,30}", of(param())).prop_map(|(ticket, response)| {
            UsrStep::SingleSignOnTicket {
                ticket: Presented::new(&ticket).unwrap(),
                response: response.as_ref().map(Response::new),
            }
        }),
        (package, params()).prop_map(|(package, fields)| UsrStep::Other { package, fields }),
    ];
    (trid(), step).prop_map(|(trid, step)| Usr { trid, step })
}

fn notification_request() -> impl Strategy<Value = NotificationRequest> {
    use NotificationRequest as R;
    let server = prop_oneof![
        Just(ServerKind::Notification),
        Just(ServerKind::Switchboard),
        param()
            .prop_filter("known", |word| !["NS", "SB"].contains(&word.as_str()))
            .prop_map(ServerKind::Other),
    ];
    let signing_in = prop_oneof![
        (trid(), prop::collection::vec(param(), 1..5))
            .prop_map(|(trid, offered)| R::Ver(Ver { trid, offered })),
        (trid(), software(), param()).prop_map(|(trid, software, handle)| R::Cvr(Cvr {
            trid,
            software,
            handle
        })),
        (trid(), software(), of(param())).prop_map(|(trid, software, handle)| R::Cvq(Cvq {
            trid,
            software,
            handle
        })),
        usr().prop_map(R::Usr),
        (trid(), server).prop_map(|(trid, server)| R::Xfr(Xfr { trid, server })),
        (trid(), param()).prop_map(|(trid, file)| R::Gcf(GcfRequest { trid, file })),
        Just(R::Png),
        Just(R::Out),
        (trid(), param(), bytes()).prop_map(|(trid, product, response)| R::Qry(Qry {
            trid,
            product,
            response
        })),
    ];
    let own_state = prop_oneof![
        blp().prop_map(R::Blp),
        chg().prop_map(R::Chg),
        prp().prop_map(R::Prp),
        (trid(), bytes()).prop_map(|(trid, document)| R::Uux(Uux { trid, document })),
        list_command().prop_map(R::Adl),
        list_command().prop_map(R::Rml),
        list_command().prop_map(R::Fqy),
        (trid(), param(), any::<u32>(), bytes()).prop_map(|(trid, handle, kind, data)| R::Uun(
            Uun {
                trid,
                handle,
                kind,
                data
            }
        )),
        (trid(), param(), any::<u32>(), message_kind(), bytes()).prop_map(
            |(trid, handle, network, kind, message)| R::Uum(Uum {
                trid,
                handle,
                network,
                kind,
                message
            })
        ),
    ];
    let services = prop_oneof![
        (trid(), param(), of(param())).prop_map(|(trid, service, argument)| R::Url(Url {
            trid,
            service,
            argument
        })),
        (trid(), prop::array::uniform7(param()), bytes()).prop_map(|(trid, fields, text)| {
            let [handle, locale, library, codebase, x, y, name] = fields;
            let unused = [x, y];
            R::Sdc(Sdc {
                trid,
                handle,
                locale,
                library,
                codebase,
                unused,
                name,
                text,
            })
        }),
        (trid(), param(), params()).prop_map(|(trid, handle, rest)| R::Snd(Snd {
            trid,
            handle,
            rest
        })),
        ims().prop_map(R::Ims),
        (trid(), params()).prop_map(|(trid, fields)| R::Pag(Pag { trid, fields })),
        (trid(), param(), param(), bytes()).prop_map(|(trid, recipient, kind, document)| {
            R::Pgd(Pgd {
                trid,
                recipient,
                kind,
                document,
            })
        }),
        (trid(), params()).prop_map(|(trid, fields)| R::Fnd(Fnd { trid, fields })),
    ];
    prop_oneof![signing_in, own_state, services]
}

fn notification_reply() -> impl Strategy<Value = NotificationReply> {
    use NotificationReply as R;
    let chosen = prop_oneof![
        version().prop_map(Chosen::Version),
        Just(Chosen::Cvr0),
        Just(Chosen::Nothing),
    ];
    let usr_reply = prop_oneof![
        (trid(), param())
            .prop_map(|(trid, parameters)| UsrReply::TweenerParameters { trid, parameters }),
        (trid(), param(), param()).prop_map(|(trid, policy, nonce)| {
            UsrReply::SingleSignOnNonce {
                trid,
                policy,
                nonce,
            }
        }),
        (trid(), param(), any::<bool>(), any::<bool>()).prop_map(
            |(trid, handle, verified, restricted)| UsrReply::Ok {
                trid,
                handle,
                verified,
                restricted
            }
        ),
    ];
    let signing_in = prop_oneof![
        (trid(), chosen).prop_map(|(trid, chosen)| R::Ver(VerReply { trid, chosen })),
        cvr_reply().prop_map(R::Cvr),
        cvr_reply().prop_map(R::Cvq),
        usr_reply.prop_map(R::Usr),
        (trid(), param()).prop_map(|(trid, address)| R::Referral(Referral { trid, address })),
        (trid(), of(param()), bytes()).prop_map(|(trid, file, document)| R::Gcf(Gcf {
            trid,
            file,
            document
        })),
        Just(R::Sbs),
        of(any::<u32>()).prop_map(|seconds| R::Qng(Qng { seconds })),
        out().prop_map(R::Out),
        param().prop_map(|challenge| R::Chl(Chl { challenge })),
        trid().prop_map(R::QryOk),
        failure().prop_map(R::Failure),
    ];
    let own_state = prop_oneof![
        blp().prop_map(R::Blp),
        chg().prop_map(R::Chg),
        prp().prop_map(R::Prp),
        trid().prop_map(R::UuxOk),
        trid().prop_map(R::AdlOk),
        trid().prop_map(R::RmlOk),
        bytes().prop_map(|document| R::AdlPush(ListPush { document })),
        bytes().prop_map(|document| R::RmlPush(ListPush { document })),
        list_command().prop_map(R::Fqy),
    ];
    let others = prop_oneof![
        (trid(), shown()).prop_map(|(trid, shown)| R::Iln(Iln { trid, shown })),
        shown().prop_map(|shown| R::Nln(Nln { shown })),
        handle().prop_map(|handle| R::Fln(Fln { handle })),
        (handle(), bytes()).prop_map(|(handle, document)| R::Ubx(Ubx { handle, document })),
        (handle(), any::<u32>(), bytes()).prop_map(|(sender, kind, data)| R::Ubn(Ubn {
            sender,
            kind,
            data
        })),
        (handle(), any::<u32>(), message_kind(), bytes()).prop_map(
            |(sender, network, kind, message)| R::Ubm(Ubm {
                sender,
                network,
                kind,
                message
            })
        ),
        (trid(), param(), cookie()).prop_map(|(trid, address, cookie)| {
            R::SwitchboardReferral(SwitchboardReferral {
                trid,
                address,
                cookie,
            })
        }),
        (session(), param(), cookie(), handle(), name()).prop_map(
            |(session, address, cookie, caller, name)| {
                R::Rng(Rng {
                    session,
                    address,
                    cookie,
                    caller,
                    name,
                })
            }
        ),
    ];
    let services = prop_oneof![
        bytes().prop_map(|message| R::Msg(ServerMessage { message })),
        bytes().prop_map(|document| R::Not(Not { document })),
        bytes().prop_map(|document| R::Ipg(Ipg { document })),
        trid().prop_map(R::UunOk),
        (trid(), param(), param(), param()).prop_map(|(trid, redirect, login_url, site)| {
            R::Url(UrlReply {
                trid,
                redirect,
                login_url,
                site,
            })
        }),
        trid().prop_map(R::SdcOk),
        trid().prop_map(R::SndOk),
        ims().prop_map(R::Ims),
    ];
    prop_oneof![signing_in, own_state, others, services]
}

fn switchboard_request() -> impl Strategy<Value = SwitchboardRequest> {
    use SwitchboardRequest as R;
    let ack = select(vec![
        Ack::Nothing,
        Ack::Failure,
        Ack::Always,
        Ack::Data,
        Ack::Success,
    ]);
    prop_oneof![
        (trid(), param(), cookie()).prop_map(|(trid, handle, cookie)| R::Usr(Enter {
            trid,
            handle,
            cookie
        })),
        (trid(), param(), cookie(), session()).prop_map(|(trid, handle, cookie, session)| {
            R::Ans(Ans {
                trid,
                handle,
                cookie,
                session,
            })
        }),
        (trid(), param()).prop_map(|(trid, handle)| R::Cal(Cal { trid, handle })),
        (trid(), ack, bytes()).prop_map(|(trid, ack, message)| R::Msg(Say { trid, ack, message })),
        Just(R::Out),
    ]
}

fn switchboard_reply() -> impl Strategy<Value = SwitchboardReply> {
    use SwitchboardReply as R;
    let cause = select(vec![ByeCause::Left, ByeCause::Idle]);
    prop_oneof![
        (trid(), param(), name()).prop_map(|(trid, handle, name)| R::UsrOk(EnterOk {
            trid,
            handle,
            name
        })),
        trid().prop_map(R::AnsOk),
        (trid(), any::<u32>(), any::<u32>(), member()).prop_map(|(trid, index, total, member)| {
            R::Iro(Iro {
                trid,
                index,
                total,
                member,
            })
        }),
        member().prop_map(|member| R::Joi(Joi { member })),
        (trid(), session()).prop_map(|(trid, session)| R::Ringing(Ringing { trid, session })),
        (handle(), name(), bytes()).prop_map(|(handle, name, message)| R::Msg(Said {
            handle,
            name,
            message
        })),
        trid().prop_map(R::Ack),
        trid().prop_map(R::Nak),
        (handle(), cause).prop_map(|(handle, cause)| R::Bye(Bye { handle, cause })),
        out().prop_map(R::Out),
        failure().prop_map(R::Failure),
    ]
}

/// What `None` and every version served make of a line that `write` wrote.
fn check<T: PartialEq + std::fmt::Debug, E: std::fmt::Debug>(
    command: &T,
    side: Side,
    write: impl Fn(&T, Option<&Dialect>, &mut BytesMut),
    parse: impl Fn(&Line, Option<&Dialect>) -> Result<T, E>,
) -> Result<(), TestCaseError> {
    let served = (2..=21)
        .filter_map(Version::numbered)
        .filter_map(Dialect::of);
    for dialect in served.map(Some).chain([None]) {
        let mut bytes = BytesMut::new();
        write(command, dialect, &mut bytes);
        write(command, dialect, &mut bytes);
        for _ in 0..2 {
            let line = Codec::new(side, Limits::DEFAULT)
                .decode(&mut bytes)
                .unwrap()
                .unwrap();
            let read = parse(&line, dialect).unwrap();
            prop_assert_eq!(&read, command, "{:?}", line.text());
        }
        prop_assert!(bytes.is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn notification_requests(command in notification_request()) {
        check(&command, Side::Client, NotificationRequest::write, NotificationRequest::parse)?;
    }

    #[test]
    fn notification_replies(command in notification_reply()) {
        check(&command, Side::Server, NotificationReply::write, NotificationReply::parse)?;
    }

    #[test]
    fn switchboard_requests(command in switchboard_request()) {
        check(&command, Side::Client, SwitchboardRequest::write, SwitchboardRequest::parse)?;
    }

    #[test]
    fn switchboard_replies(command in switchboard_reply()) {
        check(&command, Side::Server, SwitchboardReply::write, SwitchboardReply::parse)?;
    }

    #[test]
    fn lists(
        occasion in select(vec![Occasion::Initial, Occasion::Change]),
        domains in prop::collection::btree_map(
            "[!-~]{1,6}",
            prop::collection::vec(
                ("[!-~\u{e9}]{1,8}", 0u8..8, select(&Network::ALL[..]), of(name())),
                1..4,
            ),
            1..4,
        ),
        telephones in prop::collection::vec(("tel:[+][0-9]{1,12}", 0u8..8), 0..3),
    ) {
        let mut list = ListDocument { occasion, contacts: Vec::new(), telephones: Vec::new() };
        for (domain, contacts) in domains {
            for (local, bits, network, name) in contacts {
                let lists = Lists::from_bits(bits).unwrap();
                let (local, domain) = (local.into(), domain.clone().into());
                list.contacts.push(ListedContact { local, domain, lists, network, name });
            }
        }
        for (number, bits) in telephones {
            let lists = Lists::from_bits(bits).unwrap();
            list.telephones.push(ListedTelephone { number: number.into(), lists });
        }
        let contacts = list.contacts.iter().map(|contact| QueriedContact {
            local: contact.local.clone(),
            domain: contact.domain.clone(),
            network: Some(contact.network),
        });
        let query = Query { contacts: contacts.collect() };
        prop_assert_eq!(Query::parse(&query.write()), Ok(query));
        for order in [AttributeOrder::ListsFirst, AttributeOrder::NetworkFirst] {
            let written = list.write(order);
            prop_assert_eq!(ListDocument::parse_push(&written), Ok(list.clone()));
            prop_assert_eq!(ListDocument::parse_request(&written), Ok(list.clone()));
        }
    }

    #[test]
    fn no_line_makes_reading_panic(
        verb in prop_oneof![
            select(vec![
                "VER", "CVR", "CVQ", "USR", "XFR", "GCF", "PNG", "OUT", "QRY", "BLP", "CHG", "PRP",
                "UUX", "ADL", "RML", "FQY", "UUN", "UUM", "URL", "SDC", "SND", "IMS", "PAG", "PGD", "FND",
                "SBS", "QNG", "CHL", "ILN", "NLN", "FLN", "UBX", "RNG", "MSG", "NOT", "UBN", "UBM", "IPG",
                "ANS", "IRO", "JOI", "CAL", "ACK", "NAK", "BYE", "911", "",
            ]).prop_map(str::to_owned),
            ".{0,4}",
        ],
        fields in "([ \t]([0-9]{1,11}|TWN|SSO|S|I|OK|SB|NS|CKI|MFN|NLN|AL|U|a@b|\\PC{0,9})){0,9}.{0,3}",
        payload in of(bytes()),
    ) {
        let line = Line::new(format!("{verb}{fields}"), payload);
        for dialect in [None, Dialect::of(Version::MSNP13), Dialect::of(Version::MSNP15)] {
            let _ = NotificationRequest::parse(&line, dialect);
            let _ = NotificationReply::parse(&line, dialect);
            let _ = SwitchboardRequest::parse(&line, dialect);
            let _ = SwitchboardReply::parse(&line, dialect);
        }
    }

    #[test]
    fn no_document_makes_reading_panic(document in "(<|/|>|ml|d|t|c| n=| l=| t=|\"|'|1|x|&amp;|\\PC){0,40}") {
        let _ = ListDocument::parse_request(document.as_bytes());
        let _ = Query::parse(document.as_bytes());
    }
}
