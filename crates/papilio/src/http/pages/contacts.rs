//! Contacts, with their groups and lists; blocked, allowed or removed by the same rules and told in the
//! same way as by Messenger (services-addressbook, 3 to 6).

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::Timestamp;
use msnp::roster::Lists;
use msnp::soap::Since;
use msnp::soap::contact::{Contact, ContactKind};
use msnp::soap::guid::Guid;
use msnp::soap::sharing::{MemberAddress, NewMember, Role};

use super::form::Posted;
use super::problem::Problem;
use super::shown::{Frame, Notice};
use super::visit::Visit;
use super::{Pages, to_the_end};
use crate::store::account::Account;
use crate::store::roster::{Changed, RosterError, RosterWriter};

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route(HERE, get(page))
        .route("/account/contacts/block", post(block))
        .route("/account/contacts/allow", post(allow))
        .route("/account/contacts/remove", post(remove))
}

/// Somebody whom the account knows, or who knows it.
struct Person {
    name: String,
    address: String,
    /// The contact's id, if they are on the contact list.
    contact: Option<Guid>,
    lists: Lists,
}

impl Person {
    fn is_blocked(&self) -> bool {
        self.lists.contains(Lists::BLOCK)
    }

    fn has_me(&self) -> bool {
        self.lists.contains(Lists::REVERSE)
    }

    fn waits(&self) -> bool {
        self.lists.contains(Lists::PENDING)
    }
}

/// Contacts under the name of their group.
struct Section {
    name: String,
    people: Vec<Person>,
}

#[derive(Template)]
#[template(path = "pages/contacts.html")]
struct Page {
    frame: Frame,
    sections: Vec<Section>,
}

async fn page(State(pages): State<Pages>, visit: Visit) -> Result<Response, Problem> {
    shown(&pages, &visit, StatusCode::OK, None).await
}

async fn shown(
    pages: &Pages,
    visit: &Visit,
    status: StatusCode,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let sections = read(pages, visit.account()?).await?;
    let page = Page {
        frame: visit.frame_with("Contacts", HERE, notice),
        sections,
    };
    Ok(visit.show(status, &page))
}

/// Everybody: contacts by group, then those who are on another list only.
async fn read(pages: &Pages, account: &Account) -> Result<Vec<Section>, Problem> {
    let store = &pages.services.store;
    let book = store.address_book(account.id, Since::Nothing).await?;
    let memberships = store.memberships(account.id, Since::Nothing).await?;
    let mut others: BTreeMap<String, Person> = BTreeMap::new();
    for member in memberships
        .members
        .into_iter()
        .filter(|member| !member.deleted)
    {
        let MemberAddress::Passport(address) = member.address else {
            continue;
        };
        let person = others.entry(address.clone()).or_insert_with(|| Person {
            name: String::new(),
            address,
            contact: None,
            lists: Lists::NONE,
        });
        person.lists |= Lists::from(member.role.list());
        if person.name.is_empty() {
            person.name = member.display_name;
        }
    }
    others.remove(account.handle.as_str());
    let mut groups: Vec<_> = book.groups.iter().filter(|group| !group.deleted).collect();
    groups.sort_by_key(|group| group.name.to_lowercase());
    let shown: Vec<_> = book
        .contacts
        .iter()
        .filter(|contact| is_shown(contact))
        .collect();
    let person = |contact: &&Contact| {
        let address = contact.passport_name.clone().unwrap_or_default();
        Person {
            name: name_of(contact, &address),
            contact: Some(contact.id),
            lists: others
                .get(&address)
                .map_or(Lists::NONE, |other| other.lists),
            address,
        }
    };
    let section = |name: &str, people: Vec<Person>| Section {
        name: name.to_owned(),
        people,
    };
    let mut sections = Vec::new();
    for group in &groups {
        let within = shown
            .iter()
            .filter(|contact| contact.group_ids.contains(&group.id));
        sections.push(section(&group.name, within.map(person).collect()));
    }
    let alone = shown.iter().filter(|contact| contact.group_ids.is_empty());
    let name = if groups.is_empty() {
        // The page has a heading.
        ""
    } else {
        "Without a group"
    };
    sections.push(section(name, alone.map(person).collect()));
    for contact in &shown {
        others.remove(contact.passport_name.as_deref().unwrap_or_default());
    }
    let others = others.into_values().map(|mut other| {
        if other.name.is_empty() {
            other.name.clone_from(&other.address);
        }
        other
    });
    sections.push(section("Not among your contacts", others.collect()));
    for section in &mut sections {
        section
            .people
            .sort_by_key(|person| person.name.to_lowercase());
    }
    sections.retain(|section| !section.people.is_empty());
    Ok(sections)
}

