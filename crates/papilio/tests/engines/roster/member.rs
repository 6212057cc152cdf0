//! AddMember and DeleteMember.

use msnp::roster::Lists;
use msnp::soap::contact::{Annotation, BUDDY_TYPE};
use msnp::soap::refusal::Refusal;
use msnp::soap::sharing::{MemberAddress, MemberRef, MemberTarget, Role};
use papilio::store::roster::RosterChange;

use super::{World, lists, new_member, refusal};
use crate::{Place, on_each_engine};

on_each_engine! {
    allow_and_block_exclude_one_another,
    members_come_and_go_once,
    accepting_somebody_who_waits,
    refusing_somebody_who_waits,
    members_are_deleted_by_number,
    members_of_other_networks,
    only_accounts_can_be_passport_members,
    all_or_none,
    lists_can_be_full,
}

const FL: Lists = Lists::FORWARD;
const AL: Lists = Lists::ALLOW;
const BL: Lists = Lists::BLOCK;
const RL: Lists = Lists::REVERSE;
const PL: Lists = Lists::PENDING;

async fn allow_and_block_exclude_one_another(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob) = (&world.alice, &world.bob);
    let book = RosterChange::AddressBook { owner: alice.id };
    let allowed = world.add_member(alice, Role::Allow, bob).await.unwrap();
    assert_eq!(
        allowed.changes,
        [lists(alice.id, bob.id, AL, AL | BL), book.clone()]
    );
    let blocked = world.add_member(alice, Role::Block, bob).await.unwrap();
    assert_eq!(
        blocked.changes,
        [lists(alice.id, bob.id, BL, AL | BL), book]
    );
    assert_eq!(world.lists(alice, bob).await, BL);
    assert_eq!(world.session_lists(alice, bob).await, BL);
    assert_eq!(world.lists(bob, alice).await, Lists::NONE);
}

async fn members_come_and_go_once(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob) = (&world.alice, &world.bob);
    for role in [Role::Allow, Role::Block] {
        let outcome = world.delete_member(alice, role, bob).await;
        assert_eq!(refusal(outcome), Refusal::MemberDoesNotExist);
        world.add_member(alice, role, bob).await.unwrap();
        let outcome = world.add_member(alice, role, bob).await;
        assert_eq!(refusal(outcome), Refusal::MemberAlreadyExists);
        world.delete_member(alice, role, bob).await.unwrap();
    }
    world.add_member(alice, Role::Reverse, bob).await.unwrap();
    world.add_member(alice, Role::Reverse, bob).await.unwrap();
    let outcome = world.add_member(alice, Role::Pending, bob).await;
    assert!(matches!(refusal(outcome), Refusal::BadRequest(_)));
    world
        .delete_member(alice, Role::Pending, bob)
        .await
        .unwrap();
    assert_eq!(world.lists(alice, bob).await, RL);
}

async fn accepting_somebody_who_waits(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob) = (&world.alice, &world.bob);
    world.add(alice, bob).await;
    assert_eq!(world.lists(bob, alice).await, RL | PL);
    let changed = world.add_member(bob, Role::Allow, alice).await.unwrap();
    assert_eq!(
        changed.changes[0],
        lists(bob.id, alice.id, RL | AL, AL | BL | PL)
    );
    world.add_member(bob, Role::Reverse, alice).await.unwrap();
    world
        .delete_member(bob, Role::Pending, alice)
        .await
        .unwrap();
    assert_eq!(world.lists(bob, alice).await, RL | AL);
    assert_eq!(world.lists(alice, bob).await, FL);
}

async fn refusing_somebody_who_waits(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob) = (&world.alice, &world.bob);
    world.add(alice, bob).await;
    world
        .delete_member(bob, Role::Pending, alice)
        .await
        .unwrap();
    world.add_member(bob, Role::Block, alice).await.unwrap();
    assert_eq!(world.lists(bob, alice).await, RL | BL);
}

