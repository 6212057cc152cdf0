use proptest::prelude::*;

use super::answer::{Dated, Document, Picture, Profile, StorageAnswer, StorageHeader};
use super::*;
use crate::soap::envelope::Limits;
use crate::soap::time::UtcSecond;

const CID: i64 = 728_224_406_569_967_729;

fn read(request: &str) -> Result<StorageRequest, StorageFault> {
    StorageRequest::read(&Element::parse(request.as_bytes(), &Limits::default()).unwrap())
}

fn header(edition: Edition) -> StorageHeader {
    StorageHeader {
        edition,
        cid: CID,
        cache_key: "key".to_owned(),
        ticket_token: "t=a&p=".to_owned(),
    }
}

fn profile() -> Profile {
    let at = |seconds: u64| UtcSecond::from_unix(1_732_890_000 + seconds);
    Profile {
        display_name: Dated {
            value: "Alice <& \"W\"".to_owned(),
            changed: at(1),
        },
        personal_status: Some(Dated {
            value: "hello".to_owned(),
            changed: at(3),
        }),
        picture: Some(Dated {
            value: Picture {
                name: "tile".to_owned(),
                size: 69,
                address: "http://msn.example.net/storage/usertile/0123/static".to_owned(),
            },
            changed: at(2),
        }),
    }
}

#[test]
fn answers_byte_for_byte() {
    let bare = Profile {
        personal_status: None,
        picture: None,
        ..profile()
    };
    let tile = Document {
        name: "tile".to_owned(),
    };
    for (name, answer) in [
        ("profile", StorageAnswer::Profile(Box::new(profile()))),
        ("profile_bare", StorageAnswer::Profile(Box::new(bare))),
        ("documents", StorageAnswer::Documents(Some(tile))),
        ("documents_none", StorageAnswer::Documents(None)),
        ("document_created", StorageAnswer::DocumentCreated),
    ] {
        insta::assert_snapshot!(name, answer.to_xml(&header(Edition::W10)));
    }
}

#[test]
fn small_answers() {
    let answers = [
        StorageAnswer::ProfileUpdated,
        StorageAnswer::DocumentUpdated,
        StorageAnswer::RelationshipsCreated,
        StorageAnswer::RelationshipsDeleted,
    ];
    let bodies = answers.map(|answer| {
        let document = answer.to_xml(&header(Edition::W10));
        document.split_once("<soap:Body>").unwrap().1.to_owned()
    });
    insta::assert_snapshot!(bodies.join("\n"));
}

#[test]
fn the_namespace_asked_is_the_namespace_answered() {
    let older = StorageAnswer::Profile(Box::new(profile())).to_xml(&header(Edition::W10));
    let newer = StorageAnswer::Profile(Box::new(profile())).to_xml(&header(Edition::Of2008));
    assert_eq!(older.replace("/storage/w10", "/storage/2008"), newer);

    let of = |namespace: &str| {
        let request = format!("<GetProfile xmlns='{namespace}'/>");
        Element::parse(request.as_bytes(), &Limits::default()).unwrap()
    };
    let (w10, of2008) = (Edition::W10.namespace(), Edition::Of2008.namespace());
    let action = format!("\"{of2008}/GetProfile\"");
    assert_eq!(Edition::asked(Some(&of(w10)), &action), Edition::W10);
    assert_eq!(Edition::asked(Some(&of(of2008)), ""), Edition::Of2008);
    assert_eq!(Edition::asked(Some(&of("")), &action), Edition::Of2008);
    assert_eq!(Edition::asked(None, &action), Edition::Of2008);
    for nothing in ["", "\"\"", "GetProfile", "http://x/", "é/"] {
        assert_eq!(Edition::asked(Some(&of("urn:x")), nothing), Edition::W10);
    }
}