fn is_shown(contact: &Contact) -> bool {
    !contact.deleted && contact.kind != ContactKind::Me
}

fn name_of(contact: &Contact, address: &str) -> String {
    [&contact.display_name, &contact.properties.display_name]
        .into_iter()
        .find(|name| !name.is_empty())
        .cloned()
        .unwrap_or_else(|| address.to_owned())
}

async fn block(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    put(pages, form, Role::Block).await
}

async fn allow(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    put(pages, form, Role::Allow).await
}

/// Puts somebody on Allow or on Block, which takes them off the other (RULINGS, AL and BL together).
async fn put(pages: Pages, form: Posted, role: Role) -> Result<Response, Problem> {
    let member = NewMember {
        role,
        address: MemberAddress::Passport(form.line("address")?.to_lowercase()),
        display_name: String::new(),
        annotations: Vec::new(),
    };
    let account = form.visit.account()?.clone();
    let now = form.visit.now;
    let done = to_the_end({
        let pages = pages.clone();
        async move {
            let _mine = pages.services.node.turns.take(account.id).await;
            let members = [member];
            change(&pages, &account, now, async |writer| {
                writer.add_members(&members).await
            })
            .await
        }
    });
    answered(&pages, &form.visit, done.await?).await
}

async fn remove(State(pages): State<Pages>, form: Posted) -> Result<Response, Problem> {
    let account = form.visit.account()?.clone();
    let now = form.visit.now;
    let Some(contact) = Guid::parse(form.line("contact")?) else {
        return answered(&pages, &form.visit, Outcome::Refused).await;
    };
    let done = to_the_end({
        let pages = pages.clone();
        async move {
            let _mine = pages.services.node.turns.take(account.id).await;
            change(&pages, &account, now, async |writer| {
                writer.delete_contacts(&[contact]).await
            })
            .await
        }
    });
    answered(&pages, &form.visit, done.await?).await
}

enum Outcome {
    Done,
    /// It cannot be, or is so already.
    Refused,
}

async fn answered(pages: &Pages, visit: &Visit, outcome: Outcome) -> Result<Response, Problem> {
    match outcome {
        Outcome::Done => Ok(visit.to(HERE)),
        Outcome::Refused => {
            let text = "That could not be done: your lists may have changed meanwhile.";
            let notice = Some(Notice::refused(text));
            shown(pages, visit, StatusCode::CONFLICT, notice).await
        }
    }
}

/// Makes a change and tells the directory of it, as the address book service does.
async fn change<'a, F>(
    pages: &'a Pages,
    account: &'a Account,
    now: Timestamp,
    change: impl FnOnce(RosterWriter<'a>) -> F,
) -> Result<Outcome, Problem>
where
    F: Future<Output = Result<Changed<()>, RosterError>>,
{
    let services = &pages.services;
    let writer = services
        .store
        .roster_writer(account.id, &services.config.lists, now);
    let _turn = services.node.roster_turn.lock().await;
    match change(writer).await {
        Ok(Changed { changes, .. }) => {
            services.node.directory.apply(account, changes, now);
            Ok(Outcome::Done)
        }
        Err(RosterError::Refused(_)) => Ok(Outcome::Refused),
        Err(error) => Err(error.into()),
    }
}

const HERE: &str = "/account/contacts";