async fn members_are_deleted_by_number(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob) = (&world.alice, &world.bob);
    world.add(alice, bob).await;
    let members = world.members(bob).await;
    let pending = members
        .iter()
        .find(|member| member.role == Role::Pending)
        .unwrap();
    let by_number = |role, id| MemberRef {
        role,
        target: MemberTarget::Id(id),
    };
    let writer = world.writer(bob);
    for wrong in [
        by_number(Role::Allow, pending.id),
        by_number(Role::Pending, 99),
    ] {
        let outcome = writer.delete_members(&[wrong]).await;
        assert_eq!(refusal(outcome), Refusal::MemberDoesNotExist);
    }
    let changed = writer
        .delete_members(&[by_number(Role::Pending, pending.id)])
        .await
        .unwrap();
    assert_eq!(changed.changes[0], lists(bob.id, alice.id, RL, PL));
    assert_eq!(world.lists(bob, alice).await, RL);
    // Gone already, by an AddMember perhaps: that is what was wanted.
    writer
        .delete_members(&[by_number(Role::Pending, pending.id)])
        .await
        .unwrap();
    let outcome = world
        .writer(alice)
        .delete_members(&[by_number(Role::Reverse, 1)])
        .await;
    assert_eq!(
        refusal(outcome),
        Refusal::MemberDoesNotExist,
        "another's numbers are not mine"
    );
}

async fn members_of_other_networks(place: Place) {
    let world = World::new(&place).await;
    let alice = &world.alice;
    let yahoo = MemberAddress::Email("bob@yahoo.example".to_owned());
    let phone = MemberAddress::Phone("+1555".to_owned());
    // The same text is another member where its kind is another.
    let odd = MemberAddress::Email("bob@example.org".to_owned());
    let mut member = new_member(Role::Allow, yahoo.clone());
    member.annotations = vec![Annotation::new(BUDDY_TYPE, "32:")];
    let members = [
        member,
        new_member(Role::Block, phone),
        new_member(Role::Block, odd),
    ];
    let changed = world.writer(alice).add_members(&members).await.unwrap();
    assert_eq!(
        changed.changes,
        [RosterChange::AddressBook { owner: alice.id }]
    );
    let kept = world.members(alice).await;
    assert_eq!(kept.len(), 3);
    assert_eq!(kept[0].annotations, members[0].annotations);
    assert_eq!((kept[0].cid, kept[0].deleted), (0, false));
    assert_eq!(world.session_lists(alice, &world.bob).await, Lists::NONE);
    let target = MemberTarget::Address(yahoo);
    let role = Role::Allow;
    world
        .writer(alice)
        .delete_members(&[MemberRef { role, target }])
        .await
        .unwrap();
    assert_eq!(world.members(alice).await.len(), 2);
}

async fn only_accounts_can_be_passport_members(place: Place) {
    let world = World::new(&place).await;
    for name in ["nobody@example.org", "nobody"] {
        let member = new_member(Role::Allow, MemberAddress::Passport(name.to_owned()));
        let outcome = world.writer(&world.alice).add_members(&[member]).await;
        assert_eq!(refusal(outcome), Refusal::UserDoesNotExist(name.to_owned()));
    }
}

async fn all_or_none(place: Place) {
    let world = World::new(&place).await;
    let (alice, bob, carol) = (&world.alice, &world.bob, &world.carol);
    world.add_member(alice, Role::Allow, carol).await.unwrap();
    let before = world
        .store
        .memberships(alice.id, msnp::soap::Since::Nothing)
        .await
        .unwrap();
    let members = [bob, carol].map(|other| new_member(Role::Allow, super::address(other)));
    let outcome = world.writer(alice).add_members(&members).await;
    assert_eq!(refusal(outcome), Refusal::MemberAlreadyExists);
    let after = world
        .store
        .memberships(alice.id, msnp::soap::Since::Nothing)
        .await
        .unwrap();
    assert_eq!(after, before);
}

async fn lists_can_be_full(place: Place) {
    let mut world = World::new(&place).await;
    world.sizes.allow = Some(1);
    world.sizes.block = Some(1);
    let (alice, bob, carol) = (&world.alice, &world.bob, &world.carol);
    world.add_member(alice, Role::Allow, bob).await.unwrap();
    let outcome = world.add_member(alice, Role::Allow, carol).await;
    assert_eq!(refusal(outcome), Refusal::QuotaLimitReached);
    world.add_member(alice, Role::Block, bob).await.unwrap();
    let outcome = world.add_member(alice, Role::Block, carol).await;
    assert_eq!(refusal(outcome), Refusal::QuotaLimitReached);
    world.add_member(alice, Role::Allow, carol).await.unwrap();
}