#[test]
fn faults_byte_for_byte() {
    for (name, fault) in [
        ("item_does_not_exist", StorageFault::ItemDoesNotExist),
        ("not_authenticated", StorageFault::NotAuthenticated),
        ("unavailable", StorageFault::Unavailable),
    ] {
        insta::assert_snapshot!(name, fault.to_xml(Edition::W10, "GetProfile"));
    }
    let unknown = StorageFault::Forbidden("<x>".to_owned());
    insta::assert_snapshot!("unknown_operation", unknown.to_xml(Edition::Of2008, "<x>"));
    let none = StorageFault::from(crate::soap::envelope::EnvelopeError::NotAnEnvelope);
    insta::assert_snapshot!("no_request", none.to_xml(Edition::W10, ""));
}

#[test]
fn profiles_are_changed_by_what_is_said() {
    let update = |inside: &str| match read(&format!("<UpdateProfile>{inside}</UpdateProfile>")) {
        Ok(StorageRequest::UpdateProfile { profile, changes }) => (profile, changes),
        other => panic!("{other:?}"),
    };
    let (id, changes) = update(
        "<profile><ResourceID>\n0a1b2c3d4e5f6071!118\n</ResourceID><ExpressionProfile>\
         <FreeText>Update</FreeText><DisplayName> Alice W </DisplayName>\
         <PersonalStatus>busy &amp; &lt;happy&gt;</PersonalStatus><Flags>0</Flags>\
         </ExpressionProfile></profile>",
    );
    assert_eq!(id, Some(ResourceId::expression_profile(CID)));
    assert_eq!(changes.display_name.as_deref(), Some("Alice W"));
    assert_eq!(changes.personal_status.as_deref(), Some("busy & <happy>"));
    let (id, changes) = update(
        "<profile><ExpressionProfile><FreeText>Update</FreeText></ExpressionProfile></profile>\
         <profileAttributesToDelete><ExpressionProfileAttributes>\
         <PersonalStatus>true</PersonalStatus><DisplayName>false</DisplayName>\
         </ExpressionProfileAttributes></profileAttributesToDelete>",
    );
    assert_eq!(id, None);
    assert_eq!(changes.display_name, None);
    assert_eq!(changes.personal_status.as_deref(), Some(""));
    assert_eq!(update("").1, ProfileChanges::default());
    let empty = "<profile><ExpressionProfile><DisplayName/></ExpressionProfile></profile>";
    assert_eq!(update(empty).1.display_name.as_deref(), Some(""));
}

#[test]
fn pictures_in_base64_with_and_without_line_breaks() {
    let create = |streams: &str| {
        read(&format!(
            "<CreateDocument><parentHandle><RelationshipName>/UserTiles</RelationshipName><Alias>\
             <Name>728224406569967729</Name><NameSpace>MyCidStuff</NameSpace></Alias></parentHandle>\
             <document><Name>dp</Name><DocumentStreams>{streams}</DocumentStreams></document>\
             </CreateDocument>"
        ))
    };
    let stream = |kind: &str, data: &str| {
        format!(
            "<DocumentStream><DocumentStreamType>{kind}</DocumentStreamType>\
             <MimeType>png</MimeType><Data>{data}</Data><DataSize>0</DataSize></DocumentStream>"
        )
    };
    for data in ["R0lGODlh", "R0lG\r\n ODlh\n", "R0 lG OD lh"] {
        match create(&stream("UserTileStatic", data)) {
            Ok(StorageRequest::CreateDocument { parent, document }) => {
                assert!(parent.is_of(CID) && !parent.is_of(1));
                assert_eq!(document.name, "dp");
                assert_eq!(document.data, b"GIF89a");
            }
            other => panic!("{other:?}"),
        }
    }
    for padded in ["YQ==", "YQ"] {
        let both = stream("UserTileSmall", "Yg==") + &stream("UserTileStatic", padded);
        match create(&both) {
            Ok(StorageRequest::CreateDocument { document, .. }) => assert_eq!(document.data, b"a"),
            other => panic!("{other:?}"),
        }
    }
    for nothing in ["", &stream("UserTileStatic", ""), &stream("", "*")] {
        assert!(matches!(create(nothing), Err(StorageFault::BadRequest(_))));
    }
}

#[test]
fn relationships_name_their_ends() {
    let deleted = read(
        "<DeleteRelationships><sourceHandle><ResourceID>0a1b2c3d4e5f6071!118</ResourceID>\
         </sourceHandle><targetHandles><ObjectHandle><ResourceID>0a1b2c3d4e5f6071!205</ResourceID>\
         </ObjectHandle></targetHandles></DeleteRelationships>",
    );
    match deleted {
        Ok(StorageRequest::DeleteRelationships { source, targets }) => {
            assert_eq!(source.resource, Some(ResourceId::expression_profile(CID)));
            assert_eq!(targets[0].resource, Some(ResourceId::picture(CID)));
        }
        other => panic!("{other:?}"),
    }
    let created = read(
        "<CreateRelationships><relationships><Relationship><SourceID>0a1b2c3d4e5f6071!118</SourceID>\
         <TargetID>0a1b2c3d4e5f6071!205</TargetID></Relationship></relationships>\
         </CreateRelationships>",
    );
    let expected = Relationship {
        source: ResourceId::expression_profile(CID),
        target: ResourceId::picture(CID),
    };
    assert_eq!(
        created,
        Ok(StorageRequest::CreateRelationships(vec![expected]))
    );
}

#[test]
fn what_cannot_be_read() {
    let bad_handle = Err(StorageFault::InvalidObjectHandle);
    for request in [
        "<GetProfile><profileHandle><Alias><Name>MyStuff</Name></Alias></profileHandle></GetProfile>",
        "<UpdateDocument><document/></UpdateDocument>",
        "<UpdateProfile><profile><ResourceID>x</ResourceID></profile></UpdateProfile>",
    ] {
        assert_eq!(read(request), bad_handle, "{request}");
    }
    for request in [
        "<CreateDocument/>",
        "<CreateRelationships/>",
        "<DeleteRelationships/>",
    ] {
        assert!(
            matches!(read(request), Err(StorageFault::BadRequest(_))),
            "{request}"
        );
    }
    for unknown in ["ShareItem", "GetItemVersion", "getprofile"] {
        assert_eq!(
            read(&format!("<{unknown}/>")),
            Err(StorageFault::Forbidden(unknown.to_owned()))
        );
    }
}

#[test]
fn neither_tickets_nor_pictures_are_shown() {
    assert!(!format!("{:?}", header(Edition::W10)).contains("t=a"));
    let document = NewDocument {
        name: "x".to_owned(),
        data: vec![0; 7],
    };
    assert_eq!(format!("{document:?}"), "NewDocument(7 bytes)");
}

proptest! {
    #[test]
    fn whatever_is_asked_is_read_or_refused(
        operation in 0_usize..9,
        name in ".{0,40}",
        id in "[0-9a-f!]{0,24}",
        data in "[A-Za-z0-9+/= \\r\\n]{0,64}",
    ) {
        let operation = [
            "GetProfile", "UpdateProfile", "CreateProfile", "FindDocuments", "CreateDocument",
            "UpdateDocument", "CreateRelationships", "DeleteRelationships", "ShareItem",
        ][operation];
        let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
        let (name, id) = (escape(&name), escape(&id));
        let handle = format!("<Alias><Name>{name}</Name></Alias><ResourceID>{id}</ResourceID>");
        let request = format!(
            "<{operation}><profileHandle>{handle}</profileHandle><objectHandle>{handle}</objectHandle>\
             <sourceHandle>{handle}</sourceHandle><profile><ResourceID>{id}</ResourceID></profile>\
             <targetHandles><ObjectHandle>{handle}</ObjectHandle></targetHandles>\
             <document><ResourceID>{id}</ResourceID><Name>{name}</Name><DocumentStreams>\
             <DocumentStream><Data>{data}</Data></DocumentStream></DocumentStreams></document>\
             <relationships><Relationship><SourceID>{id}</SourceID><TargetID>{id}</TargetID>\
             </Relationship></relationships></{operation}>"
        );
        // Nothing is said of what comes out, but that it does, and never as another operation.
        if let Err(StorageFault::Forbidden(said)) = read(&request) {
            prop_assert_eq!(said, "ShareItem");
        }
    }
}
